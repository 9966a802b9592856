/* chrome: what Chrome sends with an image of another site, besides its first line, Host
 * and Connection. With texts of usual lengths a request has some 800 bytes. */
#ifndef HC_BENCH_CHROME_H
#define HC_BENCH_CHROME_H

/* @major: of its version, @referer: the page that shows the image; literals both. */
#define CHROME_HEADERS(major, referer)                                             \
    "sec-ch-ua-platform: \"Linux\"\r\n"                                            \
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like " \
    "Gecko) Chrome/" major ".0.0.0 Safari/537.36\r\n"                              \
    "sec-ch-ua: \"Chromium\";v=\"" major "\", \"Google Chrome\";v=\"" major "\", " \
    "\"Not-A.Brand\";v=\"99\"\r\n"                                                 \
    "sec-ch-ua-mobile: ?0\r\n"                                                     \
    "Accept: image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8\r\n" \
    "Sec-Fetch-Site: cross-site\r\n"                                               \
    "Sec-Fetch-Mode: no-cors\r\n"                                                  \
    "Sec-Fetch-Dest: image\r\n"                                                    \
    "Sec-Fetch-Storage-Access: none\r\n"                                           \
    "Referer: " referer "\r\n"                                                     \
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"                                 \
    "Accept-Language: en-GB,en-US;q=0.9,en;q=0.8\r\n"

#endif
