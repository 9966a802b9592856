"""Tells headcount what happens in a program: what users do, and what the database is asked.

    from headcount import Headcount
    headcount = Headcount().connect("127.0.0.1:9182").authenticate("shop", token)
    headcount.event(f"User {name} has entered {page}")
    headcount.query("SELECT * FROM carts", 12.5)
    rows = headcount.timed("carts", lambda: db.execute("SELECT ...").fetchall())

Lines are collected and leave from a thread of their own over one connection to the feed
port. Nobody waits for that and nothing is ever raised: lines that do not get through within
the bound are forgotten. Needs Python 3.8 and nothing else.
"""

import atexit
import re
import socket
import threading
import time

_LINES_MAX = 1000  # that wait; more are not kept
_TEXT_MAX = 700  # bytes; headcount keeps 512, a line may have 1,024
_SOON = 0.02  # seconds until they leave, so that several leave together
_CONTROLS = re.compile(r"[\x00-\x20\x7f]+")


class Headcount:
    def __init__(self):
        self._address = "127.0.0.1:9182"
        self._bound = 1.0
        self._who = ""  # "SITE TOKEN"
        self._lines = []
        self._lock = threading.Lock()  # of _lines and _thread
        self._sending = threading.Lock()
        self._taken = 0  # since the last flush
        self._thread = None
        atexit.register(self.flush)

    def connect(self, address, bound=1.0):
        """Where the feed port is. bound: seconds that sending may take, all of it."""
        self._address = address
        self._bound = bound
        return self

    def authenticate(self, site, token):
        """The site, and a token of scope send."""
        self._who = _CONTROLS.sub("", site) + " " + _CONTROLS.sub("", token)
        return self

    def event(self, text):
        """What a user does."""
        self._add(f"send {self._who}", text)

    def query(self, text, ms):
        """What the database was asked, and for how many milliseconds it worked."""
        ms = int(ms) if 0 < ms < float("inf") else 0
        self._add(f"query {self._who} {ms}", text)

    def timed(self, text, run):
        """Calls run and returns what it returned; how long that took is told of text."""
        begun = time.monotonic()
        try:
            return run()
        finally:
            self.query(text, (time.monotonic() - begun) * 1000)

    def flush(self):
        """Sends what was collected. Returns how many lines were taken since it was called
        last; never raises."""
        self._send()
        with self._lock:
            taken, self._taken = self._taken, 0
        return taken

    def _send(self):
        with self._sending:
            with self._lock:
                lines, self._lines = self._lines, []
                self._thread = None
            try:
                taken = self._exchange(b"".join(lines) + b"quit\n") if lines else 0
            except Exception:  # whatever it is, the program goes on
                taken = 0
            with self._lock:
                self._taken += taken

    def _add(self, command, text):
        text = _CONTROLS.sub(" ", str(text)).strip().encode("utf-8", "replace")[:_TEXT_MAX]
        with self._lock:
            if not text or len(self._lines) >= _LINES_MAX:
                return
            self._lines.append(command.encode() + b" " + text + b"\n")
            if self._thread is None:
                self._thread = threading.Timer(_SOON, self._send)
                self._thread.daemon = True
                self._thread.start()

    def _exchange(self, data):
        """Writes, and reads until the other side closes; counts the lines that say ok."""
        until = time.monotonic() + self._bound
        host, _, port = self._address.rpartition(":")
        answers = b""
        with socket.create_connection((host.strip("[]"), int(port)), self._bound) as s:
            try:
                s.settimeout(max(until - time.monotonic(), 0.001))
                s.sendall(data)
                while True:
                    s.settimeout(max(until - time.monotonic(), 0.001))
                    part = s.recv(8192)
                    if not part:
                        break
                    answers += part
            except OSError:
                pass  # what was answered until now counts
        return max(0, answers.split(b"\n").count(b"ok") - 1)  # quit is answered too
