// A visitor of a page with LiveUser's widget, as far as the network sees it: one WebSocket,
// and everything that came over it.
import crypto from 'node:crypto';
import { WebSocket } from 'ws';
import { within } from '../program.mjs';

export class Visitor {
  /** target: what is connected to; agent: the browser, and so the person. */
  constructor(s, target, { agent = 'Mozilla/5.0', http = s.http, headers } = {}) {
    this.messages = [];
    this.socket = new WebSocket(`ws://${http}${target}`, { headers: { 'user-agent': agent, ...headers } });
    this.socket.on('message', (text) => this.messages.push({ at: performance.now(), ...JSON.parse(text) }));
    this.opened = new Promise((resolve, reject) => this.socket.on('open', resolve).on('error', reject));
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve((this.closing = { code, reason: reason.toString() }))),
    );
    s.closing.push(() => this.socket.terminate());
  }

  /** The first two generations: who it is stands in the address. */
  static async join(s, { site = 'shop', client = crypto.randomUUID(), totals, ...options } = {}) {
    const query = new URLSearchParams({ siteId: site, clientId: client, ...(totals && { enableTotalCount: 'true' }) });
    const visitor = new Visitor(s, `/ws?${query}`, options);
    Object.assign(visitor, { site, client });
    await within(10_000, 'a socket opens', visitor.opened);
    visitor.say({ type: 'join', siteId: site, clientId: client });
    return visitor;
  }

  /** The ancestor in Go: it says so. */
  static async joinByRoot(s, site, options) {
    const visitor = new Visitor(s, '/', options);
    await within(10_000, 'a socket opens', visitor.opened);
    visitor.say({ type: 'join', siteId: site });
    return visitor;
  }

  say(message) {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  heartbeat() {
    const { site: siteId, client: clientId } = this;
    this.say({ type: 'heartbeat', siteId, clientId, timestamp: Math.floor(Date.now() / 1000) });
  }

  of(type) {
    return this.messages.filter((message) => message.type === type);
  }

  get last() {
    return this.of('update').at(-1);
  }

  /** Says goodbye. */
  leave() {
    this.socket.close();
    return this.closed;
  }

  /** The connection is reset: nothing is said. */
  reset() {
    this.socket._socket.resetAndDestroy();
    return this.closed;
  }
}
