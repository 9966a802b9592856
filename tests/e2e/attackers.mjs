// Those who want a collector's connections, its time or its memory, each with its way.
//
//   const attack = attacks['slow heads'](port, size);   ...   attack.stop()
//
// An attack opens its connections anew when they are closed, until it is stopped, and
// counts in attack.opened and attack.closed. `attack.settled` fulfils when it is under way.
import net from 'node:net';
import { frame } from './ws_cases.mjs';

const HEAD = 'GET /hc.gif?i=mallory&u=m HTTP/1.1\r\nHost: x\r\n';
const POST = 'POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n';
const UPGRADE =
  'GET /sites/mallory/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const BLOCK = `${HEAD}\r\n`.repeat(500);
const DRIP_MS = 500;
const AGAIN_MS = 50;

/** @size connections, kept up; born(socket) is called for each when it is connected. */
function crowd(port, size, born, { again = true } = {}) {
  const sockets = new Set();
  const attack = { opened: 0, closed: 0, stopped: false };
  let settle;
  attack.settled = new Promise((resolve) => (settle = resolve));
  const open = () => {
    const socket = net.connect({ host: '127.0.0.1', port });
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('connect', () => {
      if (++attack.opened >= size) settle();
      born(socket);
    });
    socket.once('close', () => {
      sockets.delete(socket);
      attack.closed++;
      if (again && !attack.stopped) setTimeout(() => attack.stopped || open(), AGAIN_MS);
    });
  };
  for (let k = 0; k < size; k++) open();
  const drip = setInterval(() => sockets.forEach((socket) => socket.drip?.()), DRIP_MS);
  attack.stop = () => {
    attack.stopped = true;
    clearInterval(drip);
    sockets.forEach((socket) => socket.destroy()); // see resets
  };
  return attack;
}

/** Says the beginning, and a byte of the rest now and then. */
const dripping = (beginning) => (port, size) =>
  crowd(port, size, (socket) => {
    socket.resume().write(beginning);
    socket.drip = () => socket.writable && socket.write('a');
  });

/** Says something and no more. */
const silent = (beginning) => (port, size) =>
  crowd(port, size, (socket) => {
    socket.resume();
    if (beginning) socket.write(beginning);
  });

/** Writes the bytes again and again, as fast as they are taken. */
const pouring = (beginning, bytes, { reads = true } = {}) => (port, size) =>
  crowd(port, size, (socket) => {
    const pour = () => {
      while (socket.writable && socket.write(bytes));
    };
    if (reads) socket.resume();
    else socket.pause();
    socket.setNoDelay(true).on('drain', pour);
    if (beginning) socket.write(beginning);
    pour();
  });

export const attacks = {
  'slow heads': dripping(`${HEAD}X: `),
  'slow bodies': dripping(`${POST}\r\ni=`),
  'waiting for 100': silent(`${POST}Expect: 100-continue\r\n\r\n`),
  'idle connections': silent(`${HEAD}\r\n`),
  'half-open connections': (port, size) =>
    crowd(port, size, (socket) => socket.resume().end(`${HEAD}X: `)),
  'connections that say nothing': silent(''),
  'slow readers': pouring('', 'GET /demo HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(200), { reads: false }),
  'pipelined pixels': pouring('', BLOCK),
  'garbage': (port, size) => crowd(port, size, (socket) => socket.resume().write('\x16\x03\x01 garbage\n'.repeat(50))),
  // Only of those that nobody else closes: Node 20 keeps the handle of one that is closed by the other side
  // while it is being reset, and spins over it for ever when the process ends.
  'resets': (port, size) =>
    crowd(port, size, (socket) => {
      socket.write(Math.random() < 0.5 ? `${HEAD}\r\n` : HEAD);
      setTimeout(() => socket.resetAndDestroy?.() ?? socket.destroy(), Math.random() * 5);
    }),
  // A frame of seven bytes each, a byte a segment.
  'WebSocket frames of a byte': (port, size) =>
    crowd(port, size, (socket) => {
      const bytes = frame(9, 'x');
      let at = 0;
      socket.setNoDelay(true).resume().write(UPGRADE);
      const push = setInterval(() => {
        for (let k = 0; k < 20 && socket.writable; k++) socket.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1));
      }, 1);
      socket.once('close', () => clearInterval(push));
    }),
};

/** The same for the feed port. */
export const feedAttacks = {
  'feed: connections': silent('WATCH mallory\n'),
  'feed: lines': pouring('', 'WATCH nothing at all \x1b[31m\n'.repeat(200)),
  'feed: a line without end': pouring('', 'a'.repeat(4096)),
};

/** A good client: @lanes keep-alive connections, a pixel every @ms on each. Its measure()
 *  empties its record: { answers, failures, p50, p99, worst } in ms. */
export class GoodClients {
  constructor(port, { lanes = 8, ms = 10 } = {}) {
    this.port = port;
    this.stopped = false;
    this.took = [];
    this.failures = 0;
    this.all = Promise.all(Array.from({ length: lanes }, (_, k) => this.#run(k, ms)));
  }

  async #run(k, ms) {
    let socket = null;
    for (let n = 0; !this.stopped; n++) {
      const begun = performance.now();
      try {
        socket ??= await this.#connect();
        await this.#ask(socket, `GET /hc.gif?i=shop&p=/a&u=good${k} HTTP/1.1\r\nHost: x\r\n\r\n`);
        this.took.push(performance.now() - begun);
      } catch {
        if (this.stopped) return;
        this.failures++;
        socket?.destroy();
        socket = null;
      }
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    socket?.destroy();
  }

  #connect() {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ host: '127.0.0.1', port: this.port }, () => resolve(socket.setNoDelay(true)));
      socket.once('error', reject);
    });
  }

  #ask(socket, bytes) {
    return new Promise((resolve, reject) => {
      const done = (error) => {
        clearTimeout(late);
        socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
        socket.on('error', () => {});
        error ? reject(error) : resolve();
      };
      const late = setTimeout(() => done(new Error('no answer')), 10_000);
      socket.once('data', () => done()).once('close', () => done(new Error('closed')));
      socket.once('error', done).write(bytes);
    });
  }

  measure() {
    const took = this.took.splice(0).sort((a, b) => a - b);
    const at = (q) => took[Math.min(took.length - 1, Math.floor(took.length * q))];
    const failures = this.failures;
    this.failures = 0;
    return { answers: took.length, failures, p50: at(0.5), p99: at(0.99), worst: took.at(-1) };
  }

  async stop() {
    this.stopped = true;
    await this.all;
  }
}
