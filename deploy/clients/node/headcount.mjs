// Tells headcount what happens in a program: what users do, and what the database is asked.
//
//   import { Headcount } from './headcount.mjs';
//   const headcount = new Headcount();
//   headcount.connect('127.0.0.1:9182').authenticate('shop', token);
//   headcount.event(`User ${name} has entered ${page}`);
//   headcount.query('SELECT * FROM carts', 12.5);
//   const rows = await headcount.timed('carts', () => db.query('SELECT ...'));
//
// Lines are collected and leave a moment later over one connection to the feed port.
// Nobody waits for that and nothing is ever thrown: lines that do not get through within
// the bound are forgotten. Before a program ends it awaits flush(). Nothing to install.
import net from 'node:net';

const LINES_MAX = 1000; // that wait; more are not kept
const TEXT_MAX = 700; // bytes; headcount keeps 512, a line may have 1,024

const word = (text) => String(text).replace(/[\x00-\x20\x7f]+/g, '');
const line = (text) =>
  Buffer.from(String(text).replace(/[\x00-\x20\x7f]+/g, ' ').trim()).subarray(0, TEXT_MAX);

export class Headcount {
  #host = '127.0.0.1';
  #port = 9182;
  #bound = 1000;
  #who = ''; // "SITE TOKEN"
  #lines = [];
  #taken = 0; // since the last flush
  #sending = Promise.resolve();
  #timer = null;

  /** Where the feed port is. bound: milliseconds that sending may take, all of it. */
  connect(address, bound = 1000) {
    const colon = address.lastIndexOf(':');
    this.#host = address.slice(0, colon).replace(/^\[|\]$/g, '');
    this.#port = Number(address.slice(colon + 1));
    this.#bound = bound;
    return this;
  }

  /** The site, and a token of scope send. */
  authenticate(site, token) {
    this.#who = `${word(site)} ${word(token)}`;
    return this;
  }

  /** What a user does. */
  event(text) {
    this.#add(`send ${this.#who}`, text);
  }

  /** What the database was asked, and for how many milliseconds it worked. */
  query(text, ms) {
    this.#add(`query ${this.#who} ${Number.isFinite(ms) && ms > 0 ? Math.floor(ms) : 0}`, text);
  }

  /** Calls run and returns what it returned; how long that took is told of text. */
  async timed(text, run) {
    const begun = performance.now();
    try {
      return await run();
    } finally {
      this.query(text, performance.now() - begun);
    }
  }

  /** Sends what was collected. Resolves to how many lines were taken since it was called
   *  last; never rejects. */
  async flush() {
    clearImmediate(this.#timer);
    await this.#send();
    const taken = this.#taken;
    this.#taken = 0;
    return taken;
  }

  #send() {
    this.#timer = null;
    this.#sending = this.#sending.then(async () => {
      this.#taken += await this.#exchange(this.#lines.splice(0)).catch(() => 0);
    });
    return this.#sending;
  }

  #add(command, text) {
    const bytes = line(text);
    if (bytes.length === 0 || this.#lines.length >= LINES_MAX) return;
    this.#lines.push(Buffer.concat([Buffer.from(`${command} `), bytes, Buffer.from('\n')]));
    this.#timer ??= setImmediate(() => this.#send());
  }

  /** Writes, and reads until the other side closes; counts the lines that say ok. */
  async #exchange(lines) {
    if (lines.length === 0) return 0;
    return new Promise((resolve) => {
      const socket = net.connect({ host: this.#host, port: this.#port });
      let answers = '';
      const done = () => {
        clearTimeout(late);
        socket.destroy();
        resolve(Math.max(0, answers.split('\n').filter((one) => one === 'ok').length - 1)); // quit
      };
      const late = setTimeout(done, this.#bound);
      socket.setEncoding('latin1').on('data', (text) => (answers += text));
      socket.on('error', done).on('end', done).on('close', done);
      socket.write(Buffer.concat([...lines, Buffer.from('quit\n')]));
    });
  }
}
