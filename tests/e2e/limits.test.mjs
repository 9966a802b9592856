// Those who send too much: what is over a limit counts nothing and is answered as ever, and
// whoever keeps to the limits counts exactly, beside them. Addresses are told by a trusted
// proxy, which is this host.
//
// Limits are refilled by the clock, so how many pass cannot be said before; but each answer
// says whether it counted, and that number must be the one that is seen.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';

const PROXY = ['--trusted-proxy', '127.0.0.1/32'];
const GIF_BYTES = 43;
const from = (address) => ({ headers: { 'X-Forwarded-For': address } });
const pixel = (fields) => `/hc.gif?${new URLSearchParams(fields)}`;
const range = (n) => Array.from({ length: n }, (_, i) => i);

/** One beacon: '' if it counted, else the reason. It is answered with the picture in any case. */
async function send(s, fields, address) {
  const answer = await s.request(pixel(fields), address ? from(address) : {});
  assert.deepEqual([answer.status, answer.body.length], [200, GIF_BYTES]);
  return answer.headers['x-headcount'] ?? '';
}

/** Many at once, a score at a time. Returns how many counted, and sees that no other reason was
 * given to the rest. */
async function flood(s, hits, address, reason = 'ratelimited') {
  let counted = 0;
  for (let i = 0; i < hits.length; i += 20) {
    const reasons = await Promise.all(hits.slice(i, i + 20).map((fields) => send(s, fields, address)));
    counted += reasons.filter((r) => r === '').length;
    assert.deepEqual(reasons.filter((r) => r && r !== reason), []);
  }
  return counted;
}

/** Between what passes at once and what the clock has added since. */
function assertLimited(counted, burst, everyMs, began) {
  const most = burst + Math.ceil((Date.now() - began) / everyMs);
  assert.ok(counted >= burst && counted <= most, `${burst} to ${most} expected, got ${counted}`);
}

async function assertCounters(s, expected) {
  const all = await s.counters(s.collector);
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, all[name]])), expected);
}

for (const workers of [1, 3]) {
  story(`a flood from one address is cut to its burst, and another address counts whole (${workers} workers)`, async (s) => {
    await s.start({ workers, collector: [...PROXY, '--rate', 1, '--rate-burst', 30] });
    const began = Date.now();
    const hits = (site, n) => range(n).map((i) => ({ i: site, p: `/${i % 7}`, u: `v${i % 3}` }));
    const [bad, good] = await Promise.all([flood(s, hits('bad', 300), '203.0.113.9'), flood(s, hits('good', 30), '203.0.113.10')]);
    assertLimited(bad, 30, 1000, began);
    assert.equal(good, 30);
    await s.sees('good', { pageViews: 30, currentVisitors: 3 });
    await s.sees('bad', { pageViews: bad, currentVisitors: 3 });
    await assertCounters(s, { hits: bad + 30, ratelimited: 300 - bad });
  });
}

story('IPv6 addresses of one /64 have one limit, and a forged hop does not help', async (s) => {
  await s.start({ collector: [...PROXY, '--rate', 1, '--rate-burst', 10] });
  const began = Date.now();
  let counted = 0;
  for (const i of range(40)) counted += (await send(s, { i: 'shop', u: 'v' }, `198.51.100.${i}, 2001:db8:1:2::${i + 1}`)) === '';
  assertLimited(counted, 10, 1000, began);
  assert.equal(await send(s, { i: 'shop', u: 'v' }, '2001:db8:1:3::1'), '');
  await s.sees('shop', { pageViews: counted + 1 });
});

story('this host has no limit, and without --trusted-proxy neither has who says to be another', async (s) => {
  await s.start({ collector: ['--rate', 1, '--rate-burst', 1, '--new-visitors', 1, '--new-sites', 1, '--conns-per-address', 1] });
  const hits = range(100).map((i) => ({ i: `s${i % 3}`, u: `v${i}` }));
  assert.equal(await flood(s, hits), 100);
  assert.equal(await flood(s, hits, '203.0.113.9'), 100);
  await s.sees('s1', { pageViews: 66, currentVisitors: 33 });
});

story('without limits nothing is limited', async (s) => {
  await s.start({ collector: [...PROXY, '--rate', 0, '--new-visitors', 0, '--new-sites', 0] });
  const hits = range(500).map((i) => ({ i: `s${i % 50}`, u: `v${i}` }));
  assert.equal(await flood(s, hits, '203.0.113.9'), 500);
});

story('a captured beacon that is sent a hundred times counts once, over several workers', async (s) => {
  await s.start({ workers: 3, collector: [...PROXY, '--rate', 1, '--rate-burst', 30] });
  const captured = { k: 'v', e: '', _: 1790000000000, u: '', d: 0, v: '0.123', p: '/cart', r: '', a: 'r', i: 'shop' };
  assert.equal(await flood(s, range(100).map(() => captured), '203.0.113.9', 'replayed'), 1);
  await assertCounters(s, { hits: 1, replayed: 99, ratelimited: 0 });
  // Nor from elsewhere, or by another way; and its address may send as ever.
  assert.equal(await send(s, captured, '203.0.113.77'), 'replayed');
  const posted = await s.request(pixel(captured), { method: 'POST' });
  assert.equal(posted.headers['x-headcount'], 'replayed');
  const json = await s.request('/e', { method: 'POST', body: JSON.stringify({ ...captured, sent: captured._ }) });
  assert.equal(json.status, 202);
  assert.equal(await flood(s, range(25).map((n) => ({ ...captured, _: captured._ + 1 + n })), '203.0.113.9'), 25);
  await s.sees('shop', { pageViews: 26, currentVisitors: 1 });
  await assertCounters(s, { hits: 26, replayed: 102 });
});

story('a beacon without a page-view id or a time is not judged', async (s) => {
  await s.start();
  for (const fields of [{ v: 'a' }, { _: 1 }, {}]) assert.equal(await flood(s, range(5).map(() => ({ i: 'shop', ...fields }))), 5);
  await s.sees('shop', { pageViews: 15 });
});

story('an address brings so many new visitors, and those that are known go on', async (s) => {
  await s.start({ workers: 2, collector: [...PROXY, '--new-visitors', 6, '--rate', 0] });
  const began = Date.now();
  assert.equal(await flood(s, [{ i: 'shop', u: 'known' }], '203.0.113.10'), 1);
  const counted = await flood(s, range(100).map((i) => ({ i: 'shop', u: `made up ${i}` })), '203.0.113.9');
  assertLimited(counted, 6, 10_000, began);
  assert.equal(await flood(s, range(50).map(() => ({ i: 'shop', u: 'known', k: 'h' })), '203.0.113.9'), 50);
  assert.equal(await flood(s, [{ i: 'shop', u: 'another' }], '203.0.113.10'), 1);
  await s.sees('shop', { currentVisitors: counted + 2 });
});

story('an address brings so many new sites, and the aggregator hears of no others', async (s) => {
  await s.start({ workers: 2, collector: [...PROXY, '--new-sites', 3, '--rate', 0] });
  const began = Date.now();
  const counted = await flood(s, range(200).map((i) => ({ i: `random-${i}`, u: 'v' })), '203.0.113.9');
  assertLimited(counted, 3, 20_000, began);
  assert.equal(await send(s, { i: 'honest', u: 'w' }, '203.0.113.10'), '');
  assert.equal(await send(s, { i: 'honest', u: 'v' }, '203.0.113.9'), '');
  await s.sees('honest', { currentVisitors: 2 });
  await eventually(async () => assert.equal(Number(await s.redisCli('zcard', 'hc:live')), counted + 1));
});

story('a batch with a token of the site has no limit; with a wrong one it is refused, without one limited', async (s) => {
  await s.start({ collector: [...PROXY, '--rate', 1, '--rate-burst', 10, '--new-visitors', 10] });
  const { out: token } = await s.cli(['site', 'token', 'shop', 'add', 'bot', '--scope', 'send', '--redis', s.redisAddress]);
  const post = async (events, authorization, address) => {
    const headers = { ...from(address).headers, ...(authorization && { Authorization: authorization }) };
    const { status, body } = await s.request('/e', { method: 'POST', headers, body: JSON.stringify(events) });
    return [status, JSON.parse(body)];
  };
  const events = (i, n, name) => range(n).map((at) => ({ i, p: '/', u: `${name}${at}` }));
  const taken = (accepted) => [202, { accepted, rejected: [] }];
  const bearer = `Bearer ${token.trim()}`;

  assert.deepEqual(await post(events('shop', 400, 'told'), bearer, '203.0.113.9'), taken(400));
  await s.sees('shop', { pageViews: 400, currentVisitors: 400 });
  assert.deepEqual(await post(events('shop', 5, 'x'), `Bearer hc_${'A'.repeat(43)}`, '203.0.113.9'), [401, { error: 'unauthorized' }]);
  assert.deepEqual(await post(events('blog', 5, 'x'), bearer, '203.0.113.9'), [401, { error: 'unauthorized' }]);

  // Only what is of its site; and what is no token of ours is not looked at.
  const began = Date.now();
  assert.deepEqual(await post([...events('shop', 50, 'told'), ...events('blog', 50, 'b')], bearer, '203.0.113.9'), taken(100));
  assert.deepEqual(await post(events('blog', 20, 'b'), 'Basic aGM6aGM=', '203.0.113.9'), taken(20));
  await s.sees('shop', { pageViews: 450, currentVisitors: 400 });
  const { pageViews } = await s.api('blog');
  assertLimited(pageViews, 10, 1000, began);
});

story('connections that stand for visitors are limited as new visitors are', async (s) => {
  await s.start({ workers: 2, collector: [...PROXY, '--new-visitors', 3] });
  const join = (address) =>
    new Promise((resolve, reject) => {
      const wire = s.wire();
      wire.send(`GET /room HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nX-Forwarded-For: ${address}\r\n\r\n`);
      eventually(() => assert.match(wire.text, /^HTTP\/1\.1 \d+ .*\r\n\r\n/s)).then(() => resolve(wire.text.slice(9, 12)), reject);
    });
  const began = Date.now();
  const statuses = [];
  for (const _ of range(10)) statuses.push(await join('203.0.113.9'));
  const joined = statuses.filter((status) => status === '200').length;
  assertLimited(joined, 3, 20_000, began);
  assert.equal(statuses.filter((status) => status === '503').length, 10 - joined);
  assert.equal(await join('203.0.113.10'), '200');
  await assertCounters(s, { members_joined: joined + 1, members_limited: 10 - joined });
});

story('cookies that somebody made up are new visitors each, though all say to be who was there without one', async (s) => {
  await s.start({ collector: [...PROXY, '--new-visitors', 3, '--rate', 0] });
  const ping = (cookie) =>
    s.request('/livestats.php?i=shop', { method: 'POST', body: 'state=1&url=http://shop.example/',
      headers: { ...from('203.0.113.9').headers, 'user-agent': 'one', ...(cookie && { cookie: `hc_livestats=${cookie}` }) } });
  const seconds = Math.floor(Date.now() / 1000).toString(16).padStart(8, '0');
  const began = Date.now();
  await ping();
  for (const i of range(100)) assert.equal((await ping(`${seconds}-${String(i).padStart(32, '0')}`)).status, 200);
  const { hits, ratelimited } = await s.counters(s.collector);
  assert.equal(hits + ratelimited, 101);
  assertLimited(hits, 4, 20_000, began); // one of them stands for who had none
});

story('visitors of the day are limited as new visitors are, and told the number', async (s) => {
  await s.start({ workers: 2, collector: [...PROXY, '--new-visitors', 5, '--rate', 0] });
  const visit = async (visitorId, address) => {
    const { status, body } = await s.request('/v1/visit', { method: 'POST', ...from(address), body: JSON.stringify({ visitorId, siteId: 'shop' }) });
    return [status, JSON.parse(body)];
  };
  const began = Date.now();
  let told;
  for (const i of range(60)) {
    told = await visit(`made up ${i}`, '203.0.113.9');
    assert.deepEqual([told[0], told[1].type], [200, 'visit']);
  }
  assertLimited(told[1].today, 5, 12_000, began);
  assert.equal(told[1].capped, true);
  const [, another] = await visit('a person', '203.0.113.10');
  assert.equal(another.today, told[1].today + 1);
  assert.equal((await visit('a person', '203.0.113.9'))[1].capped, undefined);
  await assertCounters(s, { ratelimited: 60 - told[1].today });
});

// Connections of this host have no limit, so a proxy says whose these are (PROXY protocol).
const through = (address, request) => `PROXY TCP4 ${address} 192.0.2.1 4711 80\r\n${request}`;

/** Who does not speak it gets no answer, so the collector is asked for its counters. */
async function startProxied(s, ...collector) {
  await s.startRedis();
  await s.startAggregator();
  await s.startCollector(['--workers', '3', '--proxy-protocol', '--trusted-proxy', '127.0.0.1', ...collector]);
  await eventually(async () => assert.equal((await s.counters(s.collector)).redis_up, 3));
}

/** A stream, which stays; whether it is closed at once. */
async function connect(s, address) {
  const wire = s.wire().send(through(address, 'GET /sites/shop/stream HTTP/1.1\r\nHost: x\r\n\r\n'));
  await eventually(() => assert.ok(wire.closed || /^HTTP\/1\.1 200 /.test(wire.text)));
  return { wire, refused: wire.closed };
}

story('an address has so many connections, whichever workers they come to, and then no more until one closes', async (s) => {
  await startProxied(s, '--conns-per-address', 8);
  const first = await Promise.all(range(20).map(() => connect(s, '198.51.100.1')));
  const open = first.filter(({ refused }) => !refused);
  assert.equal(open.length, 8);
  assert.equal((await connect(s, '198.51.100.2')).refused, false);
  await assertCounters(s, { conns_crowded: 12 });
  open[0].wire.destroy();
  await eventually(async () => assert.equal((await connect(s, '198.51.100.1')).refused, false));
  assert.equal((await connect(s, '198.51.100.1')).refused, true);
});

story('a crowd behind one address goes on: beyond half of what it may have, connections end with their answer', async (s) => {
  await startProxied(s, '--conns-per-address', 8);
  const kept = [];
  for (const i of range(40)) {
    const wire = s.wire().send(through('198.51.100.1', `GET /hc.gif?i=shop&p=/&u=v${i} HTTP/1.1\r\nHost: x\r\n\r\n`));
    await eventually(() => assert.match(wire.text, /^HTTP\/1\.1 200 OK\r\n[^]*GIF/));
    if (!/Connection: close/.test(wire.text)) kept.push(wire);
    else await eventually(() => assert.ok(wire.closed));
  }
  assert.equal(kept.length, 4);
  await assertCounters(s, { hits: 40, conns_crowded: 0 });
});

story('a trusted proxy has as many connections as it likes', async (s) => {
  await startProxied(s, '--conns-per-address', 2, '--trusted-proxy', '198.51.100.1');
  const all = await Promise.all(range(20).map(() => connect(s, '198.51.100.1')));
  assert.deepEqual(all.filter(({ refused }) => refused), []);
});
