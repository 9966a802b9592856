/* The state of a terminal outlives a program, so there is one way to take it and one to
 * give it back, and whatever ends the program leads there: closing, exit(3), a signal
 * that kills. The last one only calls what is safe in a handler.
 *
 * Sequences are those that every terminal emulator of today knows (ECMA-48 and xterm's
 * private modes 7, 25, 1049). */
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "../proto/buf.h"
#include "term.h"

/* Other screen, no cursor, no wrap; and back. */
#define ENTER "\033[?1049h\033[?25l\033[?7l\033[2J"
#define LEAVE "\033[0m\033[?7h\033[?25h\033[?1049l"
#define FRAME_MAX (8 * 1024 * 1024)

static struct termios before;
static volatile sig_atomic_t taken, resized, stopped, continued, hung_up;

/* Best effort: whoever is interrupted here has other sorrows. */
static void say(const char *text, size_t n)
{
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, text, n);

        if (done < 0 && errno != EINTR)
            return;
        text += done > 0 ? done : 0;
        n -= done > 0 ? (size_t)done : 0;
    }
}

/* Safe in a handler. */
static void give_back(void)
{
    if (!taken)
        return;
    taken = 0;
    say(LEAVE, sizeof LEAVE - 1);
    tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

static int take(void)
{
    struct termios raw = before;

    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | ISTRIP);
    raw.c_oflag &= ~(tcflag_t)OPOST;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN); /* Ctrl-C stays a signal */
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0)
        return -1;
    taken = 1;
    say(ENTER, sizeof ENTER - 1);
    return 0;
}

static void on_signal(int number)
{
    if (number == SIGWINCH)
        resized = 1;
    else if (number == SIGTSTP)
        stopped = 1;
    else if (number == SIGCONT)
        continued = 1;
    else
        hung_up = 1;
}

static void on_fatal(int number)
{
    give_back();
    raise(number); /* SA_RESETHAND: now it kills */
}

/* Signals that a loop looks at: blocked but while it waits. */
static void catch_signals(void)
{
    static const int watched[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGHUP, SIGQUIT};
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction last = {.sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND};
    sigset_t block;

    sigemptyset(&block);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        sigaddset(&block, watched[i]);
        sigaction(watched[i], &action, NULL);
    }
    sigprocmask(SIG_BLOCK, &block, NULL);
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &last, NULL);
}

/* Ctrl-Z: gives the terminal back and stops as a program without handlers would. Returns
 * when somebody goes on with it. */
static void stop(void)
{
    struct sigaction as_usual = {.sa_handler = SIG_DFL}, ours;
    sigset_t one, mask;

    give_back();
    sigaction(SIGTSTP, &as_usual, &ours);
    sigemptyset(&one);
    sigaddset(&one, SIGTSTP);
    raise(SIGTSTP);
    sigprocmask(SIG_UNBLOCK, &one, &mask); /* here it stops */
    sigprocmask(SIG_SETMASK, &mask, NULL);
    sigaction(SIGTSTP, &ours, NULL);
}

bool tty_usable(void)
{
    return isatty(STDIN_FILENO) && term_of(stdout).tty;
}

int tty_open(void)
{
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return -1;
    catch_signals();
    atexit(tty_close);
    return take();
}

void tty_close(void)
{
    give_back();
}

void tty_size(unsigned *width, unsigned *height)
{
    struct winsize w;
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0;

    *width = known && w.ws_col > 0 ? w.ws_col : 80;
    *height = known && w.ws_row > 0 ? w.ws_row : 24;
}

/* A read of 0 bytes is silence (VMIN), or the end when poll saw something to read. */
ssize_t tty_read(char *bytes, size_t n)
{
    struct pollfd p = {STDIN_FILENO, POLLIN, 0};
    ssize_t got;

    if (poll(&p, 1, 0) <= 0)
        return 0;
    got = read(STDIN_FILENO, bytes, n);
    if (got > 0)
        return got;
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    return -1;
}

int tty_draw(struct slice text)
{
    struct buf frame;
    bool lost;

    buf_init(&frame, FRAME_MAX);
    buf_str(&frame, "\033[H");
    for (;;) {
        const char *end = text.n ? memchr(text.p, '\n', text.n) : NULL;
        size_t n = end ? (size_t)(end - text.p) : text.n;

        buf_str(&frame, "\033[K"); /* behind a full line it would take its last column */
        buf_add(&frame, text.p, n);
        if (end == NULL)
            break;
        buf_str(&frame, "\r\n");
        text = slice_skip(text, n + 1);
    }
    errno = 0;
    say(frame.p, frame.n);
    lost = errno == EIO || errno == EPIPE || errno == EBADF;
    buf_fini(&frame);
    return lost ? -1 : 0;
}

bool tty_disturbed(void)
{
    bool was = resized || continued || stopped;

    if (stopped)
        stop();
    if (stopped || continued) /* the shell may have set it to what it likes */
        take();
    resized = stopped = continued = 0;
    return was;
}

bool tty_is_gone(void)
{
    return hung_up;
}
