/* hex: what a hexadecimal digit stands for. */
#ifndef HC_HEX_H
#define HC_HEX_H

/* 0 to 15, of either case; -1 for what is no digit. */
static inline int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
