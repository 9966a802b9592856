/* breaks: safeguards that can be taken out of the real code, to see that they are missed.
 */
#ifndef HC_SIM_BREAKS_H
#define HC_SIM_BREAKS_H

enum broken {
    BREAK_NOTHING,
    BREAK_HOLD,      /* durable as soon as confirmed */
    BREAK_RECHECK,   /* a reconnect does not look whether Redis forgot */
    BREAK_MARKS,     /* commits do not say how far the senders are */
    BREAK_FENCE,     /* Redis lets every aggregator write */
    BREAK_CLEAR,     /* what is confirmed matures though the connection broke */
    BREAK_DURABLE,   /* an ACK calls durable what was only received */
    BREAK_PARTS,     /* Redis runs a part of a commit whatever came before it */
    BREAK_SUPERSEDE, /* an aggregator does not mind that a sender knows a later one */
    BREAK_GOALS,     /* what a row counted of goals is not read back with it */
    BREAK_SETTINGS,  /* nobody hears that the operator has changed them */
    BREAK_ALERTS,    /* how alerts stood is not read back */
    BREAK_RETELL,    /* Redis tells an alert that stands as it stood */
    BREAKS,
};

extern const char *const break_names[BREAKS];

/* From now on, in this process. BREAK_HOLD, BREAK_FENCE, BREAK_PARTS and BREAK_RETELL
 * are up to the cluster. */
void breaks_set(enum broken what);

#endif
