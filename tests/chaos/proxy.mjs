// A bad network between a collector and an aggregator: a UDP proxy that loses, doubles,
// delays, reorders and damages datagrams, each direction on its own, by a seeded chance.
//
// `up` and `down` are plain objects of probabilities that may be changed at any time:
// { loss, dup, corrupt, reorder, delay: [ms, ms] }. What is reordered waits longer than what
// is not.
import dgram from 'node:dgram';

const GOOD = { loss: 0, dup: 0, corrupt: 0, reorder: 0, delay: [0, 0] };

function open() {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 1 << 20 });
  socket.on('error', () => {}); // refused by a dead aggregator: the network does not care
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket)));
}

export class Proxy {
  /** Stands before the aggregator on 127.0.0.1:port. */
  static async before(port, random) {
    const proxy = new Proxy();
    proxy.port = port;
    proxy.random = random;
    proxy.up = { ...GOOD };
    proxy.down = { ...GOOD };
    proxy.counts = { up: 0, down: 0, lost: 0, doubled: 0, damaged: 0, delayed: 0 };
    proxy.flows = new Map(); // by the collector's port
    proxy.opening = new Map();
    proxy.timers = new Set();
    proxy.socket = await open();
    proxy.socket.on('message', (bytes, from) => proxy.fromCollector(bytes, from));
    proxy.address = `127.0.0.1:${proxy.socket.address().port}`;
    return proxy;
  }

  async flow(port) {
    const socket = await open();
    socket.on('message', (bytes) => {
      this.counts.down++;
      this.carry(this.down, bytes, (out) => this.socket.send(out, port, '127.0.0.1'));
    });
    this.flows.set(port, socket);
    return socket;
  }

  async fromCollector(bytes, from) {
    let socket = this.flows.get(from.port);
    if (!socket) {
      if (!this.opening.has(from.port)) this.opening.set(from.port, this.flow(from.port));
      socket = await this.opening.get(from.port);
    }
    this.counts.up++;
    this.carry(this.up, bytes, (out) => socket.send(out, this.port, '127.0.0.1', () => {}));
  }

  carry(how, bytes, send) {
    if (this.random.is(how.loss)) {
      this.counts.lost++;
      return;
    }
    let out = bytes;
    if (this.random.is(how.corrupt)) {
      out = Buffer.from(bytes);
      out[Math.floor(this.random.next() * out.length)] ^= 1 << Math.floor(this.random.next() * 8);
      this.counts.damaged++;
    }
    const copies = this.random.is(how.dup) ? 2 : 1;
    this.counts.doubled += copies - 1;
    for (let i = 0; i < copies; i++) {
      let ms = this.random.between(...how.delay);
      if (this.random.is(how.reorder)) ms += this.random.between(1, 30);
      if (ms < 0.5) {
        send(out);
        continue;
      }
      this.counts.delayed++;
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        if (!this.closed) send(out);
      }, ms);
      this.timers.add(timer);
    }
  }

  /** All in both directions; what is left out is good. */
  set({ up = {}, down = {} } = {}) {
    this.up = { ...GOOD, ...up };
    this.down = { ...GOOD, ...down };
  }

  close() {
    this.closed = true;
    for (const timer of this.timers) clearTimeout(timer);
    for (const socket of this.flows.values()) socket.close();
    this.socket.close();
  }
}
