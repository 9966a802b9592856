/* agent: looks at the words of the header once and notes those that tell something.
 *
 * Browsers name those that they want to be taken for, so the order decides. MDN, "Browser
 * detection using the user agent": Chrome says Safari/ too, Edge and Opera say Chrome/
 * and Safari/; Samsung Internet does as well (developer.samsung.com). So the names of
 * those that come later are asked first. Edge is Edg/, EdgA/, EdgiOS/ and was Edge/
 * (learn.microsoft.com); on iOS Chrome is CriOS/, Firefox FxiOS/, Opera OPiOS/ or OPT/.
 * Whatever else is built of Chromium and says nothing but Chrome/ is Chrome.
 *
 * Android without Mobile is a tablet (developer.chrome.com, "User-agent strings"), unless
 * it says that it is a TV. An iPad that asks for the desktop's pages says it is a
 * Macintosh, and is one here. Robots say "compatible;". */
#include "agent.h"

enum sign {
    EDGE = 1,
    OPERA = 2,
    SAMSUNG = 4,
    CHROME = 8,
    FIREFOX = 16,
    SAFARI = 32,
    STRANGER = 64, /* a browser that says Firefox/ and is another */
    ANDROID = 128,
    MOBILE = 256,
    TABLET = 512,
    DESKTOP = 1024,
    APPLIANCE = 2048,
    ROBOT = 4096,
    EXPLORER = 8192, /* says compatible; and is no robot */
};

/* What a word may begin with. */
struct word {
    const char *text;
    size_t n;
    enum sign sign;
};

#define WORD(text, sign)             \
    {                                \
        text, sizeof(text) - 1, sign \
    }
#define END        \
    {              \
        NULL, 0, 0 \
    }

static const struct word upper_a[] = {
    WORD("Android", ANDROID), WORD("AppleTV", APPLIANCE), WORD("AFT", APPLIANCE), END};
static const struct word upper_b[] = {WORD("BRAVIA", APPLIANCE), END};
static const struct word upper_c[] = {WORD("Chrome/", CHROME),   WORD("CriOS/", CHROME),
                                      WORD("Chromium/", CHROME), WORD("CrOS", DESKTOP),
                                      WORD("CrKey", APPLIANCE),  END};
static const struct word upper_e[] = {WORD("Edg/", EDGE), WORD("EdgA/", EDGE),
                                      WORD("EdgiOS/", EDGE), WORD("Edge/", EDGE), END};
static const struct word upper_f[] = {WORD("Firefox/", FIREFOX), WORD("FxiOS/", FIREFOX),
                                      END};
static const struct word upper_g[] = {WORD("GoogleTV", APPLIANCE), END};
static const struct word upper_h[] = {WORD("HeadlessChrome/", CHROME), END};
static const struct word upper_l[] = {WORD("Linux", DESKTOP), END};
static const struct word upper_m[] = {WORD("Mobile", MOBILE), WORD("Macintosh", DESKTOP),
                                      WORD("MSIE", EXPLORER), END};
static const struct word upper_n[] = {WORD("Nintendo", APPLIANCE), END};
static const struct word upper_o[] = {WORD("OPR/", OPERA), WORD("Opera", OPERA),
                                      WORD("OPiOS/", OPERA), WORD("OPT/", OPERA), END};
static const struct word upper_p[] = {WORD("PlayStation", APPLIANCE),
                                      WORD("PLAYSTATION", APPLIANCE), END};
static const struct word upper_r[] = {WORD("Roku", APPLIANCE), END};
static const struct word upper_s[] = {WORD("Safari/", SAFARI),
                                      WORD("SamsungBrowser/", SAMSUNG),
                                      WORD("SMART-TV", APPLIANCE),
                                      WORD("SmartTV", APPLIANCE),
                                      WORD("SeaMonkey/", STRANGER),
                                      WORD("Seamonkey/", STRANGER),
                                      END};
static const struct word upper_t[] = {WORD("Tablet", TABLET), WORD("TV", APPLIANCE), END};
static const struct word upper_w[] = {WORD("Windows", DESKTOP), WORD("Web0S", APPLIANCE),
                                      END};
static const struct word upper_x[] = {WORD("X11", DESKTOP), WORD("Xbox", APPLIANCE), END};
static const struct word lower_c[] = {WORD("compatible;", ROBOT), END};
static const struct word lower_i[] = {WORD("iPhone", MOBILE), WORD("iPad", TABLET),
                                      WORD("iPod", MOBILE), END};

/* Words by their first letter. */
static const struct word *const by_letter['z' - 'A' + 1] = {
    ['A' - 'A'] = upper_a, ['B' - 'A'] = upper_b, ['C' - 'A'] = upper_c,
    ['E' - 'A'] = upper_e, ['F' - 'A'] = upper_f, ['G' - 'A'] = upper_g,
    ['H' - 'A'] = upper_h, ['L' - 'A'] = upper_l, ['M' - 'A'] = upper_m,
    ['N' - 'A'] = upper_n, ['O' - 'A'] = upper_o, ['P' - 'A'] = upper_p,
    ['R' - 'A'] = upper_r, ['S' - 'A'] = upper_s, ['T' - 'A'] = upper_t,
    ['W' - 'A'] = upper_w, ['X' - 'A'] = upper_x, ['c' - 'A'] = lower_c,
    ['i' - 'A'] = lower_i,
};

/* The shortest words have two letters; most that are none are told by the second. */
static unsigned sign_of(const char *text, size_t n)
{
    const struct word *word;

    if (n < 2 || *text < 'A' || *text > 'z')
        return 0;
    for (word = by_letter[*text - 'A']; word && word->text; word++)
        if (text[1] == word->text[1] && n >= word->n &&
            memcmp(text, word->text, word->n) == 0)
            return word->sign;
    return 0;
}

/* Words are short, so a loop is faster than memchr. A bracket before one is not of it. */
static unsigned signs_of(struct slice text)
{
    const char *at = text.p, *end = text.p + text.n;
    unsigned signs = 0;

    while (at < end) {
        const char *word = at + (*at == '(');

        while (at < end && *at != ' ')
            at++;
        if (word < at)
            signs |= sign_of(word, (size_t)(at - word));
        at++;
    }
    return signs;
}

static enum hit_device device_of(unsigned signs)
{
    if (signs & APPLIANCE || (signs & ROBOT && !(signs & EXPLORER)))
        return DEVICE_OTHER;
    if (signs & TABLET || (signs & (ANDROID | MOBILE)) == ANDROID)
        return DEVICE_TABLET;
    if (signs & MOBILE)
        return DEVICE_MOBILE;
    return signs & DESKTOP ? DEVICE_DESKTOP : DEVICE_OTHER;
}

static enum hit_browser browser_of(unsigned signs)
{
    if (signs & STRANGER)
        return BROWSER_OTHER;
    if (signs & EDGE)
        return BROWSER_EDGE;
    if (signs & OPERA)
        return BROWSER_OPERA;
    if (signs & SAMSUNG)
        return BROWSER_SAMSUNG;
    if (signs & FIREFOX)
        return BROWSER_FIREFOX;
    if (signs & CHROME)
        return BROWSER_CHROME;
    return signs & SAFARI && !(signs & ANDROID) ? BROWSER_SAFARI : BROWSER_OTHER;
}

struct agent agent_read(struct slice user_agent)
{
    unsigned signs;

    if (user_agent.n == 0)
        return (struct agent){.device = DEVICE_NONE, .browser = BROWSER_NONE};
    if (user_agent.n > AGENT_BYTES)
        user_agent.n = AGENT_BYTES;
    signs = signs_of(user_agent);
    return (struct agent){.device = (uint8_t)device_of(signs),
                          .browser = (uint8_t)browser_of(signs)};
}
