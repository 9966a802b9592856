/* decode: one datagram as readable lines: what the frame says, whether it is genuine, and
 * each hit. Reads it, prints it, and exits as whom it is for would decide. */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include "datagram_text.h"
#include "decoded.h"

#define INPUT_MAX (16 * DATAGRAM_MAX) /* hex with a blank or two after each byte */
#define TEXT_MAX (1024 * 1024)

struct decode_opts {
    const char *secret_file;
    bool json;
};

static const struct opt rows[] = {
    {.name = "secret-file",
     .arg = "FILE",
     .type = OPT_TEXT,
     .offset = offsetof(struct decode_opts, secret_file),
     .help = "The secret of collector and aggregator: checks key id and MAC.",
     .group = "Datagram"},
    {.name = "json",
     .type = OPT_FLAG,
     .offset = offsetof(struct decode_opts, json),
     .help = "Print one JSON object; 64-bit numbers are strings in it."},
};

static const struct opts_spec spec = {
    .program = "headcount decode",
    .usage = "[FILE|-] [options]",
    .about = "Prints a datagram between a collector and an aggregator, read from FILE or "
             "standard input as raw bytes or as hex text (told apart by themselves). "
             "Times of hits are relative to the clock in the datagram's body.",
    .footer =
        "Exit codes:\n"
        "  0  whom it is for would take it (as far as was checked)\n"
        "  1  refused, with the verdict: bad_shape, bad_version, bad_type, bad_key,\n"
        "     bad_mac, or malformed (the body)\n"
        "  2  the command line is wrong, or FILE cannot be read\n"
        "\n"
        "Examples:\n"
        "  headcount decode datagram.bin --secret-file /etc/headcount/secret\n"
        "  xxd -p datagram.bin | headcount decode --json",
    .rows = rows,
    .nrows = sizeof rows / sizeof *rows,
};

/* Reads all of @path or standard input, at most @max bytes. Returns how many, or -1 with
 * errno. More input than that is no datagram in any case; the rest is not read. */
static ssize_t read_input(const char *path, char *out, size_t max)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : 0;
    size_t n = 0;

    while (fd >= 0 && n < max && (got = read(fd, out + n, max - n)) > 0)
        n += (size_t)got;
    if (fd > STDIN_FILENO)
        close(fd);
    return got < 0 ? -1 : (ssize_t)n;
}

static void print(const struct decoded *d, bool json)
{
    struct term term = term_of(stdout);
    struct buf out;

    buf_init(&out, TEXT_MAX);
    if (json) {
        decoded_json(d, &out);
    } else {
        decoded_text(d, &term, &out);
    }
    fwrite(out.p, 1, out.n, stdout);
    buf_fini(&out);
}

static enum command_exit decode(const struct decode_opts *opts, const char *path)
{
    static char input[INPUT_MAX];
    static uint8_t bytes[INPUT_MAX];
    static struct decoded d;
    struct secret secret;
    char err[512];
    ssize_t n;

    if (opts->secret_file &&
        secret_read(&secret, opts->secret_file, err, sizeof err) < 0) {
        complain("%s", err);
        return EXIT_USAGE;
    }
    n = read_input(path, input, sizeof input);
    if (n < 0) {
        complain("cannot read %s: %s", path, strerror(errno));
        return EXIT_USAGE;
    }
    decoded_open(&d, bytes, datagram_bytes((struct slice){input, (size_t)n}, bytes),
                 opts->secret_file ? &secret : NULL);
    print(&d, opts->json);
    if (d.verdict == WIRE_OK && !d.malformed)
        return EXIT_FINE;
    complain("refused: %s", decoded_verdict(&d));
    return EXIT_NO;
}

int decode_run(int argc, char **argv)
{
    struct decode_opts opts;
    int rest, code;

    if (!command_options(&spec, &opts, argc, argv, &rest, &code))
        return code;
    if (argc - rest > 1) {
        complain("decode takes one FILE; see `headcount decode --help`");
        return EXIT_USAGE;
    }
    return decode(&opts, rest < argc ? argv[rest] : "-");
}
