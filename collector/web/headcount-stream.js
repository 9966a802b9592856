// The stream of a site, as the tabs of a browser have it.
//
// One tab, which has the lock, reads it and tells the others over a channel; a tab that is
// looked at takes the lead from one that no longer is. Where there are no locks (pages without
// TLS) each tab that is looked at has a stream of its own. A tab that leads and is not looked
// at asks for a state every ten seconds at most, and for no events.
//
// Ages are told by performance.now(): the clocks of page and server may differ.
import { isLater, merge, withGaps } from './headcount-view.js';

const STALE_MS = 35e3; // a comment comes after 15 s of silence,
const DEAD_MS = 45e3; // so the connection is lost
const MUTE_MS = 15e4; // a state comes every 90 s
const HIDDEN_MS = 1e4;
const TELL_MS = 20;
const RETRY_MS = 2e3;
const RETRY_MAX_MS = 6e4;
const LINE_MAX = 1 << 20; // characters; a frame of the server is far below

const now = () => performance.now();
const isHidden = () => !!globalThis.document?.hidden;
const sharing = () => !!(globalThis.navigator?.locks && globalThis.BroadcastChannel && globalThis.document);

const VERDICTS = { 401: 'refused', 403: 'refused', 204: 'off', 404: 'off' };

/** The header that names a token. */
export const bearer = (token) => (token ? { authorization: `Bearer ${token}` } : {});

/** Frames of Server-Sent Events, as our server writes them, out of bytes wherever these are cut. */
export class Frames {
  #decoder = new TextDecoder();
  #rest = '';
  #frame = {};

  /** Whole frames: { event, data, id, retry }, data parsed. Throws on what is none. */
  feed(bytes) {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop();
    if (this.#rest.length > LINE_MAX) throw new RangeError('a line without end');
    return lines.map((line) => this.#take(line.replace(/\r$/, ''))).filter(Boolean);
  }

  #take(line) {
    const frame = this.#frame;
    if (line) {
      const [name] = line.split(':', 1);
      if (name) frame[name] = line.slice(name.length + 1).replace(/^ /, '');
      return null;
    }
    this.#frame = {};
    if ('data' in frame) frame.data = JSON.parse(frame.data);
    return Object.keys(frame).length ? frame : null;
  }
}

/** Resolves after ms, or when it is aborted. */
const pause = (ms, signal) =>
  new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });

const lines = new Set();

export class Line {
  state = null; // the newest
  events = []; // newest first
  heard = 0; // when the server was heard last, by now(); 0: never
  told = 0; // when it told numbers
  isOff = false; // there is no stream: numbers have to be asked for
  #life = 0; // of the feed
  #last = 0; // its newest id
  #cursor = ''; // the id to go on behind
  #link = 'connecting'; // or 'open', 'lost', 'refused', 'off'
  #retry = 0;
  #fails = 0;
  #leads = false;
  #quiet = false; // nobody looks
  #feed = false; // somebody wants events

  /** onChange(isState) is called whenever there is something new to show. */
  constructor(url, token, onChange) {
    Object.assign(this, { url, token, onChange });
    this.name = `headcount ${url} ${token ?? ''}`;
  }

  /** Where it stands: 'connecting', 'live', 'stale', 'reconnecting', 'refused' or 'off'. */
  get status() {
    if (this.#link != 'open') return this.#link == 'lost' ? 'reconnecting' : this.#link;
    return now() - this.heard < STALE_MS && !this.#isMute() ? 'live' : 'stale';
  }

  /** Date.now() of the last word. */
  get since() {
    const at = this.#isMute() ? this.told : this.heard;
    return at && Math.round(Date.now() - now() + at);
  }

  /** The same one as long as nothing came. */
  get list() {
    const { events, listed } = this;
    if (listed?.events != events || listed.last != this.#last)
      this.listed = { events, last: this.#last, list: withGaps(events, this.#last) };
    return this.listed.list;
  }

  #isMute() {
    return this.told > 0 && now() - this.told >= MUTE_MS;
  }

  start() {
    if (lines.has(this)) return;
    lines.add(this);
    this.#quiet = isHidden();
    if (this.#link == 'open') this.#link = 'lost'; // it was put aside
    if (!sharing()) return this.#lead();
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = ({ data }) => this.#hear(data);
    this.#post({ ask: true, feed: this.#feed });
    this.#queue();
  }

  stop() {
    lines.delete(this);
    this.#yield();
    const { turn } = this;
    this.turn = null;
    turn?.abort();
    this.channel?.close();
    this.channel = null;
    for (const timer of [this.hiding, this.aging, this.telling]) clearTimeout(timer);
    this.telling = 0;
  }

  /** Somebody in this tab wants events. */
  wantFeed() {
    if (this.#feed) return;
    this.#feed = true;
    this.#post({ ask: true, feed: true });
    if (this.#leads) this.#open();
  }

  /** What an answer tells, which is a word of the server too. */
  learn({ recentEvents = [], feed }) {
    if (feed) this.#live(feed.life);
    this.events = merge(this.events, recentEvents);
    this.heard = this.told = now();
    if (this.isOff) this.#link = 'open';
    this.#age();
  }

  /** That there was no answer: 0, or the status of what came instead. */
  miss(status) {
    if (VERDICTS[status] == 'refused' || this.isOff) this.#link = VERDICTS[status] ?? 'lost';
  }

  /* ---- who reads ---- */

  /** Stands in line for the lead, and again when it was taken away. */
  async #queue(steal = false) {
    this.turn?.abort();
    const turn = (this.turn = new AbortController());
    const { signal } = turn;
    const hold = () => {
      if (signal.aborted) return;
      this.#lead();
      return new Promise((done) => signal.addEventListener('abort', done));
    };
    try {
      await navigator.locks.request(this.name, steal ? { steal } : { signal }, hold);
    } catch ({ name }) {
      if (this.turn != turn) return;
      if (name != 'AbortError') return this.#lead(); // a page that may have no locks
      this.#yield();
      this.#queue();
    }
  }

  #lead() {
    this.#leads = true;
    this.#fails = 0;
    this.#post({ lead: true });
    this.#open();
  }

  #yield() {
    this.#leads = false;
    this.#close();
  }

  #post(message) {
    this.channel?.postMessage(message);
  }

  #tellAll() {
    this.telling = 0;
    const { state, events } = this;
    const ages = { heard: this.heard && now() - this.heard, told: this.told && now() - this.told };
    const place = { link: this.#link, isOff: this.isOff, life: this.#life, last: this.#last, cursor: this.#cursor };
    if (this.#leads) this.#post({ ages, place, state, events, quiet: this.#quiet });
  }

  /** What another tab says. */
  #hear({ ask, lead, feed, frames, fed, ages, place, state, events, quiet }) {
    if (lead) return this.#post({ ask: true, feed: this.#feed });
    if (ask) {
      if (feed) this.wantFeed();
      // Many ask when the lead changes, and all hear each answer.
      if (this.#leads) this.telling ||= setTimeout(() => this.#tellAll(), TELL_MS);
      return;
    }
    if (this.#leads) return;
    if (frames) return this.#take(frames, fed);
    this.#live(place.life);
    this.#link = place.link;
    this.isOff = place.isOff;
    this.#last = Math.max(this.#last, place.last);
    this.#cursor = place.cursor;
    this.events = merge(this.events, events);
    this.state = state ?? this.state;
    this.heard = ages.heard && now() - ages.heard;
    this.told = ages.told && now() - ages.told;
    this.#age();
    this.onChange(true);
    if (quiet && !this.#quiet) this.#queue(true);
  }

  /** The network is gone: no need to wait until nothing is heard. */
  drop() {
    this.attempt?.abort();
  }

  /** It is looked at, or no longer. */
  look() {
    clearTimeout(this.hiding);
    if (isHidden()) this.hiding = setTimeout(() => this.#see(true), HIDDEN_MS);
    else this.#see(false);
  }

  #see(quiet) {
    const changed = this.#quiet != quiet;
    this.#quiet = quiet;
    if (!quiet) this.onChange();
    if (!this.#leads) return quiet || this.#post({ ask: true, feed: this.#feed });
    if (changed || (!quiet && this.#link != 'open')) this.#open();
    this.#tellAll();
  }

  /* ---- reading ---- */

  #open() {
    this.#close();
    const { signal } = (this.reading = new AbortController());
    if (!this.#quiet || this.channel) this.#readOn(signal);
  }

  #close() {
    this.reading?.abort();
    this.attempt?.abort();
  }

  async #readOn(signal) {
    while (!signal.aborted) {
      const wait = await this.#read(signal);
      if (!signal.aborted) await pause(wait, signal);
    }
  }

  get #query() {
    if (this.#quiet) return 'feed=0&notify-min-delay=10';
    if (!this.#feed) return 'feed=0';
    const id = this.#cursor || (this.events.length && `${this.#life}-${this.events[0].id}`);
    return id ? `last_event_id=${id}` : '';
  }

  /** One connection, from its beginning to its end. Returns the ms until the next. */
  async #read(signal) {
    const attempt = (this.attempt = new AbortController());
    const query = this.#query;
    let least = 0;
    let isPlanned = false;
    this.tried = now();
    this.#age();
    try {
      const response = await fetch(`${this.url}stream?${query}`, {
        headers: bearer(this.token), credentials: 'omit', cache: 'no-store', signal: attempt.signal,
      });
      const verdict = VERDICTS[response.status];
      if (signal.aborted) return 0;
      if (verdict) return this.#settle(verdict);
      least = response.headers.get('retry-after') * 1e3 || 0;
      if (!response.ok) throw new Error(response.statusText);
      const reader = response.body.getReader();
      const frames = new Frames();
      for (let part; !(part = await reader.read()).done; ) {
        if (signal.aborted) return 0;
        const whole = frames.feed(part.value);
        const last = whole[whole.length - 1];
        if (last) isPlanned = !last.event && 'retry' in last;
        const fed = !query.startsWith('feed=0');
        this.#post({ frames: whole, fed });
        this.#take(whole, fed);
      }
    } catch {} // the connection was lost, or is none
    if (signal.aborted) return 0;
    // The end of a stream that said so is no loss.
    if (!isPlanned || this.#link != 'open') {
      this.#fails++;
      this.#say('lost');
    }
    const retry = this.#retry || RETRY_MS * (1 + 1.5 * Math.random());
    return Math.min(Math.max(least, retry * 2 ** Math.max(0, this.#fails - 1)), RETRY_MAX_MS);
  }

  /** No stream for now. Where the numbers are asked for instead, those who ask know best. */
  #settle(verdict) {
    const isKnown = this.isOff && verdict == 'off';
    this.isOff = verdict == 'off';
    if (!isKnown) this.#say(verdict);
    return RETRY_MAX_MS;
  }

  #say(link) {
    this.#link = link;
    this.#tellAll();
    this.onChange();
  }

  /** Frames of the stream; none: a comment. fed: it tells events. */
  #take(frames, fed) {
    const events = [];
    let isState = false;
    this.heard = now();
    for (const { event, data, id, retry } of frames) {
      if (retry) this.#retry = Number(retry) || 0;
      if (event == 'hello') this.#greet(data);
      if (id && (fed || !this.#cursor)) this.#cursor = id;
      if (event == 'event') events.push(data);
      if (event == 'gap') this.#skip(data.to);
      if (event == 'state' && this.#isNews(data)) {
        isState = true;
        this.state = data;
        this.told = now();
        this.#link = 'open';
        this.isOff = false;
        this.#fails = 0;
      }
    }
    this.events = merge(this.events, events);
    this.#age();
    if (frames.length) this.onChange(isState);
  }

  /** A server that begins anew may know less than the one before. */
  #greet({ life, last }) {
    this.isGreeted = true;
    this.#live(life);
    if (this.events.length) this.#last = Math.max(this.#last, last);
  }

  #isNews({ e, q, t }) {
    const { state, isGreeted } = this;
    this.isGreeted = false;
    return isGreeted || !state || !isLater(state, { rev: `${e}.${q}`, asOf: t });
  }

  #skip(to) {
    this.#last = Math.max(this.#last, to);
    this.#cursor = `${this.#life}-${to}`;
  }

  /** The ids of another life are others. */
  #live(life) {
    if (!life || life == this.#life) return;
    if (this.#life) this.events = [];
    this.#life = life;
    this.#last = 0;
    this.#cursor = '';
  }

  /** Shows that it is stale when it becomes so, and gives up a connection that is dead. */
  #age() {
    clearTimeout(this.aging);
    if (!lines.has(this)) return;
    const silent = now() - Math.max(this.heard, this.tried ?? 0);
    if (silent >= DEAD_MS) {
      if (this.#leads) this.attempt?.abort();
      else if (!this.#quiet && this.#link == 'open') this.#queue(true); // who leads sleeps
      return this.onChange();
    }
    const next = [STALE_MS - silent, DEAD_MS - silent, MUTE_MS - (now() - this.told)];
    const ms = Math.min(...next.filter((ms) => ms > 0));
    if (silent >= STALE_MS || this.#isMute()) this.onChange();
    this.aging = setTimeout(() => this.#age(), ms);
  }
}

// A page that is put aside (bfcache) must not keep the lead.
if (globalThis.document) {
  let aside = [];
  addEventListener('pagehide', () => (aside = [...lines]).forEach((line) => line.stop()));
  addEventListener('pageshow', () => aside.splice(0).forEach((line) => line.start()));
  addEventListener('visibilitychange', () => lines.forEach((line) => line.look()), true);
  addEventListener('online', () => lines.forEach((line) => line.look()));
  addEventListener('offline', () => lines.forEach((line) => line.drop()));
}
