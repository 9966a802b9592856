// The feed port as a person with telnet has it, and tokens as an operator makes them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import net from 'node:net';
import { eventually, Story } from './stage.mjs';

/** A new token of the site. */
export async function token(s, site, scope) {
  const text = `hc_${crypto.randomBytes(32).toString('base64url')}`;
  const hash = execFileSync('b2sum', ['-l', '256'], { input: text, encoding: 'utf8' }).split(' ')[0];
  await s.redisCli('hset', `hc:{${site}}:c`, `t:${scope}`, `${scope} ${hash}`);
  return text;
}

/** A person with telnet. */
export class Terminal {
  constructor(s, address) {
    const [host, port] = address.split(':');
    this.text = '';
    this.closed = false;
    this.socket = net.connect({ host, port: Number(port), allowHalfOpen: true });
    this.socket.setEncoding('utf8').on('data', (text) => (this.text += text));
    this.opened = new Promise((resolve, reject) => this.socket.on('connect', resolve).on('error', reject));
    this.end = new Promise((resolve) => {
      const done = () => {
        this.closed = true;
        resolve();
      };
      this.socket.on('end', done).on('close', done).on('error', done);
    });
    s.closing.push(() => this.socket.destroy());
  }

  static async open(s) {
    const terminal = new Terminal(s, await Story.addressOf(s.collector, 'feed'));
    await terminal.opened;
    return terminal;
  }

  /** Opened, and told that the site is watched. */
  static async watching(s, site = 'shop', more = '') {
    const terminal = await Terminal.open(s);
    assert.equal(await terminal.ask(`watch ${site}${more}\n`), `ok watching ${site}`);
    return terminal;
  }

  write(bytes) {
    this.socket.write(bytes);
  }

  get lines() {
    return this.text.split('\n').slice(0, -1);
  }

  /** Sends it, and returns the next line that comes. */
  async ask(line) {
    const before = this.lines.length;
    this.write(line);
    return eventually(() => {
      assert.ok(this.lines.length > before, `an answer to ${line}`);
      return this.lines[before];
    });
  }

  /** The first line that matches. */
  has(pattern) {
    return eventually(() => {
      const line = this.lines.find((one) => pattern.test(one));
      assert.ok(line, `${pattern} in ${JSON.stringify(this.text.slice(-500))}`);
      return line;
    });
  }
}
