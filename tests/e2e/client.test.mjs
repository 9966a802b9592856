// The client that pages load: what it makes of bytes, answers and states, and what it does
// against the real collector and against servers that refuse. (In browsers: elements.test.mjs.)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { cable, front } from './cable.mjs';
import { eventually, story } from './harness.mjs';
import { message, Sse } from './sse.mjs';
import { load, WEB } from './web.mjs';

const { EVENTS_MAX, isLater, lay, merge, withGaps } = await load('headcount-view.js');
const { Frames } = await load('headcount-frames.js');
const { createRealtimePoller, subscribe } = await load('headcount-client.js');

/* ---- bytes ---- */

const STREAM =
  'retry: 3127\n\n' +
  'id: 7-1\nevent: hello\ndata: {"site":"shop","life":7,"last":1}\n\n' +
  ':\n\n: a comment\r\n\r\n' +
  'id: 7-2\r\nevent: event\r\ndata: {"id":2,"path":"/ä€😀\u2028\u2029:"}\r\n\r\n' +
  'event: gap\ndata:{"from":3,"to":4}\n\n' +
  'unknown\nretry: 5\n\n';
const FRAMES = [
  { retry: '3127' },
  { id: '7-1', event: 'hello', data: { site: 'shop', life: 7, last: 1 } },
  { id: '7-2', event: 'event', data: { id: 2, path: '/ä€😀\u2028\u2029:' } },
  { event: 'gap', data: { from: 3, to: 4 } },
  { unknown: '', retry: '5' },
];

test('a stream is the same frames wherever its bytes are cut', () => {
  const bytes = new TextEncoder().encode(STREAM);
  for (let i = 0; i <= bytes.length; i++)
    for (let k = i; k <= bytes.length; k += 7) {
      const reader = new Frames();
      const parts = [bytes.subarray(0, i), bytes.subarray(i, k), bytes.subarray(k)];
      assert.deepEqual(parts.flatMap((part) => reader.feed(part)), FRAMES, `cut at ${i} and ${k}`);
    }
  const reader = new Frames();
  assert.deepEqual([...bytes].flatMap((byte) => reader.feed(Uint8Array.of(byte))), FRAMES, 'byte by byte');
});

test('what is no stream is refused, and a line without end is not kept', () => {
  const bytes = new TextEncoder().encode('data: {"id":\n\n');
  assert.throws(() => new Frames().feed(bytes), SyntaxError);
  const reader = new Frames();
  const part = new Uint8Array(1 << 19).fill(120);
  assert.throws(() => [1, 2, 3].forEach(() => reader.feed(part)), RangeError);
});

/* ---- the feed ---- */

const entries = (...ids) => ids.map((id) => ({ id, type: 'pageview' }));
const gap = (from, to) => ({ type: 'gap', from, to });

test('the feed is newest first, each entry once, and says what is missing', () => {
  const rows = [
    // what was there, what came, the newest that was heard of, the list
    [[], [], 0, []],
    [[], [], 9, []],
    [[], [1, 2], 0, [entries(2, 1)]],
    [[3, 2], [2, 3, 4], 4, [entries(4, 3, 2)]],
    [[2], [7], 7, [entries(7), gap(3, 6), entries(2)]],
    [[2], [4], 6, [gap(5, 6), entries(4), gap(3, 3), entries(2)]],
    [[4, 2], [3], 0, [entries(4, 3, 2)]],
  ];
  for (const [known, came, last, expected] of rows)
    assert.deepEqual([...withGaps(merge(entries(...known), entries(...came)), last)], expected.flat());
});

test('the feed keeps so many entries', () => {
  let events = [];
  for (let id = 2; id < 3000; id += 2) events = merge(events, entries(id));
  assert.equal(events.length, EVENTS_MAX);
  const list = withGaps(events, 3000);
  assert.equal(list.length, EVENTS_MAX);
  assert.deepEqual(list[0], gap(2999, 3000));
});

/* ---- the view ---- */

test('what is later is told by epoch, commit and time', () => {
  const answer = { rev: '1700.9', asOf: 50 };
  const rows = [
    [{ e: 1700, q: 9, t: 50 }, false], [{ e: 1700, q: 9, t: 51 }, true], [{ e: 1700, q: 10, t: 1 }, true],
    [{ e: 1700, q: 8, t: 99 }, false], [{ e: 1701, q: 1, t: 1 }, true], [{ e: 1699, q: 99, t: 99 }, false],
  ];
  for (const [state, is] of rows) assert.equal(isLater(state, answer), is, JSON.stringify(state));
});

test('a state that is not later changes nothing, and without an answer it says what it can', () => {
  const state = JSON.parse(message({ e: 5, n: 3, online: 2, last: 1 }));
  const answer = { rev: '5.3', asOf: state.t, currentVisitors: 9 };
  assert.equal(lay(answer, state), answer);
  assert.equal(lay(answer, null), answer);
  assert.equal(lay(null, null), null);
  const alone = lay(null, state);
  assert.equal(alone.rev, '5.3');
  assert.equal(alone.currentVisitors, 2);
  assert.deepEqual(alone.windows.map((row) => row.minutes), [1, 5, 30]);
  assert.equal(lay(null, state, 7).currentVisitors, undefined, 'states say nothing of seven minutes');
  assert.equal(lay(null, state, 60).currentVisitors, 2, 'as the API cuts to the window');
});

test('when minutes go by, the rows of the series do', () => {
  const minute = 1763776800000;
  const row = (i, visitors, more) => ({ minute: minute + i * 6e4, visitors, pageViews: visitors, events: 0, ...more });
  const series = [row(-2, 1), row(-1, 2), row(0, 3, { partial: true })];
  const after = (i) => {
    const state = { ...JSON.parse(message({ e: 1, n: 8, online: 4 })), t: minute + i * 6e4 + 5 };
    return lay({ rev: '1.1', asOf: minute, series, windows: [] }, state).series;
  };
  const running = (i) => row(i, 4, { pageViews: 8, partial: true });
  assert.deepEqual(after(0), [row(-2, 1), row(-1, 2), running(0)]);
  assert.deepEqual(after(1), [row(-1, 2), row(0, 3), running(1)]);
  assert.deepEqual(after(2), [row(0, 3), row(1, 0), running(2)]);
  assert.deepEqual(after(9e5), [row(9e5 - 2, 0), row(9e5 - 1, 0), running(9e5)]);
});

test('attention is rounded as the collector does', () => {
  for (const [engaged, visitors, expected] of [[18000, 8, 2.2], [22000, 8, 2.8], [350, 1, 0.3], [450, 1, 0.5], [0, 0, 0]]) {
    const state = { ...JSON.parse(message({ online: visitors })), engaged: { 1: engaged, 5: engaged, 30: engaged } };
    assert.equal(lay(null, state).engagedTime, expected, `${engaged} ms of ${visitors}`);
  }
});

test('flags of states are theirs, others the answer\'s', () => {
  const rows = [
    // of the answer, of the state, visitors of the window, both
    [['loading', 'demo'], ['tick'], 1, ['demo']],
    [[], ['tick', 'capped', 'warming'], 1, ['capped', 'warming']],
    [['unknown'], ['loading'], 0, ['loading', 'unknown']],
    [['unknown'], [], 1, []],
  ];
  for (const [known, told, online, expected] of rows) {
    const state = { ...JSON.parse(message({ e: 2, online })), flags: told };
    assert.deepEqual(lay({ rev: '1.1', asOf: 1, windows: [], flags: known }, state).flags, expected);
  }
});

/** What a laid view promises to be equal in; those of pages that states told of. */
const promised = ({ rev, online, windows, currentVisitors, pageViews, engagedTime, peak, total, feed, series, ...more }) => ({
  rev, online, currentVisitors, pageViews, engagedTime, peak, total, feed,
  window: more.window, minutes: more.minutes, flags: more.flags.filter((flag) => flag !== 'warming'),
  windows: windows.map(({ events, ...row }) => row),
  running: (({ events, ...row }) => row)(series[series.length - 1]),
  pages: more.activePages.map(({ path, visitors, online }) => ({ path, visitors, online })),
});

story('a state laid over an old answer is the answer of the same revision', async (s) => {
  await s.start();
  const old = {};
  await s.hit({ i: 'shop', p: '/', u: 'first', v: 'first' });
  await s.sees('shop', { pageViews: 1 });
  for (const minutes of [1, 5, 30]) old[minutes] = await s.api('shop', `?minutes=${minutes}`);
  const stream = await Sse.open(s, '/sites/shop/stream?feed=0');
  let compared = 0;
  for (let round = 0; round < 30 || compared <= 60; round++) { // a commit in between is no comparison
    const u = `visitor ${round % 7}`;
    await s.hit({ i: 'shop', p: `/${round % 5}`, u, v: u, a: ['w', 'r', 'i', 'b'][round % 4], k: round % 9 ? 'h' : 'v', t: 'x', d: 900 });
    await eventually(async () => {
      const now = await s.api('shop');
      const { e, q, t } = stream.state;
      assert.equal(`${e}.${q}`, now.rev);
      assert.ok(now.pageViews >= 1);
      const minute = (ms) => Math.floor(ms / 60_000);
      if (minute(t) !== minute(now.asOf)) return;
      for (const minutes of [1, 5, 30]) {
        const whole = await s.api('shop', `?minutes=${minutes}`);
        if (whole.rev !== now.rev) return;
        const laid = promised(lay(old[minutes], stream.state, minutes));
        const expected = promised(whole);
        if (minutes !== 5) delete laid.pages, delete expected.pages;
        assert.deepEqual(laid, expected);
        compared++;
      }
    });
  }
});

/* ---- the client ---- */

/** A subscription that keeps what it was told. */
function watch(s, options = {}) {
  const views = [];
  const end = subscribe('shop', (view) => views.push(view), { base: `http://${s.http}`, ...options });
  s.closing.push(end);
  return { views, end, get last() { return views[views.length - 1]; } };
}

const becomes = (one, fn, ms) => eventually(() => fn(one.last), ms);
const ids = (view) => view.events.map((event) => event.id ?? `${event.from}-${event.to}`);

story('a view is told at once, then whole, then whatever changes', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await s.sees('shop', { pageViews: 1 });
  const one = watch(s);
  assert.deepEqual({ ...(await eventually(() => one.views[0] ?? assert.fail())) },
    { site: 'shop', status: 'connecting', since: 0, numbers: null, events: [], rev: null });
  await becomes(one, (view) => {
    assert.equal(view.status, 'live');
    assert.equal(view.numbers.series.length, 30);
    assert.deepEqual(ids(view), [1]);
    assert.ok(Object.isFrozen(view) && Object.isFrozen(view.events));
    assert.ok(Math.abs(Date.now() - view.since) < 10_000);
  });
  await s.hit({ i: 'shop', p: '/cart', u: 'bob', v: 'b' });
  await becomes(one, (view) => {
    assert.equal(view.numbers.online.total, 2);
    assert.equal(view.rev, view.numbers.rev);
    assert.deepEqual(ids(view), [2, 1]);
  });
  const answer = await s.api('shop');
  await becomes(one, (view) => assert.equal(view.rev, answer.rev));
  await becomes(one, (view) => {
    assert.deepEqual(view.numbers.referrers, answer.referrers);
    assert.deepEqual(view.numbers.topActivePages, answer.topActivePages);
  });

  const late = watch(s, { minutes: 1 });
  await becomes(late, (view) => assert.equal(view.numbers.minutes, 1));
  assert.equal((await s.counters(s.collector)).streams_open, 1, 'one stream for both');
  one.end();
  one.end();
  const n = one.views.length;
  await s.hit({ i: 'shop', p: '/', u: 'carol', v: 'c' });
  await becomes(late, (view) => assert.equal(view.numbers.online.total, 3));
  assert.equal(one.views.length, n);
  late.end();
  await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, 0));
});

story('an answer that is there already spares the first request', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const first = await s.sees('shop', { pageViews: 1 });
  const one = watch(s, { first });
  assert.deepEqual(one.views[0].numbers, first);
  assert.equal(one.views[0].status, 'connecting');
  assert.deepEqual(ids(one.views[0]), [1]);
  await becomes(one, (view) => assert.equal(view.status, 'live'));
});

story('who wants states only makes one request', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const asked = [];
  const proxy = await front(s, (request, response) => {
    asked.push(request.url);
    http.get(`http://${s.http}${request.url}`, (answer) => answer.pipe(response));
  });
  const one = watch(s, { base: proxy, feed: false, whole: false });
  await becomes(one, ({ numbers }) => assert.equal(numbers.online.total, 1));
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await becomes(one, ({ numbers }) => assert.equal(numbers.currentVisitors, 2));
  assert.deepEqual(asked, ['/sites/shop/stream?feed=0']);
});

story('a connection that is lost is said to be, and the feed goes on where it broke off', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/1', u: 'alice', v: 'a' });
  await s.sees('shop', { pageViews: 1 }); // so it is not in the feed of who comes now
  const { base, cut, mend } = await cable(s);
  const one = watch(s, { base, whole: false }); // so that no answer fills the holes
  await becomes(one, (view) => assert.deepEqual([view.status, view.numbers?.online.total], ['live', 1]));
  cut();
  await becomes(one, (view) => assert.equal(view.status, 'reconnecting'));
  assert.equal(one.last.numbers.online.total, 1, 'the last number stays');
  for (let i = 2; i <= 30; i++) await s.hit({ i: 'shop', p: `/${i}`, u: 'alice', v: 'a', k: 'e', e: `event ${i}` });
  await s.sees('shop', { feed: { ...(await s.api('shop')).feed } });
  assert.equal(one.last.status, 'reconnecting');
  mend();
  await becomes(one, (view) => {
    assert.equal(view.status, 'live');
    assert.deepEqual(ids(view), Array.from({ length: 29 }, (_, i) => 30 - i));
  }, 20_000);

  cut();
  await becomes(one, (view) => assert.equal(view.status, 'reconnecting'));
  for (let i = 31; i <= 180; i++) await s.hit({ i: 'shop', p: `/${i}`, u: 'alice', v: 'a', k: 'e', e: `event ${i}` });
  await eventually(async () => assert.equal((await s.api('shop')).recentEvents[0].id, 180)); // or it comes back amid them
  mend();
  await becomes(one, (view) => {
    assert.equal(view.status, 'live');
    assert.equal(ids(view)[0], 180);
    assert.deepEqual(ids(view).slice(99, 102), [81, '31-80', 30], 'what is not held any more is a hole');
  }, 20_000);
});

const REFUSALS = { 401: 'refused', 403: 'refused', 429: 'refused', 404: 'off', 204: 'off', 503: 'reconnecting' };
for (const [status, expected] of Object.entries(REFUSALS))
  story(`a server that answers ${status} makes the status ${expected}`, async (s) => {
    const asked = [];
    s.http = (await front(s, (request, response) => {
      asked.push(request.url);
      response.writeHead(Number(status), { 'retry-after': '60' }).end();
    })).slice(7, -1);
    const one = watch(s);
    await becomes(one, (view) => assert.equal(view.status, expected));
    assert.equal(one.last.numbers, null);
    assert.equal(one.last.since, 0);
    assert.equal(asked.length, 2, 'the stream and the answer, once each');
  });

story('where there is no stream, the numbers are asked for', async (s) => {
  await s.start({ collector: ['--streams', '0'] });
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await s.sees('shop', { pageViews: 1 });
  const one = watch(s, { whole: false });
  await becomes(one, ({ status, numbers }) => assert.deepEqual([status, numbers?.online.total], ['live', 1]));
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await becomes(one, ({ numbers }) => assert.equal(numbers.online.total, 2), 15_000);
});

story('the token goes into the header, and nowhere else', async (s) => {
  const seen = [];
  s.http = (await front(s, ({ url, headers }, response) => {
    seen.push([url, headers.authorization]);
    response.writeHead(401).end();
  })).slice(7, -1);
  const one = watch(s, { token: 'hc_secret' });
  await becomes(one, (view) => assert.equal(view.status, 'refused'));
  await eventually(() => assert.equal(seen.length, 2));
  for (const [url, header] of seen) {
    assert.equal(header, 'Bearer hc_secret');
    assert.ok(!url.includes('secret'));
  }
});

/** A server that streams what it is told to, and answers nothing else. */
async function streamer(s) {
  const asked = [];
  const open = [];
  const base = await front(s, (request, response) => {
    if (!request.url.includes('/stream')) return response.writeHead(503).end();
    asked.push(request.url);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    open.push(response);
  });
  const frame = (event, data, id) => open[open.length - 1].write(`${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${data}\n\n`);
  return { base, asked, open, frame };
}

const hello = (life, last, resumed = false) => JSON.stringify({ site: 'shop', resumed, missed: 0, life, last });

story('a silent stream is stale by the time that passed, whatever the clocks say', async (s) => {
  const { base, open, frame } = await streamer(s);
  const one = watch(s, { base });
  await eventually(() => assert.equal(open.length, 1));
  frame('hello', hello(7, 0), '7-0');
  frame('state', message({ online: 4 })); // of an hour in which no clock of ours is
  await becomes(one, (view) => assert.equal(view.status, 'live'));
  const again = () => watch(s, { base }).views[0];
  const { now } = Date;
  const clock = performance.now.bind(performance);
  const pass = (ms) => Object.defineProperty(performance, 'now', { value: () => clock() + ms, configurable: true });
  try {
    Date.now = () => now() - 5 * 3600e3;
    assert.equal(again().status, 'live');
    Date.now = () => now() + 5 * 3600e3;
    assert.equal(again().status, 'live');
    pass(34e3);
    assert.equal(again().status, 'live');
    pass(36e3);
    assert.equal(again().status, 'stale');
    assert.equal(again().numbers.online.total, 4);
    assert.ok(Math.abs(Date.now() - 36e3 - again().since) < 5e3);
    open[0].write(':\n\n');
    await eventually(() => assert.equal(again().status, 'live'));
  } finally {
    Date.now = now;
    delete performance.now;
  }
});

story('a state from an older aggregator is dropped, but not one of a server that begins anew', async (s) => {
  const { base, open, frame } = await streamer(s);
  const one = watch(s, { base, whole: false });
  await eventually(() => assert.equal(open.length, 1));
  frame('hello', hello(7, 0), '7-0');
  frame('state', message({ e: 9, n: 5, online: 5 }));
  frame('state', message({ e: 8, n: 9, online: 8 }));
  frame('event', '{"id":1,"type":"pageview"}', '7-1');
  await becomes(one, (view) => assert.deepEqual(ids(view), [1]));
  assert.equal(one.last.numbers.online.total, 5);
  open[0].end('retry: 40\n\n');
  await eventually(() => assert.equal(open.length, 2));
  assert.equal(one.last.status, 'live', 'an end that was announced is no loss');
  frame('hello', hello(6, 3), '6-3');
  frame('state', message({ e: 8, n: 9, online: 8 }));
  await becomes(one, (view) => assert.equal(view.numbers.online.total, 8));
  assert.deepEqual(ids(one.last), [], 'another life has other ids');
  open[1].end();
  await becomes(one, (view) => assert.equal(view.status, 'reconnecting'));
});

story('however much happens, a view holds the newest 200', async (s) => {
  const { base, open, frame } = await streamer(s);
  const one = watch(s, { base, whole: false });
  await eventually(() => assert.equal(open.length, 1));
  frame('hello', hello(7, 0), '7-0');
  for (let id = 1; id <= 5000; id++) frame('event', `{"id":${id},"type":"pageview"}`, `7-${id}`);
  await becomes(one, (view) => assert.equal(view.events[0].id, 5000));
  assert.deepEqual([one.last.events.length, one.last.events[199].id], [200, 4801]);
});

story('a stream that is none is given up and asked for again', async (s) => {
  const { base, open } = await streamer(s);
  const one = watch(s, { base });
  await eventually(() => assert.equal(open.length, 1));
  open[0].write('retry: 20\n\nevent: state\ndata: {"v":\n\n');
  await becomes(one, (view) => assert.equal(view.status, 'reconnecting'));
  await eventually(() => assert.equal(open.length, 2));
});

story('while nobody looks there is no stream of an own, and no request', async (s) => {
  const page = Object.assign(new EventTarget(), { hidden: true });
  globalThis.document = page;
  try {
    const { base, asked } = await streamer(s);
    const { Line } = await load('headcount-stream.js');
    const line = new Line(`${base}sites/shop/`, undefined, () => {});
    line.start();
    s.closing.push(() => line.stop());
    await (await fetch(`${base}sites/shop/stream?mine`)).body.cancel(); // later than one of the line's would be
    assert.deepEqual(asked, ['/sites/shop/stream?mine']);
    page.hidden = false;
    line.look();
    await eventually(() => assert.equal(asked.length, 2));
  } finally {
    delete globalThis.document;
  }
});

/* ---- the poller ---- */

story('a poller asks until it is stopped, and says what went wrong', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await s.sees('shop', { pageViews: 1 });
  const { base, cut, mend } = await cable(s);
  const begin = (onUpdate) => {
    const one = createRealtimePoller({ baseUrl: `${base}api/analytics`, siteId: 'shop', minutes: 30, interval: 50, onUpdate });
    s.closing.push(() => one.stop());
    return one;
  };
  const updates = [];
  const poller = begin((data) => updates.push(data));
  assert.deepEqual([poller.data, poller.isLoading, poller.error], [null, false, null]);
  poller.start();
  poller.start();
  assert.equal(poller.isLoading, true);
  await eventually(() => assert.ok(updates.length > 1));
  assert.equal(poller.data.minutes, 30);
  assert.equal(poller.data, updates[updates.length - 1]);
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await eventually(() => assert.equal(poller.data.currentVisitors, 2));
  cut();
  await eventually(() => assert.ok(poller.error instanceof Error));
  assert.equal(poller.data.currentVisitors, 2, 'the last data stays');
  mend();
  await eventually(() => assert.equal(poller.error, null));
  poller.stop();
  assert.equal(poller.isLoading, false);
  const n = updates.length;
  const since = [];
  begin((data) => since.push(data)).start();
  await eventually(() => assert.ok(since.length > 3));
  assert.equal(updates.length, n);
  poller.start();
  await eventually(() => assert.ok(updates.length > n));
});

story('a poller tells the status that was not 200', async (s) => {
  await s.start();
  const poller = createRealtimePoller({ baseUrl: `http://${s.http}`, siteId: 'shop', minutes: 0, interval: 50 });
  s.closing.push(() => poller.stop());
  poller.start();
  await eventually(() => assert.equal(poller.error?.status, 400));
  assert.equal(poller.data, null);
});

/* ---- the package ---- */

const read = (path) => fs.readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the npm package has the version of the programs, and types of all that there is', async () => {
  const { version, exports, files } = JSON.parse(read('deploy/clients/js/package.json'));
  assert.equal(version, /^VERSION := (.*)$/m.exec(read('Makefile'))[1]);
  const modules = fs.readdirSync(WEB).filter((name) => /^headcount-.*\.js$/.test(name));
  assert.ok(modules.includes(exports['.'].default.slice(2)) && modules.includes(exports['./elements'].default.slice(2)));
  assert.ok(files.includes('headcount-*.js'));
  const types = read('deploy/clients/js/index.d.ts');
  for (const name of Object.keys(await load('headcount-client.js')))
    assert.match(types, new RegExp(`export function ${name}\\(`));
  const elements = modules.filter((name) => /define\('headcount-/.test(read(`collector/web/${name}`)));
  for (const module of elements) {
    assert.ok(read('collector/web/headcount-elements.js').includes(`import './${module}';`), module);
    assert.ok(read('deploy/clients/js/elements.d.ts').includes(`'${module.slice(0, -3)}': HeadcountElement`), module);
  }
  assert.equal(elements.length, 8);
});
