// A web site that uses headcount, behind its own address: pages, the script, and every beacon
// on its way to the collector.
import http from 'node:http';
import { eventually } from './program.mjs';

/** By the page's clock; a goodbye and the view after it have the same millisecond. */
const bySending = (a, b) => a._ - b._ || (b.k === 'l') - (a.k === 'l');

export class Site {
  /** Serves every path of pages: { '/': '<h1>…' }; others get an empty page. */
  constructor(story, { pages = {}, attributes = '', site = 'shop' } = {}) {
    this.story = story;
    this.pages = pages;
    this.tag = `<script defer data-site="${site}" data-allow="local bot" ${attributes} src="/hc.js"></script>`;
    this.beacons = []; // { at, method, k, p, v, ... } in the order in which they were sent
    this.server = http.createServer((request, response) => this.#answer(request, response));
  }

  static async open(story, options) {
    const site = new Site(story, options);
    await new Promise((resolve) => site.server.listen(0, '127.0.0.1', resolve));
    site.port = site.server.address().port;
    site.origin = `http://127.0.0.1:${site.port}`;
    story.closing.push(() => {
      site.server.closeAllConnections();
      return new Promise((resolve) => site.server.close(resolve));
    });
    return site;
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.origin);
    if (url.pathname === '/hc.gif') {
      this.beacons.push({ at: performance.now(), method: request.method, ...Object.fromEntries(url.searchParams) });
      this.beacons.sort(bySending); // several are on their way at the same time
    } else if (url.pathname !== '/hc.js') {
      const page = this.pages[url.pathname] ?? '<h1>page</h1>';
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html><body>${typeof page === 'function' ? page(this) : `${page}${this.tag}`}`);
      return;
    }
    try {
      const answer = await this.story.request(request.url, {
        method: request.method, headers: { 'user-agent': request.headers['user-agent'] ?? '' },
      });
      response.writeHead(answer.status, { 'content-type': answer.headers['content-type'] ?? 'text/plain' });
      response.end(answer.body);
    } catch {
      response.destroy();
    }
  }

  url(path = '/') {
    return this.origin + path;
  }

  /** "v /a", "h /a r": kind, path and, of heartbeats, the state; of events the name. */
  get log() {
    return this.beacons.map(({ k, p, a, e }) => [k, p, ...(k === 'h' ? [a] : []), ...(e ? [e] : [])].join(' '));
  }

  /** Waits until the beacons that came are these. */
  says(expected, ms) {
    return eventually(() => {
      const log = this.log;
      if (JSON.stringify(log) !== JSON.stringify(expected))
        throw new Error(`beacons are ${JSON.stringify(log)} instead of ${JSON.stringify(expected)}`);
    }, ms);
  }
}
