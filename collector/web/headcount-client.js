// import { subscribe } from 'https://stats.example.com/web/headcount-client.js';
// const end = subscribe('shop', ({ status, numbers }) => …);
//
// A site, live, for a page's own code. What a view holds stands in PROTOCOL.md, section Elements.
import { bearer } from './headcount-reader.js';
import { Line } from './headcount-stream.js';
import { lay } from './headcount-view.js';

const ANSWER_MS = 2e3; // between two answers, at least
const POLL_MS = 5e3; // where there is no stream
const POLL_MAX_MS = 6e4;
const PATIENCE_MS = 1e4; // with one answer
const HIDDEN_MS = 1e4; // between views while nobody looks

const isHidden = () => !!globalThis.document?.hidden;

/** The collector that a module came from, or the page's own origin. */
const home = () => {
  const at = import.meta.url.lastIndexOf('/web/');
  return at < 0 ? new URL('/', document.baseURI).href : import.meta.url.slice(0, at + 1);
};

const rooted = (base) => new URL(base.replace(/\/?$/, '/'), globalThis.document?.baseURI).href;

/** A realtime answer, or an error with the status of what came instead, 0 for nothing. */
async function ask(url, { token, signal } = {}) {
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, PATIENCE_MS);
  signal?.addEventListener('abort', end);
  try {
    const response = await fetch(url, {
      headers: bearer(token), cache: 'no-store', signal: ending.signal,
    });
    if (response.status != 200)
      throw Object.assign(new Error(`${response.status} ${response.statusText}`), { status: response.status });
    return await response.json();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** What this tab shows of a site: the stream, and answers of so many minutes. */
class Watch {
  callbacks = new Set();
  answer = null;
  #fails = 0;
  #isDue = false;
  #asked = -Infinity;
  #shown = -Infinity;

  constructor({ site, base, token, minutes, whole }, onEmpty) {
    Object.assign(this, { site, token, minutes, whole, onEmpty });
    this.url = `${base}sites/${encodeURIComponent(site)}/`;
    this.line = lineOf(this.url, token, this);
    this.ending = new AbortController();
    globalThis.document?.addEventListener('visibilitychange', () => isHidden() || this.#look(), { signal: this.ending.signal });
  }

  /** An answer that the page came with spares the first request. */
  begin(first) {
    if (first) this.#take(first);
    else this.#need();
  }

  add(callback, feed) {
    const one = async (view) => callback(view); // what it throws is its own
    this.callbacks.add(one);
    if (feed) this.line.wantFeed();
    one(this.view);
    return () => {
      if (!this.callbacks.delete(one) || this.callbacks.size) return;
      this.ending.abort();
      clearTimeout(this.asking);
      clearTimeout(this.showing);
      this.onEmpty();
      leave(this.line, this);
    };
  }

  get view() {
    const { site, line, answer } = this;
    const { status, since, list: events, state } = line;
    if (state != this.laid?.state || answer != this.laid?.answer)
      this.laid = { state, answer, numbers: lay(answer, state, this.minutes) };
    const { numbers = null } = this.laid ?? {};
    return Object.freeze({ site, status, since, numbers, events, rev: numbers?.rev ?? null });
  }

  /** The line has something new. */
  changed(isState) {
    if (isState || this.line.isOff) this.#need();
    clearTimeout(this.showing);
    const wait = isHidden() ? this.#shown + HIDDEN_MS - performance.now() : 0;
    if (wait > 0) this.showing = setTimeout(() => this.#show(), wait);
    else this.#show();
  }

  #show() {
    this.#shown = performance.now();
    const { view } = this;
    for (const callback of this.callbacks) callback(view);
  }

  #look() {
    if (this.#isDue) this.#need();
    this.#show();
  }

  /** Asks for the whole answer, soon. */
  #need() {
    this.#isDue = this.whole || this.line.isOff;
    if (this.#isDue && !this.asking) this.#askIn(this.#asked + ANSWER_MS - performance.now());
  }

  #askIn(ms) {
    this.asking = setTimeout(() => this.#ask(), Math.max(0, ms));
  }

  /** Nobody looks at a hidden page: it asks when it is shown again. */
  async #ask() {
    const { signal } = this.ending;
    if (isHidden()) return (this.asking = 0);
    this.#isDue = false;
    this.#asked = performance.now();
    try {
      const answer = await ask(`${this.url}realtime?minutes=${this.minutes}`, { token: this.token, signal });
      this.#fails = 0;
      if (!signal.aborted) this.#take(answer);
    } catch ({ status = 0 }) {
      this.#fails++;
      if (!signal.aborted) this.#miss(status);
    }
    this.asking = 0;
    if (signal.aborted) return;
    const pause = Math.min(POLL_MS * 2 ** this.#fails, POLL_MAX_MS) * (0.9 + Math.random() / 5);
    if (this.#fails || this.line.isOff) this.#askIn(pause);
    else if (this.#isDue) this.#askIn(ANSWER_MS);
  }

  #take(answer) {
    this.answer = answer;
    this.line.learn(answer);
    this.#show();
  }

  #miss(status) {
    this.line.miss(status);
    this.#show();
  }
}

const lines = new Map(); // by site and token, each with those who watch it
const watches = new Map();

function lineOf(url, token, watch) {
  const key = JSON.stringify([url, token]);
  let line = lines.get(key);
  if (!line) {
    line = new Line(url, token, (isState) => line.watches.forEach((one) => one.changed(isState)));
    line.watches = new Set();
    line.key = key;
    lines.set(key, line);
  }
  line.watches.add(watch);
  return line;
}

function leave(line, watch) {
  line.watches.delete(watch);
  if (line.watches.size) return;
  line.stop();
  lines.delete(line.key);
}

/**
 * Tells callback(view) at once what is known, and then whatever changes. Returns what ends it.
 * minutes: of the window; feed: with events; whole: with the whole realtime answer, else only
 * what states say; base: the collector's address; first: an answer that is there already.
 */
export function subscribe(
  site, callback, { base = home(), token, minutes = 5, feed = true, whole = true, first } = {},
) {
  const wish = { site, base: rooted(base), token, minutes, whole };
  const key = JSON.stringify(Object.values(wish));
  let watch = watches.get(key);
  const isNew = !watch;
  if (isNew) watches.set(key, (watch = new Watch(wish, () => watches.delete(key))));
  if (isNew) watch.begin(first);
  const end = watch.add(callback, feed);
  watch.line.start();
  return end;
}

/** Asks every so often, as long as the page is looked at: for who wants no stream. */
export function createRealtimePoller({ baseUrl, siteId, minutes = 5, interval = POLL_MS, token, onUpdate }) {
  const url = `${rooted(baseUrl)}sites/${encodeURIComponent(siteId)}/realtime?minutes=${minutes}`;
  let data = null;
  let error = null;
  let isLoading = false;
  let ending = null;
  let timer;
  let fails = 0;

  const round = async ({ signal }) => {
    if (!isHidden()) {
      isLoading = true;
      try {
        const answer = await ask(url, { token, signal });
        if (signal.aborted) return;
        [data, error, fails] = [answer, null, 0];
      } catch (e) {
        if (signal.aborted) return;
        error = e;
        fails++;
      }
      isLoading = false;
      try {
        if (!error) onUpdate?.(data);
      } catch (e) {
        queueMicrotask(() => { throw e; }); // the page's own
      }
    }
    const ms = Math.max(interval, Math.min(interval * 2 ** fails, POLL_MAX_MS));
    if (!signal.aborted) timer = setTimeout(round, ms, { signal });
  };

  return {
    get data() { return data; },
    get isLoading() { return isLoading; },
    get error() { return error; },
    start() {
      if (!ending) round((ending = new AbortController()));
    },
    stop() {
      ending?.abort();
      clearTimeout(timer);
      ending = null;
      isLoading = false;
    },
  };
}
