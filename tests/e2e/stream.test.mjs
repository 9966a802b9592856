// Streams: what a page is told while it listens, and what it is told when something broke.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { eventually, story } from './harness.mjs';
import { ownTime } from './own_time.mjs';
import { Resp } from './resp.mjs';
import { within } from './stage.mjs';
import { message, Sse } from './sse.mjs';

const STREAM = '/sites/shop/stream';

// AddressSanitizer keeps what was freed for a while, so memory says nothing there.
const MEMORY_MAX = (process.env.HEADCOUNT_BIN ?? '').includes('san') ? Infinity : 8 * 1024 * 1024;

const redis = async (s) => {
  const resp = await Resp.connect(s.socket);
  s.closing.push(() => resp.socket.destroy());
  return resp;
};

/** Publishes messages by hand, numbered on. */
async function publisher(s, defaults = {}) {
  const resp = await redis(s);
  let n = 0;
  return (fields) => resp.call('PUBLISH', 'hc:shop', message({ n: ++n, ...defaults, ...fields }));
}

const greeted = (stream, ms) => stream.until((x) => (assert.ok(x.hello && x.state, 'greeted'), x), ms);
const tells = (stream, online, ms) => stream.until((x) => assert.equal(x.state?.online.total, online), ms);

const memory = (program) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${program.pid}/status`, 'utf8'))[1]) * 1024;

story('a stream is greeted, told the state, and then events before the state they made', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'tab-1' });
  await s.sees('shop', { pageViews: 1 });
  const stream = await Sse.open(s, STREAM);
  assert.equal(stream.status, 200);
  assert.equal(stream.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.equal(stream.headers['cache-control'], 'private, no-cache, no-store, must-revalidate, max-age=0');
  assert.equal(stream.headers['x-accel-buffering'], 'no');
  assert.equal(stream.headers['access-control-allow-origin'], '*');
  assert.equal(stream.headers['content-length'], undefined);
  await greeted(stream);
  const [retry, hello, state] = stream.frames;
  assert.ok(Number(retry.retry) >= 2000 && Number(retry.retry) <= 5000, retry.text);
  assert.equal(hello.event, 'hello');
  assert.deepEqual(hello.data, { site: 'shop', resumed: false, missed: 0, life: hello.data.life, last: 1 });
  assert.equal(hello.id, `${hello.data.life}-1`);
  assert.equal(state.event, 'state');
  assert.equal(state.data.online.total, 1);
  assert.equal(state.data.events, undefined);

  await s.hit({ i: 'shop', p: '/cart', u: 'bob', v: 'tab-2' });
  await tells(stream, 2);
  const event = stream.frames.findIndex((frame) => frame.event === 'event');
  assert.ok(event > 0 && event < stream.frames.findLastIndex((frame) => frame.event === 'state'));
  assert.equal(stream.frames[event].id, `${hello.data.life}-2`);
  const { visitor, ...told } = stream.events[0];
  assert.match(visitor, /^[0-9a-f]{8}$/);
  assert.deepEqual({ ...told, timestamp: 0 }, { id: 2, type: 'pageview', timestamp: 0, path: '/cart' });
});

story('whoever of a site\'s streams goes, first, last or between, the others are told', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const publish = await publisher(s);
  const streams = [];
  for (const [i, gone] of [0, 3, 1, 1, 0, 0].entries()) {
    while (streams.length < 4) streams.push(await greeted(await Sse.open(s, STREAM)));
    await streams.splice(gone, 1)[0].close();
    await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, streams.length));
    await publish({ online: 100 + i });
    await Promise.all(streams.map((stream) => tells(stream, 100 + i)));
  }
  while (streams.length > 0) await streams.pop().close();
  await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, 0));
  const last = await greeted(await Sse.open(s, STREAM));
  await publish({ online: 200 });
  await tells(last, 200);
});

story('the head says what becomes of the connection, and who closes one side is gone', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const ask = async (version, more = '') => {
    const wire = s.wire().send(`GET ${STREAM} HTTP/${version}\r\nHost: x\r\n${more}\r\n`);
    await eventually(() => assert.match(wire.text, /event: state/));
    return [wire, /\r\nConnection: (\S+)\r\n/.exec(wire.text)[1]];
  };
  const [wire, said] = await ask('1.1');
  assert.equal(said, 'keep-alive');
  assert.equal((await ask('1.1', 'Connection: close\r\n'))[1], 'close');
  assert.equal((await ask('1.0'))[1], 'close');
  assert.equal((await s.counters(s.collector)).streams_open, 3);
  wire.halfClose();
  await within(5_000, 'it is closed', wire.end);
  assert.equal((await s.counters(s.collector)).streams_open, 2);
});

story('a state tells the same numbers as the realtime answer of its revision', async (s) => {
  await s.start();
  const first = await Sse.open(s, STREAM);
  for (let k = 0; k < 5; k++) await s.hit({ i: 'shop', p: `/${k % 2}`, u: `v${k}`, v: `t${k}`, a: 'w' });
  await tells(first, 5);
  const later = await greeted(await Sse.open(s, STREAM));
  const answer = await s.api('shop');
  for (const state of [first.state, later.state]) {
    assert.deepEqual([state.e, state.q], [answer.e ?? state.e, answer.q ?? state.q]);
    assert.deepEqual(state.online, answer.online);
    assert.deepEqual(state.total, answer.total);
    assert.deepEqual(state.peak, answer.peak);
    assert.deepEqual(state.feed, answer.feed);
    assert.equal(state.visitors[5], answer.currentVisitors);
    assert.equal(state.pv[5], answer.pageViews);
  }
  assert.deepEqual(Object.keys(first.state), Object.keys(later.state), 'the first state has the shape of the others');
});

story('a stream resumes behind the id it names; the header beats the query', async (s) => {
  await s.start();
  for (let k = 1; k <= 5; k++) await s.hit({ i: 'shop', p: `/${k}`, u: 'alice' });
  await s.sees('shop', { pageViews: 5 });
  const { life } = (await greeted(await Sse.open(s, STREAM))).hello.data;
  const open = async (query, id) =>
    greeted(await Sse.open(s, STREAM + query, { headers: id === undefined ? {} : { 'Last-Event-ID': id } }));

  const cases = [
    { query: '', id: `${life}-2`, ids: [3, 4, 5], resumed: true },
    { query: `?last_event_id=${life}-4`, ids: [5], resumed: true },
    { query: `?last_event_id=${life}-4`, id: `${life}-3`, ids: [4, 5], resumed: true },
    { query: '?last_event_id=earliest', ids: [1, 2, 3, 4, 5], resumed: true },
    { query: '', id: `${life}-5`, ids: [], resumed: true },
    { query: '', id: `${life}-6`, ids: [], resumed: false },
    { query: '', id: `${life - 1}-2`, ids: [], resumed: false },
    { query: '', id: 'nonsense', ids: [], resumed: false },
    { query: `?last_event_id=${life}-2&feed=0`, ids: [], resumed: true },
  ];
  for (const { query, id, ids, resumed } of cases) {
    const stream = await open(query, id);
    const what = `${query} ${id}`;
    assert.equal(stream.hello.data.resumed, resumed, what);
    assert.equal(stream.hello.data.missed, ids.length, what);
    assert.equal(stream.hello.data.last, 5, what);
    assert.equal(stream.hello.id, `${life}-${resumed && !query.includes('feed=0') ? 5 - ids.length : stream.hello.id.split('-')[1]}`, what);
    assert.deepEqual(stream.events.map((event) => event.id), ids, what);
    assert.deepEqual(stream.frames.map((frame) => frame.event ?? 'retry'),
      ['retry', 'hello', ...ids.map(() => 'event'), 'state'], what);
  }
});

story('events that nobody has any more are a gap, and none is told twice', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const publish = await publisher(s);
  const stream = await greeted(await Sse.open(s, STREAM));
  await publish({ last: 2, events: [1, 2] });
  await stream.until((x) => assert.deepEqual(x.events.map((e) => e.id), [1, 2]));
  await publish({ last: 7, events: [6, 7] }); // Redis has the others no more
  await stream.until((x) => assert.deepEqual(x.events.map((e) => e.id), [1, 2, 6, 7]));
  assert.deepEqual(stream.of('gap').map((frame) => frame.data), [{ from: 3, to: 5 }]);
  const gap = stream.frames.findIndex((frame) => frame.event === 'gap');
  assert.equal(stream.frames[gap + 1].id, '7-6');
  const counting = stream.frames.findIndex(({ event, data }) => event === 'state' && data.feed.last === 7);
  assert.ok(counting < 0 || counting > gap + 2, 'no state before the events that it counts');

  await publish({ last: 8, events: [6, 7, 8] }); // told again
  await stream.until((x) => assert.equal(x.events.at(-1).id, 8));
  assert.equal(stream.events.length, 5);

  const resumed = await greeted(await Sse.open(s, STREAM, { headers: { 'Last-Event-ID': '7-1' } }));
  assert.deepEqual(resumed.frames.slice(2, -1).map((f) => f.id ?? [f.data.from, f.data.to]), ['7-2', [3, 5], '7-6', '7-7', '7-8']);
  assert.equal(resumed.hello.data.missed, 7);
});

story('messages that are old, broken or of another life are told apart', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const publish = await publisher(s);
  const stream = await greeted(await Sse.open(s, STREAM));
  await publish({ e: 5, online: 5, last: 1, events: [1] });
  await tells(stream, 5);
  await publish({ e: 4, n: 99, online: 4 });
  await publish({ e: 5, n: 1, online: 3 });
  const resp = await redis(s);
  for (const text of ['', '{}', 'x', message({ e: 9, site: 'other' }), message({ e: 9 }).slice(0, -1)])
    await resp.call('PUBLISH', 'hc:shop', text);
  await publish({ e: 6, n: 1, online: 6, life: 8, last: 1, events: [1] });
  await tells(stream, 6);
  assert.deepEqual(stream.of('event').map((frame) => frame.id), ['7-1', '8-1']);
  assert.deepEqual(stream.of('state').map(({ data }) => data.online.total), [0, 5, 6]);
  const counters = await s.counters(s.collector);
  assert.equal(counters.messages_old, 2);
  assert.equal(counters.messages_bad, 4);
});

story('H4: states come at once after a pause, and then every 250 ms with the newest only', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const publish = await publisher(s);
  const stream = await greeted(await Sse.open(s, STREAM));
  const begun = performance.now();
  for (let online = 1; online <= 200; online++) await publish({ online });
  await tells(stream, 200);
  const took = performance.now() - begun;
  const most = Math.floor(took / 250) + 2;
  assert.ok(stream.of('state').length <= most + 1, `${stream.of('state').length} states in ${took} ms`);
});

story('H4: silence gets a comment after 15 s', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const stream = await greeted(await Sse.open(s, STREAM));
  const begun = performance.now();
  await stream.until((x) => assert.equal(x.frames.at(-1).comment, ''), 20_000);
  assert.ok(performance.now() - begun > 14_000);
  assert.equal(stream.frames.at(-1).text, ':');
});

story('who does not read costs no more than a batch, and is then told the latest', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const publish = await publisher(s);
  let last = 0;
  const more = () => publish({ online: last + 5, last: last + 5, events: Array.from({ length: 5 }, () => ++last), pad: 2500 });
  const quick = await greeted(await Sse.open(s, STREAM));
  const slow = await greeted(await Sse.open(s, STREAM));
  slow.response.pause();
  await more();
  await tells(quick, last);
  const before = memory(s.collector);
  const many = (n) => Promise.all(Array.from({ length: n }, more)); // soon: who is blocked for long is closed
  do await many(250); while (!(await s.counters(s.collector)).stream_blocks);
  await many(1000);
  const states = quick.of('state').length;
  await eventually(async () => assert.ok(await more().then(() => quick.of('state').length > states + 5))); // while it is blocked
  await tells(quick, last);
  assert.ok(memory(s.collector) - before < MEMORY_MAX, `${memory(s.collector) - before} bytes more`);
  slow.response.resume();
  await tells(slow, last);

  // what was not told as an event was told as a gap
  const told = [...slow.events.map((e) => [e.id, e.id]), ...slow.of('gap').map(({ data }) => [data.from, data.to])];
  let next = 1;
  for (const [from, to] of told.sort((a, b) => a[0] - b[0])) {
    assert.equal(from, next);
    next = to + 1;
  }
  assert.equal(next, last + 1);
  assert.ok(slow.of('state').length < quick.of('state').length, 'only the latest state was told');
}, { ms: 90_000 });

story('P5: who does not read for ten seconds is closed', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1]);
  const publish = await publisher(s);
  const slow = await greeted(await Sse.open(s, STREAM));
  slow.response.pause();
  let last = 0;
  await eventually(async () => {
    for (let k = 0; k < 20; k++) await publish({ last: last + 5, events: Array.from({ length: 5 }, () => ++last), pad: 2500 });
    assert.equal((await s.counters(s.collector)).streams_slow, 1);
  }, 40_000);
  assert.equal((await s.counters(s.collector)).streams_open, 0);
}, { ms: 90_000 });

story('Redis goes and comes back: streams stay, and are told what they missed', async (s) => {
  await s.start({ workers: 1 }); // another would not know what was known
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 't1' });
  const stream = await Sse.open(s, STREAM);
  await tells(stream, 1);
  await s.redis.kill();
  await eventually(async () => assert.equal((await s.counters(s.collector)).subscriber_up, 0));
  const early = await Sse.open(s, STREAM); // one that comes meanwhile is told what was known
  await greeted(early);
  await s.hit({ i: 'shop', p: '/cart', u: 'bob', v: 't2' });
  await s.startRedis();
  await tells(stream, 2, 30_000);
  await tells(early, 2, 30_000);
  assert.ok(!stream.closed && !early.closed);
  assert.ok(stream.events.some((event) => event.path === '/cart'));
  assert.equal(stream.of('hello').length, 1);
}, { ms: 90_000 });

story('a stream that comes while Redis is away is greeted when it is back', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 2]);
  await s.redis.kill();
  const streams = await Promise.all(Array.from({ length: 4 }, () => Sse.open(s, STREAM)));
  assert.equal(streams[0].status, 200);
  assert.equal(streams[0].hello, undefined);
  await s.startRedis();
  for (const stream of streams) await greeted(stream, 30_000);
}, { ms: 90_000 });

story('SIGTERM asks every stream to come again, and closes it', async (s) => {
  await s.start({ workers: 2 });
  const streams = await Promise.all(Array.from({ length: 20 }, () => Sse.open(s, STREAM)));
  for (const stream of streams) await greeted(stream);
  const passed = ownTime();
  assert.deepEqual(await s.collector.stop(), { code: 0, signal: null });
  assert.ok(passed() < 4000, 'streams do not hold it up');
  const delays = new Set();
  for (const stream of streams) {
    await stream.end;
    const delay = Number(stream.frames.at(-1).retry);
    assert.ok(delay >= 2000 && delay <= 5000, stream.frames.at(-1).text);
    delays.add(delay);
  }
  assert.ok(delays.size > 5, 'not all at once');
});

story('a site is subscribed once for each process, and let go a while after its last stream', async (s) => {
  await s.start({ workers: 2 });
  const subscribers = () => s.redisCli('pubsub', 'numsub', 'hc:shop');
  const streams = await Promise.all(Array.from({ length: 16 }, () => Sse.open(s, STREAM)));
  for (const stream of streams) await greeted(stream);
  assert.equal(await subscribers(), 'hc:shop\n1');
  assert.equal((await s.counters(s.collector)).sites_watched, 1);
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 't' });
  for (const stream of streams) await tells(stream, 1); // those of either worker
  for (const stream of streams) await stream.close();
  await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, 0));
  assert.equal(await subscribers(), 'hc:shop\n1', 'it may come back');
  await eventually(async () => assert.equal(await subscribers(), 'hc:shop\n0'), 15_000);
  assert.equal((await s.counters(s.collector)).sites_watched, 0);
  await greeted(await Sse.open(s, STREAM));
});

story('H6: streams are refused where they should be', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1, '--streams', 1, '--origin', 'https://a.example', '--origin', 'https://b.example']);
  const ask = (target, options) => s.request(target, options);
  assert.equal((await ask('/sites/no%20site/stream')).status, 400);
  assert.equal((await ask(`${STREAM}?notify-min-delay=soon`)).status, 400);
  assert.equal((await ask(`${STREAM}?notify-delta-ratio=2`)).status, 400);
  assert.equal((await ask(STREAM, { headers: { Origin: 'https://c.example' } })).status, 403);
  assert.equal((await ask(STREAM, { method: 'POST' })).status, 405);
  const head = await ask(STREAM, { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.match(head.headers['content-type'], /event-stream/);
  const one = await greeted(await Sse.open(s, STREAM, { headers: { Origin: 'https://b.example' } }));
  const full = await ask(STREAM);
  assert.equal(full.status, 503);
  assert.equal(full.headers['retry-after'], '5');
  await one.close();
  await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, 0));
  await greeted(await Sse.open(s, STREAM));
});

story('streams do not take every connection: pixels are answered while there are as many as may be', async (s) => {
  const run = s.run.bind(s);
  s.run = (name, file, args, options) => run(name, 'sh', ['-c', 'ulimit -n 150 && exec "$0" "$@"', file, ...args], options);
  await s.start({ workers: 1 });
  const [, conns, most] = await s.collector.says(/event=started .*\bconns_max=(\d+) streams_max=(\d+)\n/);
  assert.deepEqual([conns, most], ['120', '90']);
  const streams = [];
  for (let k = 0; k < 130; k++) streams.push(await Sse.open(s, STREAM));
  assert.deepEqual(streams.map(({ status }) => status), streams.map((_, k) => (k < most ? 200 : 503)));
  await Promise.all(Array.from({ length: 20 }, (_, k) => s.hit({ i: 'shop', p: `/${k}` })));
  const told = await s.counters(s.collector);
  assert.deepEqual([told.streams_open, told.streams_full, told.conns_refused], [90, 40, 0]);
});

story('with --streams 0 clients are told to stop asking', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1, '--streams', 0]);
  assert.equal((await s.request(STREAM)).status, 204);
});

story('a Redis user that may not subscribe is told so in the log, once', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.redisCli('acl', 'setuser', 'mute', 'reset', 'on', '>PASSWORD', '~*', '+@all', 'resetchannels');
  await s.startCollector(['--workers', 1, '--redis-auth-file', s.file('auth', 'mute:PASSWORD\n')]);
  for (const site of ['a', 'b']) await Sse.open(s, `/sites/${site}/stream`);
  await eventually(async () => assert.equal((await s.counters(s.collector)).subscribes_refused, 3)); // of two sites, and of changed settings
  assert.equal(s.collector.err.match(/event=subscribe_refused why="NOPERM/g).length, 1);
});

story('where Redis does not allow to subscribe streams are greeted, and told what is then', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 't' });
  await s.sees('shop', { pageViews: 1 });
  await s.collector.stop();
  assert.equal(await s.redisCli('acl', 'setuser', 'default', '-subscribe'), 'OK');
  await s.startCollector(['--workers', 2]);
  const streams = await Promise.all(Array.from({ length: 8 }, () => Sse.open(s, STREAM)));
  for (const stream of streams) assert.equal((await greeted(stream)).state.online.total, 1);
  const told = /event=subscribe_refused why="NOPERM .*"; streams are told every 90 s only, until the user of Redis may \+subscribe to &hc:\*\n/g;
  await s.collector.says(told);
  await greeted(await Sse.open(s, '/sites/other/stream'));
  await eventually(async () => assert.ok((await s.counters(s.collector)).subscribes_refused >= 2));
  assert.equal(s.collector.err.match(told).length, 1);
});

story('damping holds back what changes little, and tells the drop to nobody', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 1, '--notify-delta-ratio', '0.1']);
  const publish = await publisher(s);
  const all = await greeted(await Sse.open(s, `${STREAM}?notify-delta-ratio=0`));
  const damped = await greeted(await Sse.open(s, STREAM));
  const late = await greeted(await Sse.open(s, `${STREAM}?notify-delta-ratio=0.5&notify-max-delay=1.5`));
  const seldom = await greeted(await Sse.open(s, `${STREAM}?notify-delta-ratio=0&notify-min-delay=1`));
  let last = 0;
  for (const online of [100, 105, 109, 111]) {
    last++;
    await publish({ online, last, events: [last] });
    await tells(all, online);
  }
  await tells(damped, 111);
  await tells(late, 111); // by its age
  await tells(seldom, 111);
  await publish({ online: 112, last });
  await tells(all, 112);
  await publish({ online: 0, last });
  for (const stream of [all, damped, late, seldom]) await tells(stream, 0);
  const states = (stream) => stream.of('state').map(({ data }) => data.online.total);
  assert.deepEqual(states(all), [0, 100, 105, 109, 111, 112, 0]);
  assert.deepEqual(states(damped), [0, 100, 111, 0]);
  assert.ok(states(seldom).length < 7);
  assert.equal(damped.events.length, all.events.length, 'events are not damped');
});

story('five hundred streams of two workers are all told everything', async (s) => {
  await s.start({ workers: 2 });
  const streams = await Promise.all(Array.from({ length: 500 }, (_, k) => Sse.open(s, STREAM + (k % 5 ? '' : '?feed=0'))));
  for (const stream of streams) await greeted(stream);
  for (let k = 1; k <= 30; k++) await s.hit({ i: 'shop', p: `/${k}`, u: `v${k}`, v: `t${k}` });
  for (const stream of streams) await tells(stream, 30);
  const ids = Array.from({ length: 30 }, (_, k) => k + 1);
  streams.forEach((stream, k) => assert.deepEqual(stream.events.map((e) => e.id), k % 5 ? ids : []));
});

story('clients that vanish by a reset, in any state, take nothing with them', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', 2]);
  const publish = await publisher(s);
  const steady = await greeted(await Sse.open(s, STREAM));
  for (let round = 1; round <= 20; round++) {
    const wires = Array.from({ length: 20 }, () => s.wire().send(`GET ${STREAM} HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\n`));
    if (round % 2) await eventually(() => assert.ok(wires.every((wire) => wire.text.includes('event: state'))));
    await publish({ online: round });
    for (const wire of wires) wire.socket.resetAndDestroy();
  }
  await tells(steady, 20);
  await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, 1));
});
