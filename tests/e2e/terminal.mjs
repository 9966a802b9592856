// A program on a terminal: typed to, and its screen read.
//
// script(1) gives it the terminal, as wide and high as it is told; around it a shell
// prints how it ended and the terminal's settings before and after.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { eventually, ofRun, within } from './program.mjs';

const quoted = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;

export class Terminal {
  /** Starts the command, a list of words. */
  constructor(words, { columns = 80, lines = 24, env = {} } = {}) {
    this.out = '';
    const inner = `echo "pid=$$"; exec ${words.map(quoted).join(' ')}`;
    const steps = [`stty cols ${columns} rows ${lines}`, 'stty -a', `sh -c ${quoted(inner)}`, 'echo "ended=$?"', 'stty -a'];
    this.child = spawn('script', ['-qfec', steps.join('; '), '/dev/null'], {
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', TERM: 'xterm', TZ: 'UTC', SHELL: '/bin/sh', ...ofRun, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.child.stdin.on('error', () => {});
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.out += text));
    this.end = new Promise((resolve) => this.child.on('close', resolve));
  }

  type(keys) {
    this.child.stdin.write(keys);
    return this;
  }

  async pid() {
    return Number((await eventually(() => this.out.match(/pid=(\d+)/) ?? assert.fail(this.out)))[1]);
  }

  /** The lines of the screen that was drawn last, without colours. */
  get screen() {
    const drawn = this.out.split('\x1b[?1049l')[0].split('\x1b[H').slice(1);
    return (drawn.at(-1) ?? '').replaceAll(/\x1b\[[0-9;]*[mK]/g, '').split('\r\n');
  }

  /** Waits until the screen has this. */
  shows(pattern, ms) {
    return eventually(() => assert.match(this.screen.join('\n'), pattern), ms);
  }

  /** How it ended, once the screen that was there before is back with all its settings. */
  async ended() {
    await within(10_000, 'the program on the terminal ends', eventually(() => assert.match(this.out, /ended=\d+[^]*-?extproc/)));
    const [before, after] = [...this.out.matchAll(/speed [^]*?-?extproc/g)].map(([all]) => all);
    assert.equal(after, before, 'the settings of the terminal');
    assert.match(this.out, /\x1b\[\?1049h[^]*\x1b\[\?25h\x1b\[\?1049l/);
    assert.doesNotMatch(this.out.split('\x1b[?1049l').at(-1), /\x1b\[H/);
    return Number(this.out.match(/ended=(\d+)/)[1]);
  }

  /** The program first: a sanitized one that ends because its terminal does may wait for
   * itself for ever (the leak check stops it, and SIGCONT of the terminal lets it go on). */
  async close() {
    const pid = Number(this.out.match(/pid=(\d+)/)?.[1]);
    try {
      if (pid && !/ended=\d/.test(this.out)) process.kill(pid, 'SIGKILL');
    } catch {} // it has just ended
    this.child.stdin.end();
    this.child.kill('SIGKILL');
    await this.end;
  }
}
