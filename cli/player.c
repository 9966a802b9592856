/* Gathers the lines of one second, gives them out as they fall due, and begins again; in
 * between waits in poll for answers, for input, or for the next line's time.
 *
 * The input may be a log that is still being written (tail -n 0 -F LOG | headcount replay
 * -): a second whose time has passed is given out even if its next line has not come. */
#include "player.h"

#include <errno.h>
#include <unistd.h>
#include "interrupt.h"

/* What one attempt to go on came to. */
enum gathered { GATHERED_ALL, GATHERED_NEEDS_INPUT, GATHERED_NO_SITE };

/* Takes the next line that is a beacon into p->line. */
static enum gathered next_line(struct player *p)
{
    struct slice text;

    while (!p->holding) {
        enum line_result r = lines_next(&p->lines, &text);
        enum replay_skip why = REPLAY_TOO_LONG;

        if (r == LINE_NONE)
            return GATHERED_NEEDS_INPUT;
        if (r == LINE_WHOLE)
            why = replay_line_read(&p->line, text, &p->rules);
        if (why == REPLAY_NO_SITE)
            return GATHERED_NO_SITE;
        tally_line(p->tally, why);
        p->holding = why == REPLAY_TAKEN;
    }
    return GATHERED_ALL;
}

/* Gathers until the second is whole; then closes it. */
static enum gathered gather(struct player *p, mono_t now)
{
    enum gathered g = GATHERED_ALL;

    while (!p->second.closed && (g = next_line(p)) == GATHERED_ALL) {
        tempo_start(&p->tempo, p->line.at, now);
        if (second_add(&p->second, &p->line))
            p->holding = false;
        else
            second_close(&p->second);
    }
    if (g == GATHERED_NEEDS_INPUT && p->second.n > 0 &&
        (p->input_ended || now >= tempo_due(&p->tempo, second_end(&p->second)))) {
        second_close(&p->second);
        return GATHERED_ALL;
    }
    return g;
}

/* Gives out what is due and finds room. Returns when to come back. */
static mono_t give_out(struct player *p, mono_t now)
{
    const struct second_line *l;

    while ((l = second_next(&p->second))) {
        mono_t due = tempo_due(&p->tempo, l->at);

        if (due > now)
            return due;
        if (!lanes_send(p->lanes, l->who, l->query))
            return now + PROGRESS_EVERY_MS; /* room comes with answers, which end poll */
        second_pop(&p->second);
    }
    return now;
}

/* When a second that is still open is given out whether or not more input came. */
static mono_t patience(const struct player *p, mono_t now)
{
    return p->second.n > 0 ? tempo_due(&p->tempo, second_end(&p->second))
                           : now + PROGRESS_EVERY_MS;
}

/* Returns -1 with errno. */
static int read_input(struct player *p)
{
    size_t room;
    char *to = lines_room(&p->lines, &room);
    ssize_t n = read(p->input, to, room);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -1;
    if (n == 0) {
        p->input_ended = true;
        lines_end(&p->lines);
    }
    lines_filled(&p->lines, (size_t)n);
    return 0;
}

static void draw(struct player *p, mono_t now)
{
    struct progress_state s = {p->lines.taken, p->tally->lines, p->tally->sent,
                               p->tally->answered};

    progress_draw(&p->progress, &s, now);
}

/* Waits until @due or until something happens, at most until the next drawing or check of
 * deadlines; reads what came. Returns -1 with errno when the input failed. */
static int wait_for(struct player *p, bool want_input, mono_t due)
{
    struct pollfd fds[REPLAY_CONNECTIONS_MAX + 1];
    mono_t now = mono_now(), ms = due - now;
    nfds_t n = lanes_fds(p->lanes, fds);
    int ready;

    ms = ms < 0 ? 0 : ms > PROGRESS_EVERY_MS ? PROGRESS_EVERY_MS : ms;
    fds[n] = (struct pollfd){.fd = want_input ? p->input : -1, .events = POLLIN};
    ready = interrupt_poll(fds, n + 1, ms);
    if (ready <= 0)
        return 0;
    lanes_on_poll(p->lanes, fds, n, mono_now());
    return fds[n].revents ? read_input(p) : 0;
}

/* Waits for the answers to what was sent; a second signal ends that too. Returns false
 * when the collector is gone. */
static bool settle(struct player *p)
{
    while (lanes_waiting(p->lanes) > 0 && interrupt_seen() < 2) {
        mono_t now = mono_now();

        if (lanes_given_up(p->lanes, now))
            return false;
        lanes_flush(p->lanes, now);
        draw(p, now);
        wait_for(p, false, now + PROGRESS_EVERY_MS);
    }
    return true;
}

void player_init(struct player *p, int input)
{
    p->input = input;
    p->input_ended = p->holding = false;
    second_init(&p->second);
    lines_init(&p->lines);
}

enum player_end player_run(struct player *p)
{
    while (!interrupt_seen()) {
        mono_t now = mono_now(), due;
        enum gathered g = gather(p, now);
        bool starved = g == GATHERED_NEEDS_INPUT;

        if (g == GATHERED_NO_SITE)
            return PLAYER_NO_SITE;
        if (lanes_given_up(p->lanes, now))
            return PLAYER_UNREACHABLE;
        if (starved && p->input_ended)
            break;
        due = starved ? patience(p, now) : give_out(p, now);
        lanes_flush(p->lanes, now);
        draw(p, now);
        if (wait_for(p, starved, due) < 0)
            return PLAYER_INPUT;
    }
    if (!settle(p))
        return PLAYER_UNREACHABLE;
    return interrupt_seen() ? PLAYER_INTERRUPTED : PLAYER_DONE;
}
