<?php
// A page that shows the feed of a site as it happens, without scripts and reloads: the
// request stays open, and each line of the feed port is written into it and flushed.
//
//     HEADCOUNT_SITE=shop php -S 127.0.0.1:8000 monitor.php
//
//     /          the page
//     /?sse      the same lines as Server-Sent Events, for new EventSource('/?sse')
//
// Environment: HEADCOUNT_SITE; HEADCOUNT_FEED, 127.0.0.1:9182 without it. An open page
// holds one worker of PHP (PHP_CLI_SERVER_WORKERS=8 gives php -S more than one). Whoever
// may open it sees the feed, so protect it as you protect your other admin pages.

const ALIVE_S = 5; // so often something is written to find out whether anybody is there

$site = (string) getenv('HEADCOUNT_SITE');
$address = getenv('HEADCOUNT_FEED') ?: '127.0.0.1:9182';
$is_sse = isset($_GET['sse']);

/** Everything between this line and the browser lets go of what it has. */
function send(string $text): void
{
    echo $text;
    while (ob_get_level() > 0) {
        ob_end_flush();
    }
    flush();
}

/** A line of the feed for the browser; an empty one is a sign of life. */
function framed(string $line, bool $is_sse): string
{
    if ($is_sse) {
        return $line === '' ? ":\n\n" : "data: $line\n\n";
    }
    $kind = preg_match('/^\d\d:\d\d:\d\d (\w+)/', $line, $found) ? $found[1] : 'note';
    return $line === '' ? ' ' : "<p class=\"$kind\">" . htmlspecialchars($line) . "</p>\n";
}

function head(string $site): string
{
    $title = htmlspecialchars($site);
    // Some browsers show nothing of a page before it has a kilobyte.
    return str_pad("<!doctype html><meta charset=utf-8><title>$title</title><style>"
        . 'body{font:14px/1.4 monospace;margin:1em}p{margin:0}.query{color:#06c}'
        . ".message{color:#070}.note{color:#888}</style><h1>$title</h1>", 1024) . "\n";
}

/** Passes line after line on until one of the two sides is gone. */
function watch($feed, bool $is_sse): void
{
    while (!connection_aborted()) {
        $line = fgets($feed);
        if ($line !== false) {
            send(framed(rtrim($line, "\r\n"), $is_sse));
        } elseif (feof($feed)) {
            send(framed('# the feed has ended', $is_sse));
            return;
        } else {
            send(framed('', $is_sse)); // nothing for a while
        }
    }
}

set_time_limit(0);
header('Cache-Control: no-store');
header('X-Accel-Buffering: no');
header('Content-Type: ' . ($is_sse ? 'text/event-stream' : 'text/html; charset=utf-8'));
send($is_sse ? "retry: 2000\n\n" : head($site));
$feed = @stream_socket_client("tcp://$address", $code, $why, 2);
if (!$feed || !preg_match('/^[A-Za-z0-9._-]{1,64}$/', $site)) {
    send(framed($feed ? '# HEADCOUNT_SITE is no site' : "# $address does not answer", $is_sse));
    exit;
}
stream_set_timeout($feed, ALIVE_S);
fwrite($feed, "watch $site\n");
watch($feed, $is_sse);
