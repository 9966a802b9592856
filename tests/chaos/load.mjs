// Beacons at a steady rate, each with an id of its own, and a note of each that was answered.
//
// Event k goes to site s<k mod sites> as a view of page /<k div sites> by visitor k: so each
// stands by itself in Redis, as one field p:/N of one row of one site.
import net from 'node:net';

const TICK_MS = 10;

export class Load {
  constructor({ port, rate, sites, connections = 8 }) {
    Object.assign(this, { port, rate, sites });
    this.sent = 0;
    this.answered = new Set();
    this.refused = 0;
    this.lanes = Array.from({ length: connections }, () => this.lane());
  }

  siteOf(k) {
    return `s${k % this.sites}`;
  }

  pathOf(k) {
    return `/${Math.floor(k / this.sites)}`;
  }

  /** A keep-alive connection; answers come in the order of its requests. */
  lane() {
    const lane = { waiting: [], text: '', socket: null };
    const dial = () => {
      lane.waiting = []; // whatever was under way has an unknown fate
      lane.text = '';
      lane.socket = net.connect({ host: '127.0.0.1', port: this.port, noDelay: true });
      lane.socket.setEncoding('latin1');
      lane.socket.on('data', (text) => this.take(lane, text));
      lane.socket.on('error', () => {});
      lane.socket.on('close', () => this.stopped || setTimeout(dial, 50));
    };
    dial();
    return lane;
  }

  take(lane, text) {
    lane.text += text;
    for (;;) {
      const head = lane.text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(lane.text.slice(0, head))?.[1] ?? 0);
      if (lane.text.length < head + 4 + length) return;
      const ok = lane.text.startsWith('HTTP/1.1 200');
      lane.text = lane.text.slice(head + 4 + length);
      const k = lane.waiting.shift();
      if (ok) this.answered.add(k);
      else this.refused++;
    }
  }

  send(n) {
    const parts = this.lanes.map(() => '');
    for (let i = 0; i < n; i++) {
      const k = this.sent++;
      const at = k % this.lanes.length;
      this.lanes[at].waiting.push(k);
      parts[at] += `GET /hc.gif?i=${this.siteOf(k)}&p=${this.pathOf(k)}&u=${k} HTTP/1.1\r\nHost: x\r\n\r\n`;
    }
    parts.forEach((text, at) => text && this.lanes[at].socket.write(text));
  }

  /** Sends until stop(). */
  start() {
    const begun = performance.now();
    const first = this.sent;
    this.timer = setInterval(() => {
      const due = Math.floor(((performance.now() - begun) * this.rate) / 1000) + first;
      this.send(Math.min(due - this.sent, this.rate));
    }, TICK_MS);
  }

  /** No more are sent; answers still come. */
  pause() {
    clearInterval(this.timer);
  }

  get waiting() {
    return this.lanes.reduce((sum, lane) => sum + lane.waiting.length, 0);
  }

  stop() {
    this.pause();
    this.stopped = true;
    for (const lane of this.lanes) lane.socket.destroy();
  }
}
