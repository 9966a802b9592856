#!/usr/bin/env python3
"""Plays systemd for one daemon, which node cannot: node has no Unix datagram sockets, and
hands no descriptors over under a name.

  systemd.py [--wait] [--watchdog-us N] [--socket NAME=HOST:PORT]...
             [--datagrams NAME=HOST:PORT]... PROGRAM ARGUMENT...

What the daemon says to NOTIFY_SOCKET is printed on stdout, a line each, with | between
the variables, after "notify ". "handed NAME=PORT" says where it listens for it. Signals to
this process go to the daemon, whose exit code is this one's; but SIGUSR2 makes the
daemon's youngest thread hang ("hangs"), and the next one lets it go on ("turns"). With
--wait the first one starts the daemon.
"""
import argparse
import ctypes
import os
import signal
import socket
import sys
import tempfile
import threading

FIRST_FD = 3
PR_SET_PDEATHSIG = 1
PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # __WALL of waitpid(2): threads, too

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def say(text):
    print(text, flush=True)


def listen(spec, kind):
    name, _, at = spec.partition('=')
    host, _, port = at.rpartition(':')
    s = socket.socket(socket.AF_INET, kind)
    s.bind((host, int(port)))
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    say(f'handed {name}={s.getsockname()[1]}')
    return name, s


def become(args, handed, notify):
    """In the child: the descriptors from 3 on, the variables, the program."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    spare = [os.dup(s.fileno()) for _, s in handed]
    high = [os.dup2(fd, 100 + i) for i, fd in enumerate(spare)]
    for i, fd in enumerate(high):
        os.dup2(fd, FIRST_FD + i, inheritable=True)
    os.closerange(FIRST_FD + len(high), 200)
    env = dict(os.environ, NOTIFY_SOCKET=notify)
    if handed:
        env.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(handed)),
                   LISTEN_FDNAMES=':'.join(name for name, _ in handed))
    if args.watchdog_us:
        env.update(WATCHDOG_USEC=args.watchdog_us, WATCHDOG_PID=str(os.getpid()))
    os.execve(args.command[0], args.command, env)


def ptrace(request, tid):
    if libc.ptrace(request, tid, None, None) != 0:
        raise OSError(ctypes.get_errno(), 'ptrace')


class Hanging:
    """One thread of the child, stopped as a debugger does it, or none."""

    def __init__(self):
        self.tid = None

    def toggle(self, child):
        if self.tid is None:
            self.tid = max(int(tid) for tid in os.listdir(f'/proc/{child}/task'))
            ptrace(PTRACE_SEIZE, self.tid)
            ptrace(PTRACE_INTERRUPT, self.tid)
            os.waitpid(self.tid, WALL)
            say('hangs')
        else:
            ptrace(PTRACE_DETACH, self.tid)
            self.tid = None
            say('turns')


def read_all(notify):
    while True:
        text = notify.recv(4096).decode()
        if text == 'end':
            return
        say('notify ' + text.replace('\n', '|'))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--wait', action='store_true')
    parser.add_argument('--watchdog-us')
    parser.add_argument('--socket', action='append', default=[])
    parser.add_argument('--datagrams', action='append', default=[])
    parser.add_argument('command', nargs=argparse.REMAINDER)
    args = parser.parse_args()
    if args.wait:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
    with tempfile.TemporaryDirectory() as d:
        path = os.path.join(d, 'notify')
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        handed = [listen(spec, socket.SOCK_STREAM) for spec in args.socket]
        handed += [listen(spec, socket.SOCK_DGRAM) for spec in args.datagrams]
        if args.wait:
            signal.sigwait({signal.SIGUSR2})
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR2})
        child = os.fork()
        if child == 0:
            become(args, handed, path)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, lambda n, _: os.kill(child, n))
        hanging = Hanging()
        signal.signal(signal.SIGUSR2, lambda *_: hanging.toggle(child))
        reader = threading.Thread(target=read_all, args=(notify,))
        reader.start()
        say(f'daemon pid={child}')
        _, status = os.waitpid(child, 0)
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'end', path)
        reader.join()
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


main()
