// What was said of each revision, and by whom: who says something else disagrees.
//
// What may be compared, and what not:
//
// - Who is online, the totals, the peaks and the feed's end stand in Redis as one commit left
//   them: they belong to the revision (epoch.commit) alone. So two answers of one revision must
//   agree in them whenever they were made; a tick, which is a message without a commit, too.
//   Peaks are compared within one UTC day: at its end the day's becomes 0 without a commit.
// - Numbers of windows (visitors, views, attention, visitors of pages) belong to the revision
//   and the minute in which they were counted: when the minute turns a window loses its oldest
//   row without anybody's commit. Each teller says which minute that was: a message or state by
//   `t`, the realtime answer by its last row of `series`, which is the running one. A state that
//   was made of a snapshot has Redis' clock in `t`, one that was published the aggregator's;
//   on one machine these are one clock.
// - badge.json names no minute. It is made of a report that may be 200 ms old; so its minute is
//   known only when it was the same at the beginning of these 200 ms and at the end of the
//   request. Else only its `online` is compared.
// - Pages: a message has the first twenty, the realtime answer the first hundred, and either is
//   cut where it becomes too long: what both have must be equal, in order.
// - `d`, `t`, `flags` and `n` are the message's own, not the revision's.
import assert from 'node:assert/strict';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const REPORT_MS = 200; // REPORT_CACHE_MS
const MOST = 5; // disagreements shown

const minuteOf = (ms) => Math.floor(ms / MINUTE_MS);

export class Ledger {
  constructor() {
    this.facts = new Map(); // key -> { who, value }
    this.pages = new Map(); // key -> { who, value }, the longest list told
    this.wrong = [];
    this.compared = 0; // how often somebody said what another one had said
    this.told = {}; // by teller: how often
  }

  note(who, key, value) {
    const text = JSON.stringify(value);
    const before = this.facts.get(key);
    if (before === undefined) this.facts.set(key, { who, text });
    else if (before.text !== text) this.wrong.push(`${key}\n  ${before.who}: ${before.text}\n  ${who}: ${text}`);
    else if (before.who !== who) this.compared++;
  }

  notePages(who, key, value) {
    const before = this.pages.get(key);
    if (before === undefined) return void this.pages.set(key, { who, value });
    const n = Math.min(before.value.length, value.length);
    const [a, b] = [before.value, value].map((list) => JSON.stringify(list.slice(0, n)));
    if (a !== b) this.wrong.push(`pages ${key}\n  ${before.who}: ${a}\n  ${who}: ${b}`);
    else if (before.who !== who) this.compared++;
    if (value.length > n) this.pages.set(key, { who, value });
    return undefined;
  }

  common(who, rev, at, { online, peak, total, feed }) {
    this.told[who] = (this.told[who] ?? 0) + 1;
    this.note(who, `${rev} online`, online);
    this.note(who, `${rev} total`, total);
    this.note(who, `${rev} feed`, feed);
    this.note(who, `${rev} peak of day ${Math.floor(at / DAY_MS)}`, peak);
  }

  /** A published message, or the state of a stream. */
  message(who, m) {
    const rev = `${m.e}.${m.q}`;
    this.common(who, rev, m.t, m);
    for (const minutes of Object.keys(m.visitors))
      this.note(who, `${rev}@${minuteOf(m.t)} of ${minutes}`, [m.visitors[minutes], m.pv[minutes], m.engaged[minutes]]);
    this.notePages(who, `${rev}@${minuteOf(m.t)}`, m.pages);
    for (const event of m.events ?? []) this.event(who, event, m.feed);
  }

  /** A realtime answer, of five minutes. */
  answer(who, a) {
    const minute = minuteOf(a.series.at(-1).minute);
    this.common(who, a.rev, a.asOf, a);
    for (const row of a.windows)
      this.note(who, `${a.rev}@${minute} of ${row.minutes}`, [row.visitors, row.pageViews, row.engagedMs]);
    this.note(who, `${a.rev}@${minute} of 5`, [a.currentVisitors, a.pageViews, a.windows.find((row) => row.minutes === 5).engagedMs]);
    this.notePages(who, `${a.rev}@${minute}`, a.activePages);
    for (const event of a.recentEvents) this.event(who, event, a.feed);
  }

  /** badge.json, asked for and answered at these times. */
  badge(who, b, from, to) {
    this.told[who] = (this.told[who] ?? 0) + 1;
    this.note(who, `${b.rev} online total`, b.online);
    if (minuteOf(from - REPORT_MS) === minuteOf(to)) this.note(who, `${b.rev}@${minuteOf(to)} current`, b.current);
  }

  /** An entry of the feed is the same wherever it is told. */
  event(who, event, { life }) {
    const { id, type, timestamp, path, name, text } = event;
    this.note(who, `event ${life}-${id}`, [type, timestamp, path, name, text]);
  }

  /** Badges say two of the numbers by themselves: the first of them and the others meet here. */
  meet() {
    for (const [key, { who, text }] of [...this.facts]) {
      if (key.endsWith(' online')) this.note(who, `${key} total`, JSON.parse(text).total);
      if (key.endsWith(' of 5')) this.note(who, key.replace(/ of 5$/, ' current'), JSON.parse(text)[0]);
    }
  }

  assertAgreed() {
    this.meet();
    assert.equal(this.wrong.length, 0, `${this.wrong.length} disagreements:\n${this.wrong.slice(0, MOST).join('\n')}`);
  }
}
