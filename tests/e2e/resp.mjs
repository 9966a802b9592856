// A Redis connection, as small as it can be: commands out, replies in, errors thrown.
import net from 'node:net';

export class Resp {
  static connect(path) {
    const resp = new Resp();
    resp.waiting = [];
    resp.bytes = Buffer.alloc(0);
    resp.socket = net.connect(path);
    resp.socket.on('data', (bytes) => resp.take(bytes));
    const fail = (e) => {
      for (const { reject } of resp.waiting.splice(0)) reject(e ?? new Error('Redis closed the connection'));
    };
    resp.socket.on('error', fail).on('close', () => fail());
    return new Promise((resolve, reject) => resp.socket.once('connect', () => resolve(resp)).once('error', reject));
  }

  call(...args) {
    const parts = args.map((arg) => Buffer.from(String(arg)));
    const text = [`*${parts.length}\r\n`, ...parts.flatMap((part) => [`$${part.length}\r\n`, part, '\r\n'])];
    this.socket.write(Buffer.concat(text.map((part) => Buffer.from(part))));
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  take(bytes) {
    this.bytes = Buffer.concat([this.bytes, bytes]);
    let at = 0;
    for (;;) {
      const reply = this.parse(at);
      if (!reply) break;
      at = reply.end;
      const { resolve, reject } = this.waiting.shift();
      if (reply.value instanceof Error) reject(reply.value);
      else resolve(reply.value);
    }
    this.bytes = this.bytes.subarray(at);
  }

  /** The reply that begins at @at: its value and where it ends; null if it is not whole. */
  parse(at) {
    const end = this.bytes.indexOf('\r\n', at);
    if (end < 0) return null;
    const text = this.bytes.toString('utf8', at + 1, end);
    const n = Number(text);
    switch (String.fromCharCode(this.bytes[at])) {
      case '+':
        return { value: text, end: end + 2 };
      case '-':
        return { value: new Error(text), end: end + 2 };
      case ':':
        return { value: n, end: end + 2 };
      case '$':
        if (n < 0) return { value: null, end: end + 2 };
        if (this.bytes.length < end + 2 + n + 2) return null;
        return { value: this.bytes.toString('utf8', end + 2, end + 2 + n), end: end + 4 + n };
      default: {
        const value = [];
        let next = end + 2;
        for (let i = 0; i < n; i++) {
          const part = this.parse(next);
          if (!part) return null;
          value.push(part.value);
          next = part.end;
        }
        return { value, end: next };
      }
    }
  }

  close() {
    this.socket.destroy();
  }
}
