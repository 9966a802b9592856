// Thousands of readers of one event stream in one process, each of which behaves as a
// browser's EventSource does: it remembers the last `id:`, and when its connection ends it
// waits as long as `retry:` said and goes on behind that id.
//
// All sockets read into one buffer, and frames are looked at where they lie, so that a reader
// costs little more than its socket. A hole in the ids that no gap frame told is written down
// at the moment it is seen.
import fs from 'node:fs';
import net from 'node:net';

const READ_BYTES = 256 * 1024;
const OPENING_MAX = 500; // connections being made at the same time: below any backlog
const NOTES_MAX = 5;

const shared = Buffer.alloc(READ_BYTES);
const HEAD_END = Buffer.from('\r\n\r\n');
const FRAME_END = Buffer.from('\n\n');
const LAST = Buffer.from('"last":');
const N = Buffer.from('"n":');
const [i, e, r, s, g, h] = Buffer.from('iersgh');

/** The number that begins at @at; ends at the first byte that is no digit. */
function number(bytes, at) {
  let value = 0;
  for (; bytes[at] >= 48 && bytes[at] <= 57; at++) value = value * 10 + bytes[at] - 48;
  return value;
}

class Reader {
  constructor(crowd) {
    this.crowd = crowd;
    this.socket = null;
    this.carry = null; // a frame that is not whole yet
    this.inHead = true;
    this.retry = 0;
    this.life = 0;
    this.id = -1; // the last one seen, -1: none
    this.cursor = -1; // told up to here, gaps included
    this.last = -1; // of the last state: its feed's end,
    this.n = -1; //   and its number
    this.helloed = false;
  }

  connect() {
    this.carry = null;
    this.inHead = true;
    this.helloed = false;
    this.cursor = this.id;
    this.socket = net.connect({
      host: this.crowd.host, port: this.crowd.port,
      onread: { buffer: shared, callback: (n, bytes) => (this.take(bytes.subarray(0, n)), true) },
    });
    this.socket.on('error', () => {}).on('close', () => this.crowd.gone(this));
    const from = this.id < 0 ? '' : `Last-Event-ID: ${this.life}-${this.id}\r\n`;
    this.socket.write(`GET ${this.crowd.target} HTTP/1.1\r\nHost: x\r\n${from}\r\n`);
  }

  take(bytes) {
    let at = 0;
    if (this.carry) bytes = Buffer.concat([this.carry, bytes]);
    if (this.inHead) {
      const end = bytes.indexOf(HEAD_END);
      if (end >= 0 && !bytes.subarray(0, 12).equals(this.crowd.ok)) this.crowd.note(bytes.latin1Slice(0, end));
      if (end >= 0) at = end + 4;
      this.inHead = end < 0;
    }
    for (let end; !this.inHead && (end = bytes.indexOf(FRAME_END, at)) >= 0; at = end + 2) this.frame(bytes, at, end);
    this.carry = at < bytes.length ? Buffer.from(bytes.subarray(at)) : null;
  }

  frame(bytes, at, end) {
    const kind = bytes[at];
    if (kind === i) this.numbered(bytes, at);
    else if (kind === e && bytes[at + 7] === s) this.state(bytes, at, end);
    else if (kind === e && bytes[at + 7] === g) this.gap(JSON.parse(bytes.latin1Slice(bytes.indexOf(123, at), end)));
    else if (kind === r) this.retry = number(bytes, at + 7);
    else if (bytes[at] !== 58) this.crowd.note(`what is ${bytes.latin1Slice(at, end)}`);
  }

  /** "id: LIFE-ID", and the name of the event behind it. */
  numbered(bytes, at) {
    const life = number(bytes, at + 4);
    const dash = bytes.indexOf(45, at);
    const id = number(bytes, dash + 1);
    const isHello = bytes[bytes.indexOf(10, dash) + 8] === h;
    if (isHello) this.hello(life, id, bytes.includes('"resumed":true', dash));
    else if (life !== this.life || id !== this.cursor + 1) this.crowd.hole(this, `event ${life}-${id} after ${this.life}-${this.cursor}`);
    this.life = life;
    this.id = this.cursor = id;
    this.crowd.events++;
  }

  hello(life, id, resumed) {
    if (resumed && (life !== this.life || id !== this.id)) this.crowd.hole(this, `resumed at ${life}-${id}, was at ${this.life}-${this.id}`);
    if (!resumed && this.id >= 0) this.crowd.restarted++;
    if (resumed) this.crowd.resumed++;
    this.helloed = true;
    this.crowd.greeted++;
  }

  gap({ from, to }) {
    if (from !== this.cursor + 1) this.crowd.hole(this, `a gap from ${from} after ${this.cursor}`);
    this.cursor = to;
    this.crowd.gaps++;
  }

  state(bytes, at, end) {
    const last = bytes.indexOf(LAST, at);
    if (last < 0 || last > end) this.crowd.note(bytes.latin1Slice(at, end));
    this.last = number(bytes, last + LAST.length);
    this.n = number(bytes, bytes.indexOf(N, at) + N.length);
    this.crowd.states++;
    // What a state counts has been told before, in this connection or an earlier one.
    if (this.last > this.cursor) this.crowd.hole(this, `a state of ${this.last} after ${this.cursor}`);
  }
}

export class Crowd {
  constructor({ host = '127.0.0.1', port, target }) {
    Object.assign(this, { host, port, target });
    this.ok = Buffer.from('HTTP/1.1 200');
    this.readers = [];
    this.returns = []; // ms since `since` at which a reader came again
    this.since = 0;
    this.leaving = false;
    this.notes = [];
    this.holes = 0;
    this.forget();
  }

  /** Counts from here on anew. */
  forget() {
    this.events = this.states = this.gaps = this.greeted = this.resumed = this.restarted = this.closed = 0;
    this.returns = [];
    this.since = performance.now();
  }

  note(text) {
    if (this.notes.length < NOTES_MAX) this.notes.push(text);
  }

  hole(reader, what) {
    this.holes++;
    this.note(`reader ${this.readers.indexOf(reader)}: ${what}`);
  }

  /** @n more, and a promise that all have been greeted. */
  async open(n) {
    const isGreeted = (reader) => reader.helloed && reader.n >= 0;
    const waiting = () => new Promise((resolve) => setTimeout(resolve, 5));
    for (let begun = 0; begun < n; ) {
      const opening = this.readers.slice(-2 * OPENING_MAX).filter((reader) => !isGreeted(reader)).length;
      for (let k = opening; k < OPENING_MAX && begun < n; k++, begun++) {
        const reader = new Reader(this);
        this.readers.push(reader);
        reader.connect();
      }
      await waiting();
    }
    while (!this.readers.every(isGreeted)) await waiting();
  }

  gone(reader) {
    this.closed++;
    reader.socket = null;
    if (this.leaving) return;
    setTimeout(() => {
      if (this.leaving) return;
      this.returns.push(performance.now() - this.since);
      reader.connect();
    }, reader.retry);
  }

  /** Stops reading, and takes nothing any more. */
  stall() {
    for (const { socket } of this.readers) socket.pause();
  }

  leave() {
    this.leaving = true;
    for (const { socket } of this.readers) socket?.resetAndDestroy();
    this.readers = [];
  }

  /** How many have been told all up to event @last, and state @n. */
  upToDate(last, n) {
    let count = 0;
    for (const reader of this.readers) if (reader.helloed && reader.cursor === last && reader.last === last && reader.n === n) count++;
    return count;
  }
}

/** How many files a child of ours may open: what the shell calls ulimit -Hn. Node raises its
 *  own soft limit to it, and the collector too, so 1,024 there does not matter. */
export function filesMax() {
  const [, hard] = /Max open files\s+\S+\s+(\S+)/.exec(fs.readFileSync('/proc/self/limits', 'utf8'));
  return hard === 'unlimited' ? Infinity : Number(hard);
}
