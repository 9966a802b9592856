// Hits by the batch: POST /e over one keep-alive connection, pipelined, as fast as it goes or
// at a rate.
import net from 'node:net';

const BATCH = 500;

export class Feed {
  constructor(port) {
    this.accepted = 0;
    this.pending = 0;
    this.text = '';
    this.wake = () => {};
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.setEncoding('latin1').on('data', (text) => this.take(text));
  }

  take(text) {
    this.text += text;
    for (;;) {
      const found = /^HTTP\/1\.1 (\d+)[^]*?\r\nContent-Length: (\d+)\r\n[^]*?\r\n\r\n/i.exec(this.text);
      if (!found || this.text.length < found[0].length + Number(found[2])) break;
      const body = this.text.slice(found[0].length, found[0].length + Number(found[2]));
      if (found[1] !== '202') throw new Error(`${found[1]} ${body}`);
      this.accepted += JSON.parse(body).accepted;
      this.text = this.text.slice(found[0].length + Number(found[2]));
      this.pending--;
    }
    this.wake();
  }

  post(hits) {
    const body = JSON.stringify(hits);
    this.pending++;
    this.socket.write(`POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  }

  /** Sends n hits made by hit(k), at most so many batches ahead of the answers. */
  async send(n, hit, from = 0, ahead = 8) {
    for (let k = from; k < from + n; k += BATCH) {
      const hits = [];
      for (let i = k; i < Math.min(k + BATCH, from + n); i++) hits.push(hit(i));
      while (this.pending >= ahead) await new Promise((resolve) => (this.wake = resolve));
      this.post(hits);
    }
    while (this.pending > 0) await new Promise((resolve) => (this.wake = resolve));
  }

  close() {
    this.socket.destroy();
  }
}
