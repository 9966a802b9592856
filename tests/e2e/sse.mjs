// A reader of Server-Sent Events that shows every frame as it came, and messages made by
// hand, for what an aggregator does only when something breaks.
import http from 'node:http';
import { eventually, within } from './program.mjs';

/** One stream. frames: { id, event, data, retry, comment } in order; data is parsed. */
export class Sse {
  constructor(s, target, { headers = {}, method = 'GET' } = {}) {
    this.frames = [];
    this.text = '';
    this.closed = false;
    this.head = new Promise((resolve, reject) => {
      this.request = http.request(`http://${s.http}${target}`, { method, headers, agent: false }, (res) => {
        this.status = res.statusCode;
        this.headers = res.headers;
        this.response = res;
        res.setEncoding('utf8').on('data', (text) => this.take(text));
        resolve(res);
      });
      this.request.on('error', reject).end();
    });
    this.end = new Promise((resolve) => {
      const done = () => {
        this.closed = true;
        resolve();
      };
      this.request.on('close', done);
    });
    s.closing.push(() => this.close());
  }

  /** Opened, and its head arrived. */
  static async open(s, target, options) {
    const stream = new Sse(s, target, options);
    await within(10_000, `${target} has a head`, stream.head);
    return stream;
  }

  take(text) {
    this.text += text;
    for (let end; (end = this.text.indexOf('\n\n')) >= 0; this.text = this.text.slice(end + 2))
      this.frames.push(parse(this.text.slice(0, end)));
  }

  close() {
    this.request.destroy();
    return this.end;
  }

  of(event) {
    return this.frames.filter((frame) => frame.event === event);
  }

  get state() {
    return this.of('state').at(-1)?.data;
  }

  get hello() {
    return this.of('hello')[0];
  }

  get events() {
    return this.of('event').map((frame) => frame.data);
  }

  /** Waits until fn(this) throws no more, and returns what it returned. */
  until(fn, ms) {
    return eventually(() => fn(this), ms);
  }
}

function parse(text) {
  const frame = { text };
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).replace(/^ /, '');
    if (colon === 0) frame.comment = value;
    else frame[line.slice(0, colon)] = value;
  }
  if (frame.data !== undefined) frame.data = JSON.parse(frame.data);
  return frame;
}

/** A message as an aggregator publishes it (proto/delta.h); events: their ids; pad: how long
 *  their paths are. */
export function message({ site = 'shop', e = 1, n = 1, online = 0, life = 7, last = 0, events = [], pad = 0 }) {
  const one = { writing: 0, reading: online, idle: 0, background: 0, tabs: online };
  return JSON.stringify({
    v: 1, site, e, q: n, n, t: 1763776801456,
    d: { pv: events.length, ev: 0, new: 0 },
    online: { total: online, active: online, ...one },
    visitors: { 1: online, 5: online, 30: online }, pv: { 1: n, 5: n, 30: n }, engaged: { 1: 0, 5: 0, 30: 0 },
    peak: { day: online, dayAt: 1763776801456, all: online, allAt: 1763776801456 },
    total: { views: n, visits: online, since: 1763776700000 },
    feed: { life, last },
    pages: [], flags: [],
    events: events.map((id) => ({ id, type: 'pageview', timestamp: 1763776801450, path: `/page/${id}`.padEnd(pad, 'x') })),
  });
}
