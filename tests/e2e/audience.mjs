// Visitors with tabs who do what people do, by chance and from a seed, and what must be
// counted of them: the oracle knows only what was sent, and the words of PROTOCOL.md ("What
// counts").
//
// Each visitor has a connection and a source of chance of its own and waits for every answer:
// so what one visitor did has an order, and the same seed does the same, however the visitors
// take turns.
import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../chaos/random.mjs';

const STATES = { r: 'reading', w: 'writing', i: 'idle', b: 'background' };
const BY_ACTIVITY = ['writing', 'reading', 'idle', 'background'];
const ACTIVE_MS = 44_000; // PRESENCE_ACTIVE_MS
const HIDDEN_MS = 150_000; // PRESENCE_HIDDEN_MS
const LEAVE_MS = 1000; // PRESENCE_LEAVE_MS
const TABS_MAX = 4;

class Visitor {
  constructor(audience, name, seed) {
    Object.assign(this, { audience, name });
    this.random = new Random(seed);
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    this.tabs = new Map(); // open ones: id -> { path, state, silent, until }
    this.opened = 0;
    this.page = null; // of the latest hit that counts for windows
  }

  async send(fields) {
    const query = new URLSearchParams({ i: this.audience.site, u: this.name, ...fields });
    const status = await new Promise((resolve, reject) => {
      http.get(`http://${this.audience.address}/hc.gif?${query}`, { agent: this.agent }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode));
      }).on('error', reject);
    });
    assert.equal(status, 200);
    this.audience.hits++;
    this.audience.engaged += Number(fields.d ?? 0);
    if (fields.k !== 'l') this.page = fields.p;
  }

  /** A hit of the tab: a view, a heartbeat or an event. */
  async tell(id, tab, fields = {}) {
    await this.send({ p: tab.path, v: id, ...fields });
    tab.state = STATES[fields.a] ?? tab.state ?? 'reading';
    tab.until = Date.now() + (tab.state === 'background' ? HIDDEN_MS : ACTIVE_MS);
    this.tabs.set(id, tab);
  }

  async view() {
    const id = `${this.name}.${++this.opened}`;
    await this.tell(id, { path: this.audience.somePage(this.random) }, this.random.is(0.5) ? { a: 'r' } : {});
    this.audience.views++;
  }

  async leave([id, tab]) {
    const fields = this.random.is(0.3) ? { d: 700 } : {};
    await this.send({ k: 'l', v: id, p: tab.path, ...fields });
    this.tabs.delete(id);
    this.audience.leftAt = Date.now();
  }

  async act() {
    const { random } = this;
    const awake = [...this.tabs].filter(([, tab]) => !tab.silent);
    const one = awake.length > 0 && random.pick(awake);
    const what = random.next();
    if (!one || (what < 0.12 && this.tabs.size < TABS_MAX)) return this.view();
    if (what < 0.3) { // another page of the same application
      await this.leave(one);
      return this.view();
    }
    if (what < 0.65) return this.tell(...one, { k: 'h', a: random.pick(['r', 'w', 'i']), d: Math.floor(random.between(1, 15_000)) });
    if (what < 0.74) return this.tell(...one, { k: 'h', a: 'b' });
    if (what < 0.84) return this.leave(one);
    if (what < 0.88) return void (one[1].silent = true); // the browser was killed
    if (what < 0.9) { // a picture on a page without scripts: in the windows, nobody's tab
      await this.send({ p: this.audience.somePage(random) });
      this.audience.views++;
      return undefined;
    }
    await this.tell(...one, { k: 'e', e: random.pick(['signup', 'play', 'outbound example.org']) });
    this.audience.events++;
    return undefined;
  }

  /** Comes at some time, is quick or slow, and goes when it is time, or does not say so. */
  async live(until) {
    const { random } = this;
    const rest = random.pick([60, 150, 400]);
    await pause(random.between(0, 3000));
    await this.view();
    while (Date.now() < until) {
      await this.act();
      await pause(random.between(0, 2 * rest));
    }
    if (random.is(0.4)) for (const one of [...this.tabs].filter(([, tab]) => !tab.silent)) await this.leave(one);
    this.agent.destroy();
  }
}

export class Audience {
  constructor(s, site, { seed, visitors, pages }) {
    Object.assign(this, { site, pages, address: s.http });
    Object.assign(this, { hits: 0, views: 0, events: 0, engaged: 0, leftAt: 0 });
    this.visitors = Array.from({ length: visitors }, (_, k) => new Visitor(this, `v${k}`, seed + k));
  }

  /** Front pages more often than others. */
  somePage(random) {
    return `/page/${Math.floor(this.pages * random.next() ** 2)}`;
  }

  async live(ms) {
    const until = Date.now() + ms;
    await Promise.all(this.visitors.map((visitor) => visitor.live(until)));
  }

  /** When the last goodbye is over. */
  get settledAt() {
    return this.leftAt + LEAVE_MS;
  }

  /** When the first tab that says nothing more ends. */
  get holdsUntil() {
    return Math.min(...this.visitors.flatMap(({ tabs }) => [...tabs.values()].map(({ until }) => until)));
  }

  /** What every face has to say from settledAt to holdsUntil. */
  truth() {
    const online = { total: 0, active: 0, writing: 0, reading: 0, idle: 0, background: 0, tabs: 0, members: 0 };
    const pages = new Map();
    const page = (path) => pages.get(path) ?? pages.set(path, { path, visitors: 0, online: 0 }).get(path);
    for (const visitor of this.visitors) {
      const tabs = [...visitor.tabs.values()];
      page(visitor.page).visitors++;
      for (const path of new Set(tabs.map((tab) => tab.path))) page(path).online++;
      if (tabs.length === 0) continue;
      const state = BY_ACTIVITY.find((each) => tabs.some((tab) => tab.state === each));
      online[state]++;
      online.total++;
      online.tabs += tabs.length;
      if (state !== 'background') online.active++;
    }
    const ranked = [...pages.values()].sort((a, b) => b.visitors - a.visitors || b.online - a.online || (a.path < b.path ? -1 : 1));
    return {
      online, pages: ranked, visitors: this.visitors.length, views: this.views, engaged: this.engaged,
      visits: this.visitors.length, last: this.views + this.events,
    };
  }
}
