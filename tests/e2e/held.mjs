// A member of Audience Meter that is no browser: holds a request and remembers each frame.
import http from 'node:http';
import { eventually, within } from './program.mjs';

export const ACCEPT = { accept: 'text/event-stream' };

export class Held {
  /** address: of the collector, the story's own by default. */
  constructor(s, path, { method = 'POST', headers = {}, address = s.http } = {}) {
    this.text = '';
    this.frames = []; // { text, at }
    this.closed = false;
    const options = { method, headers: { ...ACCEPT, ...headers }, agent: false };
    this.head = new Promise((resolve, reject) => {
      this.request = http.request(`http://${address}${path}`, options, (response) => {
        Object.assign(this, { status: response.statusCode, headers: response.headers });
        response.setEncoding('utf8').on('data', (text) => this.#take(text)).on('error', () => {});
        resolve(this);
      });
      this.request.on('error', reject).end();
    });
    this.end = new Promise((resolve) => {
      this.request.on('close', () => {
        this.closed = true;
        resolve();
      });
    });
    s.closing.push(() => this.close());
  }

  /** Opened, and its head arrived. */
  static open(s, path, options) {
    return within(10_000, `${path} has a head`, new Held(s, path, options).head);
  }

  #take(text) {
    this.text += text;
    for (let end; (end = this.text.indexOf('\n\n')) >= 0; this.text = this.text.slice(end + 2))
      this.frames.push({ text: this.text.slice(0, end), at: performance.now() });
  }

  /** The lines of data that are numbers, and those that are not. */
  get numbers() {
    return this.data.filter((text) => /^\d+$/.test(text)).map(Number);
  }

  get messages() {
    return this.data.filter((text) => !/^\d+$/.test(text));
  }

  get data() {
    return this.frames.filter(({ text }) => text.startsWith('data: ')).map(({ text }) => text.slice(6));
  }

  /** When the last frame came. */
  get toldAt() {
    return this.frames.at(-1).at;
  }

  /** Waits until the last number is n. */
  async tells(n, ms) {
    await eventually(() => {
      if (this.numbers.at(-1) !== n) throw new Error(`told ${this.numbers.join(' ')}, and not ${n}`);
    }, ms);
    return this;
  }

  close() {
    this.request.on('error', () => {}).destroy();
    return this.end;
  }
}

/** So many at once. */
export const crowd = (s, path, n, options) =>
  Promise.all(Array.from({ length: n }, () => Held.open(s, path, options)));
