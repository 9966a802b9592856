// Waiting without sleeping, and child processes that never outlive their test.
//
// eventually() asks again until what it was given no longer throws; within() puts an end
// to a promise. A Program keeps all that a child said, and is ended by its pid.
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** By this deploy/test finds what a run has left behind. */
export const ofRun = process.env.TEST_RUN ? { TEST_RUN: process.env.TEST_RUN } : {};

const POLL_MS = [15, 250]; // at first, and once it has taken long
export const DEADLINE_MS = 20_000;

/** Repeats fn until it stops throwing, and returns what it returned. Throws its last error
 *  after ms, or one that is marked isFinal at once. */
export async function eventually(fn, ms = DEADLINE_MS) {
  const begun = performance.now();
  for (;;) {
    try {
      return await fn();
    } catch (e) {
      if (e.isFinal || performance.now() - begun > ms) throw e;
    }
    const patience = (performance.now() - begun) / 20;
    await pause(Math.min(Math.max(patience, POLL_MS[0]), POLL_MS[1]));
  }
}

/** The promise, or an error that says what did not happen in time. */
export async function within(ms, what, promise) {
  const timer = new AbortController();
  const late = pause(ms, null, { signal: timer.signal }).then(
    () => Promise.reject(new Error(`${what}: not within ${ms} ms`)),
    () => {},
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** One child process: what it said so far, and how it ended. */
export class Program {
  static living = new Set();

  /** input: all that it reads; stdin: it is written to by and by. */
  constructor(name, file, args, { env, input, stdin } = {}) {
    this.name = name;
    this.args = args;
    this.out = '';
    this.err = '';
    this.ended = null; // { code, signal } afterwards
    this.child = spawn(file, args, {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...ofRun, ...env },
      stdio: [input === undefined && !stdin ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.pid = this.child.pid;
    Program.living.add(this);
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.out += text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => (this.err += text));
    this.end = new Promise((resolve) => {
      const done = (code, signal) => {
        Program.living.delete(this);
        resolve((this.ended ??= { code, signal }));
      };
      this.child.on('error', (e) => {
        this.err += String(e);
        done(127, null);
      });
      this.child.on('close', done);
    });
    if (input !== undefined) this.child.stdin.on('error', () => {}).end(input);
  }

  write(text) {
    this.child.stdin.write(text);
  }

  /** The first match of the pattern in what it says on stdout or stderr. */
  says(pattern, ms = DEADLINE_MS) {
    return eventually(() => {
      const found = this.out.match(pattern) ?? this.err.match(pattern);
      if (found) return found;
      const error = new Error(`${this.name} has not said ${pattern}`);
      throw Object.assign(error, { isFinal: this.ended !== null });
    }, ms);
  }

  signal(name) {
    if (!this.ended) process.kill(this.pid, name);
  }

  /** SIGTERM, and how it ended. */
  async stop(ms = DEADLINE_MS) {
    this.signal('SIGTERM');
    return within(ms, `${this.name} stops after SIGTERM`, this.end);
  }

  async kill() {
    this.signal('SIGKILL');
    return within(DEADLINE_MS, `${this.name} is gone`, this.end);
  }

  log() {
    const how = this.ended ? `ended with ${this.ended.code ?? this.ended.signal}` : 'running';
    return `--- ${this.name} ${this.args.join(' ')} (pid ${this.pid}, ${how})\n${this.out}${this.err}`;
  }
}

// The last resort, should the test itself be ended.
process.on('exit', () => {
  for (const program of Program.living) program.child.kill('SIGKILL');
});
for (const name of ['SIGINT', 'SIGTERM']) process.on(name, () => process.exit(1));
