#!/bin/sh
# Tells headcount what happens in a script: what is done, and what the database is asked.
#
#   send.sh event TEXT
#   send.sh query TEXT MILLISECONDS
#   send.sh watch                      prints the feed until it is interrupted
#
# Environment: HEADCOUNT_SITE, HEADCOUNT_TOKEN (scope send; not for watch), and
# HEADCOUNT_FEED, 127.0.0.1:9182 without it. Or in a script of your own:
#
#   . ./send.sh
#   headcount_connect 127.0.0.1:9182
#   headcount_authenticate shop "$token"
#   headcount_event 'the backup is done' || :
#   headcount_query 'SELECT * FROM carts' 12 || :
#
# The exit code is 0 when the line was taken. Sending takes two seconds at most. Needs nc,
# of any make, or bash for its /dev/tcp; the token is in no argument, where others on the
# machine could see it.

headcount_connect() { # address
    HEADCOUNT_FEED=$1
}

headcount_authenticate() { # site, token
    HEADCOUNT_SITE=$1 HEADCOUNT_TOKEN=$2
}

headcount_event() { # text
    headcount_tell "send $HEADCOUNT_SITE $HEADCOUNT_TOKEN" "$1"
}

headcount_query() { # text, milliseconds
    headcount_tell "query $HEADCOUNT_SITE $HEADCOUNT_TOKEN $2" "$1"
}

headcount_watch() {
    echo "watch $HEADCOUNT_SITE" | headcount_wire
}

# Sends one line and says whether it was answered ok.
headcount_tell() { # command, text
    headcount_text=$(printf %s "$2" | tr -s '[:cntrl:] ' ' ' | cut -b 1-700)
    headcount_answer=$(printf '%s %s\nquit\n' "$1" "$headcount_text" | headcount_wire 2 2>/dev/null | head -n 1)
    [ "$headcount_answer" = ok ] && return 0
    echo "headcount: ${headcount_answer:-no answer from ${HEADCOUNT_FEED:-127.0.0.1:9182}}" >&2
    return 1
}

# Standard input to the feed port, and what it says to standard output.
headcount_wire() { # seconds, or nothing for as long as it takes
    headcount_address=${HEADCOUNT_FEED:-127.0.0.1:9182}
    set -- ${1:+timeout "$1"}
    if command -v nc >/dev/null; then
        "$@" nc "${headcount_address%:*}" "${headcount_address##*:}"
    else
        # shellcheck disable=SC2016 # that shell expands it
        "$@" bash -c 'exec 3<>"/dev/tcp/$0/$1" && { cat <&3 & cat >&3; wait $!; }' \
            "${headcount_address%:*}" "${headcount_address##*:}"
    fi
}

case ${0##*/}:${1-} in
send.sh:event) headcount_event "${2-}" ;;
send.sh:query) headcount_query "${2-}" "${3-}" ;;
send.sh:watch) headcount_watch ;;
send.sh:*)
    echo 'usage: send.sh event TEXT | query TEXT MILLISECONDS | watch' >&2
    exit 2
    ;;
esac
