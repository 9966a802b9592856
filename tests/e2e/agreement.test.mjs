// Two consumers never disagree: the realtime answer, the command line, Server-Sent Events,
// WebSockets, the badge and the published messages carry the same numbers when they name the
// same revision, while many visitors come and go; and in the end the numbers are those that the
// visitors made. What may be compared is said in ledger.mjs.
//
// SEED=N repeats a session; the seed of each is printed.
import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { Random } from '../chaos/random.mjs';
import { Audience } from './audience.mjs';
import { eventually, story } from './harness.mjs';
import { Ledger } from './ledger.mjs';
import { Sse } from './sse.mjs';

const SITE = 'shop';
const VISITORS = 60;
const PAGES = 40; // more than a message has room for
const SESSION_MS = 14_000; // with what comes behind it shorter than a silent tab is counted
const LATE_MS = 5000;
const MESSAGES_A_STATE = 13; // 250 ms of messages 20 ms apart

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** A stream that comes again and again, as a page does whose connection breaks, or that only
 *  begins late. told: for each connection, where it wanted to go on and its frames, both
 *  transports in the same words: { type, id, data }. */
class Listener {
  constructor(s, name, connect) {
    Object.assign(this, { s, name, connect });
    this.told = [];
    this.lastId = null;
    this.stopped = false;
  }

  frame(frame) {
    if (this.stopped) return;
    this.told.at(-1).frames.push(frame);
    if (frame.id !== undefined) this.lastId = frame.id;
  }

  open() {
    this.told.push({ from: this.lastId, frames: [] });
    this.close = this.connect(this.s, this.lastId, (frame) => this.frame(frame));
  }

  /** Breaks off whenever it likes, also in the middle of a greeting. */
  async comeAndGo(random, until) {
    while (Date.now() < until) {
      this.open();
      await pause(random.is(0.2) ? random.between(0, 40) : random.between(200, 4000));
      await this.close();
      await pause(random.between(0, 1500));
    }
    this.open();
  }

  get states() {
    return this.told.flatMap(({ frames }) => frames).filter(({ type }) => type === 'state');
  }
}

function sse(s, id, take) {
  const stream = new Sse(s, `/sites/${SITE}/stream`, { headers: id === null ? {} : { 'Last-Event-ID': id } });
  stream.head.catch(() => {}); // closed before it was answered
  stream.frames.push = (frame) => frame.event && take({ type: frame.event, id: frame.id, data: frame.data });
  return () => stream.close();
}

function websocket(s, id, take) {
  const ws = new WebSocket(`ws://${s.http}/sites/${SITE}/ws${id === null ? '' : `?last_event_id=${id}`}`);
  const ended = new Promise((resolve) => ws.on('close', resolve).on('error', () => {}));
  ws.on('message', (text) => take(JSON.parse(text)));
  s.closing.push(() => ws.terminate());
  return () => (ws.terminate(), ended);
}

/** Asks again and again over one connection. */
async function poll(s, target, isOver, restMs, take) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  while (!isOver()) {
    const from = Date.now();
    const text = await new Promise((resolve, reject) => {
      http.get(`http://${s.http}${target}`, { agent }, (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (part) => (body += part)).on('end', () => resolve(body));
      }).on('error', reject);
    });
    take(JSON.parse(text), from, Date.now());
    await pause(restMs);
  }
  agent.destroy();
}

const order = ({ e, q, n }) => [e, n, q];
const isAbove = (a, b) => a[0] > b[0] || (a[0] === b[0] && a[1] >= b[1] && a[2] >= b[2]);
const revOf = (answer) => answer.rev.split('.').map(Number);

/** Messages whose events were too many for them, by `n`. */
function cutMessages(messages) {
  let before = 0;
  const cut = messages.filter(({ feed, events }) => {
    const isCut = feed.last - before > events.length;
    before = feed.last;
    return isCut;
  });
  return new Set(cut.map(({ n }) => n));
}

/** Of one stream: revisions only grow, no event is missing without a word, none comes twice, and
 *  a state counts nothing that was not told before it. But where more happens than a message
 *  holds, the rest is read from Redis once for each state; when it happened again before that
 *  was answered, the state comes first and the events with the next one. */
function checkListener({ name, told }, cut) {
  const isBusy = (n) => Array.from({ length: MESSAGES_A_STATE }, (_, k) => n - k).some((each) => cut.has(each));
  let cursor = null;
  for (const { from, frames } of told) {
    let state = null;
    if (frames.length === 0) continue; // closed too soon
    assert.equal(frames[0].type, 'hello', `${name}: begins with a hello`);
    if (from !== null) {
      assert.equal(frames[0].data.resumed, true, `${name}: goes on behind ${from}`);
      assert.equal(frames[0].id, from === '0-0' ? `${frames[0].data.life}-0` : from, `${name}: greeted with the id it came with`);
    }
    for (const { type, id, data } of frames) {
      if (type === 'hello') cursor = Number(id.split('-')[1]); // a gap without an event behind it comes again
      if (type === 'event') assert.equal(data.id, ++cursor, `${name}: events in order`);
      if (type === 'event') assert.equal(id.split('-')[1], String(cursor));
      if (type === 'gap') assert.equal(data.from, cursor + 1, `${name}: a gap begins behind what was told`);
      if (type === 'gap') cursor = data.to;
      if (type !== 'state') continue;
      assert.ok(state === null || isAbove(order(data), order(state)), `${name}: ${order(data)} after ${state && order(state)}`);
      assert.ok(data.feed.last <= cursor || isBusy(data.n), `${name}: a state of ${data.feed.last} events after ${cursor}`);
      state = data;
    }
  }
}

function checkOrder(name, orders) {
  for (let i = 1; i < orders.length; i++) assert.ok(isAbove(orders[i], orders[i - 1]), `${name}: ${orders[i]} after ${orders[i - 1]}`);
}

/** The numbers of a message or state, and of an answer, in the words of the oracle. */
const ofMessage = (m) => ({
  online: m.online, pages: m.pages, visitors: m.visitors[5], views: m.pv[5], engaged: m.engaged[5], visits: m.total.visits, last: m.feed.last,
});
const ofAnswer = (a) => ({
  online: a.online, pages: a.activePages, visitors: a.currentVisitors, views: a.pageViews,
  engaged: a.windows.find((row) => row.minutes === 5).engagedMs, visits: a.total.visits, last: a.feed.last,
});

story(`many visitors, and nobody who tells of them disagrees (SEED=${seed})`, async (s) => {
  console.log(`SEED=${seed}`);
  await s.start({ workers: 2 });
  await s.redisCli('hset', `hc:{${SITE}}:c`, 'badge', 1);
  const published = await s.subscribe(SITE);
  s.programs.splice(s.programs.indexOf(published.program), 1); // megabytes: not for the log of a failure
  s.closing.push(() => published.stop());
  const audience = new Audience(s, SITE, { seed, visitors: VISITORS, pages: PAGES });
  const ledger = new Ledger();
  const end = Date.now() + SESSION_MS;
  let over = false;

  const listeners = [
    ['SSE that comes again', sse], ['SSE that comes late', sse],
    ['WebSocket that comes again', websocket], ['WebSocket that comes late', websocket],
  ].map(([name, connect]) => new Listener(s, name, connect));
  const listening = listeners.map(async (listener, k) => {
    if (k % 2 === 0) return listener.comeAndGo(new Random(seed ^ (k + 1)), end);
    await pause(LATE_MS);
    return listener.open();
  });

  const answers = [];
  const asking = Promise.all([
    poll(s, `/sites/${SITE}/realtime`, () => over, 40, (answer) => answers.push(answer)),
    poll(s, `/sites/${SITE}/badge.json`, () => over, 60, (badge, from, to) => ledger.badge('badge', badge, from, to)),
    (async () => {
      while (!over) {
        const { out } = await s.cli(['now', SITE, '--json', '--redis', s.redisAddress]); // 1 while the site is unknown
        ledger.answer('CLI', JSON.parse(out));
        await pause(300);
      }
    })(),
  ]);
  asking.catch(() => {}); // told when it is waited for

  await audience.live(SESSION_MS);
  await Promise.all(listening);
  const truth = audience.truth();
  const top = { ...truth, pages: truth.pages.slice(0, 20) };
  const ready = async () => {
    assert.deepEqual(ofAnswer(await s.api(SITE)), truth, 'the realtime answer');
    assert.deepEqual(ofAnswer(await s.cliJson('now', SITE)), truth, 'the command line');
    for (const { name, states } of listeners) assert.deepEqual(ofMessage(states.at(-1)?.data), top, name);
    assert.deepEqual(ofMessage(published.last), top, 'the last message');
    const badge = JSON.parse((await s.request(`/sites/${SITE}/badge.json`)).body);
    assert.deepEqual([badge.online, badge.current], [truth.online.total, truth.visitors], 'the badge');
  };
  await eventually(ready, Math.max(audience.holdsUntil - Date.now(), 1000));
  over = true;
  await asking;
  for (const listener of listeners) listener.stopped = true;

  // One after the other, so that each teller is compared with all before it.
  const { messages } = published;
  const revs = new Set(messages.map(({ e, q }) => `${e}.${q}`));
  for (const message of messages) ledger.message('message', message);
  for (const answer of answers) ledger.answer('API', answer);
  for (const { name, states } of listeners) for (const { data } of states) ledger.message(name, data);
  ledger.assertAgreed();

  const cut = cutMessages(messages);
  for (const listener of listeners) checkListener(listener, cut);
  for (const { told } of listeners) {
    const cursor = told.at(-1).frames.findLast(({ id }) => id !== undefined).id;
    assert.equal(cursor, `${published.last.feed.life}-${truth.last}`, 'told to the end');
  }
  checkOrder('messages', messages.map(order));
  checkOrder('API', answers.map(revOf).map(([e, q]) => [e, q, 0]));
  for (const { rev } of answers) assert.ok(rev === '0.0' || revs.has(rev), `nobody published ${rev}`);
  const highest = Math.max(...messages.map(({ online }) => online.total));
  const { all } = published.last.peak; // it may have been reached between two messages
  assert.ok(all >= highest && all <= VISITORS, `a peak of ${all}, told were ${highest} of ${VISITORS}`);

  console.log(`${audience.hits} hits, ${messages.length} messages (${cut.size} with more events than fit), ` +
    `${ledger.compared} agreements; told: ${JSON.stringify(ledger.told)}; connections ${listeners.map(({ told }) => told.length)}`);
  assert.ok(ledger.compared > 1000, `only ${ledger.compared} comparisons`);
}, { ms: 90_000 });
