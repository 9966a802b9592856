/* The first bytes tell the version: "PROXY " or twelve that begin no text. Version 1 is
 * one line, read word by word; version 2 has its length in front and its addresses at
 * fixed places, and what stands behind them (TLVs) is skipped.
 *
 * Strict, as both ends are ours or our operator's: what is not written exactly as the
 * specification has it comes from somebody who is no proxy. */
#include "proxy_header.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include "../proto/limits.h"

#define V1_MAX 107 /* with its CRLF: the longest line there can be (2.1) */
#define V2_FIXED 16

static const char v1_magic[6] = {'P', 'R', 'O', 'X', 'Y', ' '};
static const char v2_magic[12] = {'\r', '\n', '\r', '\n', 0,   '\r',
                                  '\n', 'Q',  'U',  'I',  'T', '\n'};

/* Whether @bytes may still become what begins with @magic. */
static bool begins(const char *bytes, size_t n, const char *magic, size_t magic_n)
{
    return memcmp(bytes, magic, n < magic_n ? n : magic_n) == 0;
}

static struct ip ip_of_bytes(int family, const void *bytes)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct ip ip;

    if (family == AF_INET) {
        memcpy(&v4.sin_addr, bytes, 4);
        ip_of_sockaddr(&ip, (struct sockaddr *)(void *)&v4);
    } else {
        memcpy(&v6.sin6_addr, bytes, 16);
        ip_of_sockaddr(&ip, (struct sockaddr *)(void *)&v6);
    }
    return ip;
}

/* ---- version 1 ---- */

/* Takes the word in front of a blank, and the blank; the last word has none behind it. */
static struct slice take_word(struct slice *line)
{
    const char *blank = line->n ? memchr(line->p, ' ', line->n) : NULL;
    struct slice word = {line->p, blank ? (size_t)(blank - line->p) : line->n};

    *line = slice_skip(*line, blank ? word.n + 1 : word.n);
    return word;
}

/* inet_pton takes exactly the forms of 2.1: no zeroes in front, nothing cut short. */
static bool read_ip(struct ip *ip, int family, struct slice word)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];

    if (word.n == 0 || word.n >= sizeof text || memchr(word.p, 0, word.n))
        return false;
    memcpy(text, word.p, word.n);
    text[word.n] = 0;
    if (inet_pton(family, text, bytes) != 1)
        return false;
    *ip = ip_of_bytes(family, bytes);
    return true;
}

/* 0 to 65535, without zeroes in front. */
static bool is_port(struct slice word)
{
    unsigned port = 0;

    if (word.n == 0 || word.n > 5 || (word.n > 1 && word.p[0] == '0'))
        return false;
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] < '0' || word.p[i] > '9')
            return false;
        port = port * 10 + (unsigned)(word.p[i] - '0');
    }
    return port <= 65535;
}

/* "TCP4 SOURCE DESTINATION PORT PORT"; behind UNKNOWN anything may stand. */
static bool read_line(struct proxy_header *h, struct slice line)
{
    struct slice family = take_word(&line);
    int af = slice_eq(family, SLICE("TCP6")) ? AF_INET6 : AF_INET;
    struct ip destination;
    struct slice last;

    if (slice_eq(family, SLICE("UNKNOWN")))
        return true;
    if (af == AF_INET && !slice_eq(family, SLICE("TCP4")))
        return false;
    if (!read_ip(&h->client, af, take_word(&line)) ||
        !read_ip(&destination, af, take_word(&line)) || !is_port(take_word(&line)))
        return false;
    last = line; /* not a word: a blank behind it would be cut off */
    return is_port(last);
}

static ssize_t read_v1(struct proxy_header *h, const char *bytes, size_t n)
{
    size_t seen = n < V1_MAX ? n : V1_MAX;
    const char *eol = memchr(bytes, '\r', seen);
    size_t line_n = eol ? (size_t)(eol - bytes) : seen;

    if (memchr(bytes, '\n', line_n) || (eol == NULL && seen == V1_MAX))
        return -1;
    if (eol == NULL || line_n + 1 == n)
        return line_n + 2 > V1_MAX ? -1 : 0;
    if (line_n + 2 > V1_MAX || eol[1] != '\n')
        return -1;
    h->version = 1;
    if (!read_line(h, slice_skip((struct slice){bytes, line_n}, sizeof v1_magic)))
        return -1;
    return (ssize_t)line_n + 2;
}

/* ---- version 2 ---- */

/* The lowest bits are the transport: none, a stream, or datagrams, which say the same of
 * addresses. Returns the bytes that addresses of the family take, or -1. */
static int addresses_of(uint8_t family)
{
    static const int bytes[] = {0, 12, 36, 216}; /* AF_UNSPEC, INET, INET6, UNIX */

    if (family >> 4 > 3 || (family & 15) > 2)
        return -1;
    return bytes[family >> 4];
}

/* Of a connection that the proxy made for itself (LOCAL) the family means nothing, and
 * one without a transport has no addresses (2.2). */
static bool read_block(struct proxy_header *h, const char *bytes, size_t block_n)
{
    uint8_t command = (uint8_t)bytes[12], family = (uint8_t)bytes[13];
    int need = addresses_of(family);

    if (command == 0x20)
        return true;
    if (need < 0 || (size_t)need > block_n)
        return false;
    if ((family & 15) == 0)
        return true;
    if (family >> 4 == 1)
        h->client = ip_of_bytes(AF_INET, bytes + V2_FIXED);
    else if (family >> 4 == 2)
        h->client = ip_of_bytes(AF_INET6, bytes + V2_FIXED);
    return true;
}

static ssize_t read_v2(struct proxy_header *h, const char *bytes, size_t n)
{
    size_t block_n;

    if (n > 12 && bytes[12] != 0x20 && bytes[12] != 0x21)
        return -1;
    if (n < V2_FIXED)
        return 0;
    block_n = (size_t)(uint8_t)bytes[14] << 8 | (uint8_t)bytes[15];
    if (V2_FIXED + block_n > PROXY_HEADER_MAX)
        return -1;
    if (n < V2_FIXED + block_n)
        return 0;
    h->version = 2;
    return read_block(h, bytes, block_n) ? (ssize_t)(V2_FIXED + block_n) : -1;
}

ssize_t proxy_header_read(struct proxy_header *h, const char *bytes, size_t n)
{
    *h = (struct proxy_header){0};
    if (n == 0)
        return 0;
    if (begins(bytes, n, v1_magic, sizeof v1_magic))
        return read_v1(h, bytes, n);
    if (begins(bytes, n, v2_magic, sizeof v2_magic))
        return read_v2(h, bytes, n);
    return -1;
}
