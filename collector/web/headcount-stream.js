// What is known of a site by its stream, which one tab of the browser reads for all.
//
// A tab that is looked at takes the lead from one that no longer is. One that leads and is not
// looked at asks for a state every ten seconds at most, and for no events; alone it asks for none.
//
// Ages are told by performance.now(): the clocks of page and server may differ.
import { Lead } from './headcount-lead.js';
import { Reader } from './headcount-reader.js';
import { isLater, merge, withGaps } from './headcount-view.js';

const STALE_MS = 35e3; // a comment comes after 15 s of silence,
const DEAD_MS = 45e3; // so the connection is lost
const MUTE_MS = 15e4; // a state comes every 90 s
const HIDDEN_MS = 1e4;
const CHECK_MS = 5e3; // between two looks at the clocks, while somebody looks at the page
const TELL_MS = 20;

const now = () => performance.now();
const ahead = () => Date.now() - now(); // of the one clock before the other
const isHidden = () => !!globalThis.document?.hidden;

const VERDICTS = { 401: 'refused', 403: 'refused', 429: 'refused', 204: 'off', 404: 'off' };

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
  #quiet = false; // nobody looks
  #feed = false; // somebody wants events

  /** onChange(isState) is called whenever there is something new to show. */
  constructor(url, token, onChange) {
    this.onChange = onChange;
    this.reader = new Reader(`${url}stream`, token, this);
    this.lead = new Lead(`headcount ${url} ${token ?? ''}`, this);
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

  /** Begins, or goes on: what was known when it was put aside is old. */
  start() {
    if (lines.has(this)) return;
    lines.add(this);
    this.#quiet = isHidden();
    this.ahead = ahead();
    if (this.#link == 'open') this.#turn('lost');
    this.lead.join();
    this.#ask();
  }

  stop() {
    lines.delete(this);
    this.lead.leave();
    for (const timer of [this.hiding, this.aging, this.telling]) clearTimeout(timer);
    this.telling = 0;
  }

  /** Somebody in this tab wants events. */
  wantFeed() {
    if (this.#feed) return;
    this.#feed = true;
    this.#ask();
    if (this.lead.has) this.#open();
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

  /** The network is gone: no need to wait until nothing is heard. */
  drop() {
    this.reader.drop();
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
    if (!quiet) {
      this.#check();
      this.onChange();
    }
    if (!this.lead.has) return quiet || this.#ask();
    if (changed || (!quiet && this.#link != 'open')) this.#open();
    this.#tellAll();
  }

  #turn(link) {
    this.#link = link;
    this.#tellAll();
    this.onChange();
  }

  /* ---- among the tabs ---- */

  #ask() {
    this.lead.post({ ask: true, feed: this.#feed });
  }

  #tellAll() {
    this.telling = 0;
    if (!this.lead.has) return;
    const { state, events } = this;
    const ages = { heard: this.heard && now() - this.heard, told: this.told && now() - this.told };
    const place = { link: this.#link, isOff: this.isOff, life: this.#life, last: this.#last, cursor: this.#cursor };
    this.lead.post({ ages, place, state, events, quiet: this.#quiet });
  }

  onLead() {
    this.lead.post({ lead: true });
    this.#open();
  }

  onYield() {
    this.reader.close();
  }

  onMessage({ ask, lead, feed, frames, fed, ages, place, state, events, quiet }) {
    if (lead) return this.#ask();
    if (ask) {
      if (feed) this.wantFeed();
      // Many ask when the lead changes, and all hear each answer.
      if (this.lead.has) this.telling ||= setTimeout(() => this.#tellAll(), TELL_MS);
      return;
    }
    if (this.lead.has) return;
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
    if (quiet && !this.#quiet) this.lead.seize();
  }

  /* ---- reading ---- */

  #open() {
    if (!this.#quiet || this.lead.isShared) this.reader.open();
    else this.reader.close();
  }

  /** Of the next request. */
  get query() {
    if (this.#quiet) return 'feed=0&notify-min-delay=10';
    if (!this.#feed) return 'feed=0';
    const id = this.#cursor || (this.events.length && `${this.#life}-${this.events[0].id}`);
    return id ? `last_event_id=${id}` : '';
  }

  onTry() {
    this.tried = now();
    this.#age();
  }

  onLost() {
    this.#turn('lost');
  }

  /** Where the numbers are asked for instead, those who ask know best. */
  onRefused(status) {
    const verdict = VERDICTS[status];
    if (!verdict) return false;
    const isKnown = this.isOff && verdict == 'off';
    this.isOff = verdict == 'off';
    if (!isKnown) this.#turn(verdict);
    return true;
  }

  onFrames(frames, query) {
    const fed = !query.startsWith('feed=0');
    this.lead.post({ frames, fed });
    this.#take(frames, fed);
  }

  /** Frames of the stream; none: a comment. fed: it tells events. */
  #take(frames, fed) {
    const events = [];
    let isState = false;
    this.heard = now();
    for (const { event, data, id } of frames) {
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

  /** While a machine sleeps performance.now() may stand still: then what is shown is of before. */
  #check() {
    const jump = Math.abs(ahead() - this.ahead);
    this.ahead = ahead();
    if (jump > CHECK_MS && this.#link == 'open') {
      this.#turn('lost');
      if (this.lead.has) this.#open();
      else this.lead.seize();
    }
    this.#age();
  }

  /** Shows that it is stale when it becomes so, and gives up a connection that is dead. */
  #age() {
    clearTimeout(this.aging);
    if (!lines.has(this)) return;
    const silent = now() - Math.max(this.heard, this.tried ?? 0);
    if (silent >= DEAD_MS) {
      if (this.lead.has) this.drop();
      else if (!this.#quiet && this.#link == 'open') this.lead.seize(); // who leads sleeps
      return this.onChange();
    }
    const next = [STALE_MS - silent, DEAD_MS - silent, MUTE_MS - (now() - this.told)];
    if (!this.#quiet) next.push(CHECK_MS);
    if (silent >= STALE_MS || this.#isMute()) this.onChange();
    this.aging = setTimeout(() => this.#check(), Math.min(...next.filter((ms) => ms > 0)));
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
