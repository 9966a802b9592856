// LiveUser: its widgets, those of before and those that are served here, count who has a page
// open. The names of the tests begin with the rows of seeds.md that they are for.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { parse } from 'acorn';
import { WebSocketServer } from 'ws';
import { Browser } from './browser.mjs';
import { play, recorded } from './clients/recorded.mjs';
import { Visitor } from './clients/liveuser_client.mjs';
import { eventually, request, Story, story, Wire, within } from './harness.mjs';
import { ownTime } from './own_time.mjs';

const FRESH_MS = 1000; // a change is told within

const json = (answer) => JSON.parse(answer.body);
const total = async (s, site) => json(await s.request(`/api/total/${site}`)).totalCount;

/** Waits until each visitor was told this count last. */
const tell = (count, visitors, ms) =>
  eventually(() => assert.deepEqual(visitors.map((each) => each.last?.count), visitors.map(() => count)), ms);

/** Another collector of the same site; its address. */
async function another(s, args = []) {
  const collector = s.daemon('collector', [
    '--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--secret-file', s.secretFile, ...args,
  ]);
  const address = await Story.addressOf(collector);
  s.closing.push(() => collector.kill());
  const admin = await Story.adminOf(collector); // which speaks for all its workers
  await eventually(async () => assert.equal((await request(`http://${admin}/readyz`)).status, 200));
  return { collector, http: address };
}

// ---- the script ----

/** What the script is given: the object in its last call. */
function configOf(text) {
  const { body } = parse(text, { ecmaVersion: 2022 });
  const call = body.at(-1).expression;
  assert.equal(call.type, 'CallExpression');
  const [object] = call.arguments;
  return JSON.parse(text.slice(object.start, object.end));
}

const script = async (s, query = '', options) => {
  const answer = await s.request(`/liveuser.js${query}`, options);
  assert.equal(answer.status, 200);
  return answer;
};

story('U1: the script has what the page asked for, and the defaults of the original', async (s) => {
  await s.start();
  const answer = await script(s);
  assert.equal(answer.headers['content-type'], 'application/javascript; charset=utf-8');
  assert.equal(answer.headers['cache-control'], 'no-cache');
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.deepEqual(configOf(answer.body.toString()), {
    siteId: 'default-site', serverUrl: `ws://${s.http}/`, displayElementId: 'liveuser',
    totalCountElementId: 'liveuser_totalvisits', enableTotalCount: false, reconnectDelay: 3000, debug: false,
  });
  const asked = {
    siteId: 'shop', serverUrl: 'wss://live.example/', displayElementId: 'here', totalCountElementId: 'there',
    enableTotalCount: 'true', reconnectDelay: '500', debug: 'true', baseUrl: 'https://cdn.example',
  };
  const { body } = await script(s, `?${new URLSearchParams(asked)}`);
  assert.deepEqual(configOf(body.toString()), { ...asked, enableTotalCount: true, reconnectDelay: 500, debug: true });
  const behind = await s.request('/some/where/liveuser.js');
  assert.equal(configOf(behind.body.toString()).serverUrl, `ws://${s.http}/some/where/`);
  assert.equal((await script(s, '', { method: 'HEAD' })).body.length, 0);
});

story('U1: no value becomes a part of the script', async (s) => {
  await s.start();
  const hostile = ['</script><script>alert(1)</script>', '"});alert(1);//', '\\', "'", '\u2028\u2029', '<!--', '${alert(1)}'];
  for (const name of ['siteId', 'serverUrl', 'displayElementId', 'totalCountElementId', 'baseUrl'])
    for (const value of hostile) {
      const { body } = await script(s, `?${new URLSearchParams({ [name]: value })}`);
      assert.equal(configOf(body.toString())[name], value, name);
      assert.doesNotMatch(body.toString().slice(body.lastIndexOf('siteId')), /[<>&\u2028\u2029]/, name);
    }
  assert.equal(configOf((await script(s, '?reconnectDelay=1);alert(1')).body.toString()).reconnectDelay, 1);
});

story('U1, U2: the library and the script of the ancestor are there, too', async (s) => {
  await s.start();
  for (const target of ['/init-liveuser.js', '/x/init-liveuser.js', '/main.js']) {
    const answer = await s.request(target, { headers: { referer: 'https://www.Shop.example/a' } });
    assert.equal(answer.status, 200, target);
    assert.equal(answer.headers['content-type'], 'application/javascript; charset=utf-8', target);
    parse(answer.body.toString(), { ecmaVersion: 2022 });
    if (target === '/main.js') assert.equal(configOf(answer.body.toString()).siteId, 'shop.example');
  }
});

// ---- counting ----

story('U3: all are told of who comes, and whoever joins is told again', async (s) => {
  await s.start();
  const alice = await Visitor.join(s);
  await tell(1, [alice]);
  assert.deepEqual(Object.keys(alice.of('update')[0]), ['at', 'type', 'count']);
  const bob = await Visitor.join(s);
  await tell(2, [alice, bob]);
  const before = alice.of('update').length;
  alice.say({ type: 'join', siteId: 'shop', clientId: alice.client });
  await eventually(() => assert.equal(alice.of('update').length, before + 1));
  assert.equal(alice.last.count, 2);
  const { online } = await s.api('shop');
  assert.equal(online.members ?? online.tabs, 2);
});

story('U3: the first number includes who is told it, and a number is not told twice', async (s) => {
  await s.start();
  const alice = await Visitor.join(s);
  await tell(1, [alice]);
  const bob = await Visitor.join(s);
  await tell(2, [alice, bob]);
  await s.hit({ i: 'shop', p: '/', u: 'carol' });
  await s.sees('shop', { pageViews: 1 });
  await bob.leave();
  await tell(1, [alice]);
  assert.deepEqual(alice.of('update').map(({ count }) => count), [1, 2, 1]);
});

/** A visitor in a process of its own, to be killed. */
async function mortal(s, site) {
  const code = `const { WebSocket } = require('ws');
    const socket = new WebSocket(process.argv[1]);
    socket.on('open', () => console.log('open'));`;
  const child = spawn(process.execPath, ['-e', code, `ws://${s.http}/ws?siteId=${site}&clientId=mortal`], {
    cwd: new URL('..', import.meta.url), stdio: ['ignore', 'pipe', 'inherit'],
  });
  s.closing.push(() => child.kill('SIGKILL'));
  await within(30_000, 'the mortal is connected', new Promise((resolve) => child.stdout.once('data', resolve)));
  return child;
}

story('U4: who leaves, however that happens, is missing from the next number', async (s) => {
  await s.start();
  const witness = await Visitor.join(s);
  const leaving = async (what, join, leave) => {
    const visitor = await join();
    await tell(2, [witness]);
    const told = witness.of('update').length;
    const passed = ownTime();
    await leave(visitor);
    await eventually(() => assert.ok(witness.of('update').length > told, what));
    assert.ok(passed() < FRESH_MS, `${what}: after ${passed()} ms`);
    assert.equal(witness.of('update')[told].count, 1, what);
  };
  await leaving('a goodbye', () => Visitor.join(s), (visitor) => visitor.leave());
  await leaving('a reset', () => Visitor.join(s), (visitor) => visitor.reset());
  await leaving('an end', () => Visitor.join(s), (visitor) => visitor.socket._socket.end());
  await leaving('kill -9', () => mortal(s, 'shop'), (child) => child.kill('SIGKILL'));
});

story('U5: a heartbeat is answered with the time and the numbers', async (s) => {
  await s.start();
  const plain = await Visitor.join(s);
  const curious = await Visitor.join(s, { totals: true });
  await tell(2, [plain, curious]);
  plain.heartbeat();
  curious.heartbeat();
  await eventually(() => assert.deepEqual([plain, curious].map((each) => each.of('heartbeat').length), [1, 1]));
  const [{ at: _, ...short }] = plain.of('heartbeat');
  assert.ok(Math.abs(short.timestamp - Date.now() / 1000) < 5, short.timestamp);
  assert.deepEqual(short, { type: 'heartbeat', timestamp: short.timestamp, count: 2 });
  assert.equal(curious.of('heartbeat')[0].totalCount, 1);
});

// ---- totals ----

story('U6: the total is for those who asked for it, and counts them alone', async (s) => {
  await s.start();
  const curious = await Visitor.join(s, { totals: true });
  const plain = await Visitor.join(s);
  await tell(2, [curious, plain]);
  assert.equal(curious.last.totalCount, 1);
  await Visitor.join(s, { totals: true });
  await eventually(() => assert.equal(curious.last.totalCount, 2));
  await tell(3, [curious, plain]);
  assert.ok(plain.messages.every((message) => !('totalCount' in message)));
  assert.equal(await total(s, 'shop'), 2);
});

story('U6: a hundred who come at once are a hundred, and stay so over restarts', async (s) => {
  await s.start({ workers: 2 });
  const crowd = await Promise.all(Array.from({ length: 100 }, () => Visitor.join(s, { totals: true })));
  await tell(100, crowd);
  await eventually(() => assert.deepEqual([...new Set(crowd.map(({ last }) => last.totalCount))], [100]));
  assert.equal(await total(s, 'shop'), 100);
  await Promise.all(crowd.map((visitor) => visitor.leave()));
  await s.aggregator.stop();
  await s.startAggregator();
  await s.collector.stop();
  await s.startCollector();
  await s.ready();
  assert.equal(await total(s, 'shop'), 100);
  const next = await Visitor.join(s, { totals: true });
  await eventually(() => assert.deepEqual([next.last?.count, next.last?.totalCount], [1, 101]));
});

// ---- who comes again ----

story('U7: who comes again takes the place of the old socket', async (s) => {
  await s.start({ workers: 2 });
  const witness = await Visitor.join(s);
  await tell(1, [witness]);
  const first = await Visitor.join(s, { client: 'tab-1' });
  await tell(2, [witness, first]);
  let old = first;
  for (let k = 0; k < 4; k++) { // by chance at either worker
    const next = await Visitor.join(s, { client: 'tab-1' });
    assert.deepEqual(await within(5000, 'the old socket is closed', old.closed), { code: 1000, reason: 'replaced' });
    await tell(2, [next]);
    old = next;
  }
  const other = await Visitor.join(s);
  await tell(3, [witness, old, other]);
  assert.ok(witness.of('update').every(({ count }) => count <= 3));
  assert.deepEqual([...new Set(witness.of('update').map(({ count }) => count))], [1, 2, 3]);
});

story('U7: so it is at another collector, and both count together', async (s) => {
  await s.start();
  const second = await another(s);
  const here = await Visitor.join(s);
  const there = await Visitor.join(s, { http: second.http, client: 'tab-1', agent: 'another browser' });
  await tell(2, [here, there]);
  const moved = await Visitor.join(s, { client: 'tab-1', agent: 'another browser' });
  assert.deepEqual(await within(5000, 'the old socket is closed', there.closed), { code: 1000, reason: 'replaced' });
  await tell(2, [here, moved]);
  const third = await Visitor.join(s, { http: second.http });
  await tell(3, [here, moved, third]);
});

story('U4: those of a collector that was killed are gone soon', async (s) => {
  await s.start({ collector: ['--member-timeout', '3'] });
  const second = await another(s, ['--member-timeout', '3']);
  const here = await Visitor.join(s);
  const there = await Visitor.join(s, { http: second.http });
  await tell(2, [here, there]);
  await second.collector.kill();
  await tell(1, [here], 10_000);
});

// ---- what is not as it should be ----

story('U8: sites do not see each other, and noise is no reason to go', async (s) => {
  await s.start();
  const here = await Visitor.join(s, { site: 'shop' });
  const there = await Visitor.join(s, { site: 'blog' });
  const nowhere = new Visitor(s, '/ws');
  await tell(1, [here, there, nowhere]);
  assert.equal((await s.api('default-site')).online.tabs, 1);
  for (const noise of ['', 'x', '{', '{}', '[]', 'null', '"join"', '{"type":7}', '{"type":"leave"}', '{"type":"update","count":9}', '\u0000', 'ä'.repeat(1000)])
    here.say(noise);
  here.socket.send(crypto.randomBytes(300));
  here.heartbeat();
  await eventually(() => assert.equal(here.of('heartbeat').length, 1));
  assert.equal(here.of('heartbeat')[0].count, 1);
  assert.equal(here.closing, undefined);
});

story('U8: what is too long closes the connection', async (s) => {
  await s.start();
  const witness = await Visitor.join(s);
  const loud = await Visitor.join(s);
  await tell(2, [witness, loud]);
  loud.say('x'.repeat(4096));
  loud.heartbeat();
  await eventually(() => assert.equal(loud.of('heartbeat').length, 1));
  loud.say('x'.repeat(4097));
  assert.equal((await within(5000, 'it is closed', loud.closed)).code, 1009);
  await tell(1, [witness]);
});

story('U8: what is no site is refused before anything is opened', async (s) => {
  await s.start();
  for (const query of ['siteId=a%20b', 'siteId=..', `siteId=${'x'.repeat(65)}`, `siteId=shop&clientId=${'x'.repeat(65)}`]) {
    const refused = new Visitor(s, `/ws?${query}`);
    await assert.rejects(refused.opened, /400/, query);
  }
  const counters = await s.counters(s.collector);
  assert.deepEqual([counters.streams, counters.members_joined], [0, 0]);
});

story('U11: without an Upgrade there is 426, and elsewhere JSON that says 404', async (s) => {
  await s.start();
  for (const target of ['/ws', '/ws?siteId=shop&clientId=a', '/any/where/ws']) {
    const answer = await s.request(target);
    assert.equal(answer.status, 426, target);
    assert.equal(answer.headers.upgrade, 'websocket');
    assert.deepEqual(json(answer), { error: 'upgrade_required' });
  }
  const isNothing = async (target) => {
    const answer = await s.request(target);
    assert.equal(answer.status, 404, target);
    assert.deepEqual(json(answer), { error: 'not_found' });
  };
  for (const target of ['/api/total/a/b', '/any/where/wss']) await isNothing(target);
  await s.collector.stop();
  await s.startCollector(['--dialects', 'liveuser']); // Audience Meter has an answer for all short paths
  for (const target of ['/nothing', '/api/nothing', '/wss']) await isNothing(target);
});

// ---- HTTP ----

/** A new token of the site, as an operator makes it. */
async function token(s, site, scope) {
  const text = `hc_${crypto.randomBytes(32).toString('base64url')}`;
  const hash = execFileSync('b2sum', ['-l', '256'], { input: text, encoding: 'utf8' }).split(' ')[0];
  await s.redisCli('hset', `hc:{${site}}:c`, `t:${scope}`, `${scope} ${hash}`);
  return text;
}

story('U10: the total is read by anybody, and begun anew by who may', async (s) => {
  await s.start();
  const bearer = async (site, scope) => ({ authorization: `Bearer ${await token(s, site, scope)}` });
  const [reads, admin, stranger] = [await bearer('shop', 'read'), await bearer('shop', 'admin'), await bearer('other', 'admin')];
  const visitor = await Visitor.join(s, { totals: true });
  await eventually(() => assert.equal(visitor.last?.totalCount, 1));
  const answer = await s.request('/api/total/shop');
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  const { timestamp, ...said } = json(answer);
  assert.deepEqual(said, { siteId: 'shop', totalCount: 1 });
  assert.ok(Math.abs(timestamp - Date.now() / 1000) < 60, timestamp);
  assert.equal(await total(s, 'nobody-was-here'), 0);
  assert.equal((await s.request('/api/total/a%20b')).status, 400);

  const reset = (headers) => s.request('/api/reset/shop', { method: 'POST', headers });
  assert.equal((await reset({})).status, 401);
  assert.equal((await reset(reads)).status, 403);
  assert.equal((await reset(stranger)).status, 401);
  assert.equal((await s.request('/api/reset/shop')).status, 405);
  assert.equal(await total(s, 'shop'), 1);
  const done = await reset(admin);
  assert.equal(done.status, 200);
  assert.deepEqual(Object.keys(json(done)), ['siteId', 'message', 'timestamp']);
  assert.equal(json(done).siteId, 'shop');
  await eventually(async () => assert.equal(await total(s, 'shop'), 0));
  await eventually(() => assert.deepEqual([visitor.last.count, visitor.last.totalCount], [1, 0]));
});

// ---- the visitors of the day ----

const DAY_S = 24 * 3600;
const ALICE = '5f0c4c1e-8f0e-4d0a-9b0e-3a1f6f1f7a10';
const BOB = 'a3d9c7b2-11aa-4c6e-8a55-90c1d2e3f4a5';

/** What is counted now is of one day until the test is over. */
const dayIsLong = () => eventually(() => assert.ok(Date.now() % (DAY_S * 1000) < (DAY_S - 30) * 1000), 40_000);

/** The request of the fork's page, its bytes. */
const visitBytes = (body, { target = '/v1/visit', headers = ['Referer: https://www.shop.example/a', 'Origin: https://www.shop.example'] } = {}) =>
  recorded(`POST ${target}`, ['Host: stats.example', 'User-Agent: Mozilla/5.0', 'Content-Type: application/json', ...headers],
    typeof body === 'string' ? body : JSON.stringify(body));

const visit = async (s, body, options) => {
  const { status, lines, body: text } = await play(s, visitBytes(body, options));
  return { status, lines, ...JSON.parse(text) };
};

/** How many the day has had, told to a visitor of the site. */
const today = async (s, visitorId, siteId = 'shop') => {
  const answer = await visit(s, { visitorId, siteId });
  assert.deepEqual([answer.status, answer.type, answer.siteId], [200, 'visit', siteId]);
  return answer.today;
};

/** Another collector, for the same. */
const elsewhere = (s, address) => ({
  wire: () => {
    const wire = new Wire(...address.split(':'));
    s.closing.push(() => wire.destroy());
    return wire;
  },
});

story('U13: a visitor of the day counts once, two are two, and sites are apart', async (s) => {
  await s.start({ workers: 2 });
  await dayIsLong();
  const { status, lines, ...said } = await visit(s, { visitorId: ALICE, siteId: 'shop' });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(said), ['type', 'siteId', 'today', 'date', 'timestamp']);
  assert.deepEqual({ ...said, timestamp: 0 }, {
    type: 'visit', siteId: 'shop', today: 1, date: new Date().toISOString().slice(0, 10), timestamp: 0,
  });
  assert.ok(Math.abs(said.timestamp - Date.now() / 1000) < 5, said.timestamp);
  for (const line of ['Content-Type: application/json', 'Access-Control-Allow-Origin: *', 'Cache-Control: no-store'])
    assert.ok(lines.includes(line), line);
  assert.equal(await today(s, ALICE), 1);
  assert.equal(await today(s, BOB), 2);
  assert.equal(await today(s, ALICE), 2);
  assert.equal(await today(s, ALICE, 'blog'), 1);
  assert.equal((await s.counters(s.collector)).hits, 0); // it is no view
  assert.deepEqual((await s.keys()).filter((key) => key.includes(':o')), []); // and nobody is online
});

story('U13: many at once are as many, and a request may come in pieces', async (s) => {
  await s.start({ workers: 2 });
  await dayIsLong();
  await Promise.all(Array.from({ length: 60 }, (_, k) => today(s, `visitor ${k % 20}`)));
  assert.equal(await today(s, 'visitor 0'), 20);
  const bytes = visitBytes({ visitorId: ALICE, siteId: 'shop' });
  const wire = s.wire();
  wire.socket.setNoDelay(true);
  for (const byte of bytes) {
    wire.send(byte);
    await new Promise(setImmediate);
  }
  await within(10_000, 'it is answered', wire.end);
  assert.match(wire.text, /"today":21,/);
  const pair = s.wire().send(visitBytes({ visitorId: ALICE, siteId: 'shop' }).replace('Connection: close\r\n', '') + visitBytes({ visitorId: BOB, siteId: 'shop' }));
  await within(10_000, 'both are answered', pair.end);
  assert.deepEqual(pair.text.match(/"today":\d+/g), ['"today":21', '"today":22']);
});

story('U13: two collectors of one Redis add up and agree', async (s) => {
  await s.start();
  await dayIsLong();
  const second = elsewhere(s, (await another(s)).http);
  assert.equal(await today(s, ALICE), 1);
  assert.equal(await today(second, ALICE), 1);
  assert.equal(await today(second, BOB), 2);
  assert.equal(await today(s, BOB), 2);
  assert.equal(await today(s, 'carol'), 3);
  assert.equal(await today(second, ALICE), 3);
});

story('U13: the site is that of the body, or the host of the page, or the default', async (s) => {
  await s.start();
  await dayIsLong();
  const siteOf = async (body, headers) => (await visit(s, { visitorId: ALICE, ...body }, { headers })).siteId;
  assert.equal(await siteOf({ siteId: 'blog' }), 'blog');
  assert.equal(await siteOf({}), 'shop.example');
  assert.equal(await siteOf({}, ['Origin: https://www.Shop.example:8443']), 'shop.example');
  assert.equal(await siteOf({}, ['Origin: null']), 'default-site');
  assert.equal(await siteOf({}, []), 'default-site');
  assert.equal((await visit(s, { visitorId: BOB })).today, 2);
});

/** All that Redis holds, as it would write it down. */
async function everything(s) {
  const keys = await s.keys();
  const values = await Promise.all(keys.map((key) => s.redisCli('dump', key)));
  return [...keys, ...values].join('\n');
}

story('U13: of a visitor Redis has a hash, until two days after the day', async (s) => {
  await s.start();
  await dayIsLong();
  await today(s, ALICE);
  await today(s, BOB);
  const date = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const key = `hc:{shop}:d:${date}`;
  assert.ok((await s.keys()).includes(key));
  assert.equal(await s.redisCli('scard', key), '2');
  const ttl = Number(await s.redisCli('ttl', key));
  assert.ok(ttl > DAY_S && ttl <= 3 * DAY_S, `${ttl}`);
  for (const other of (await s.keys()).filter((name) => name.includes('shop')))
    assert.ok(Number(await s.redisCli('ttl', other)) > 0, other);
  const held = await everything(s);
  for (const part of [ALICE, BOB].map((id) => id.slice(0, 8))) // even that
    assert.ok(!held.includes(part) && !s.logs().includes(part), part);
  await s.redisCli('sadd', 'control', ALICE);
  assert.ok((await everything(s)).includes(ALICE), 'it would have been seen');
});

story('U13: without Redis it is 503, and works again when it is back', async (s) => {
  await s.start();
  await dayIsLong();
  assert.equal(await today(s, ALICE), 1);
  await s.redis.kill();
  const refused = await visit(s, { visitorId: ALICE, siteId: 'shop' });
  assert.deepEqual([refused.status, refused.error], [503, 'redis_unavailable']);
  for (const line of ['Retry-After: 1', 'Access-Control-Allow-Origin: *']) assert.ok(refused.lines.includes(line), line);
  assert.equal((await s.counters(s.collector)).day_visitors_failed, 1);
  await s.startRedis();
  await eventually(async () => assert.equal((await visit(s, { visitorId: BOB, siteId: 'shop' })).status, 200), 20_000);
  assert.equal(await today(s, BOB), 1); // it came back empty
});

story('U13: who leaves before Redis answers has been counted, and leaves nothing behind', async (s) => {
  await s.start();
  await dayIsLong();
  assert.equal(await today(s, ALICE), 1);
  s.redis.signal('SIGSTOP');
  const leaver = s.wire().send(visitBytes({ visitorId: BOB, siteId: 'shop' }));
  const waiting = today(s, 'carol');
  await eventually(async () => assert.equal((await s.counters(s.collector)).day_visitors, 3));
  leaver.socket.resetAndDestroy();
  await eventually(async () => assert.equal((await s.counters(s.collector)).conns_open, 1));
  s.redis.signal('SIGCONT');
  assert.equal(await waiting, 3);
  await eventually(async () => assert.equal((await s.counters(s.collector)).conns_open, 0));
});

story('U13: what names no visitor is refused, and nothing is kept of it', async (s) => {
  await s.start();
  const refused = [
    ['', 'bad_body'], ['x', 'bad_body'], ['[]', 'bad_body'], ['"alice"', 'bad_body'], ['{"visitorId":"a"', 'bad_body'],
    [{}, 'bad_visitor_id'], [{ visitorId: '' }, 'bad_visitor_id'], [{ visitorId: 7 }, 'bad_visitor_id'],
    [{ visitorId: 'x'.repeat(65) }, 'bad_visitor_id'], [{ visitorId: null }, 'bad_visitor_id'],
    [{ visitorId: 'a', siteId: 'no site' }, 'bad_site'], [{ visitorId: 'a', siteId: '..' }, 'bad_site'],
    [{ visitorId: 'a', siteId: 'x'.repeat(65) }, 'bad_site'],
  ];
  for (const [body, error] of refused) {
    const answer = await visit(s, body);
    assert.deepEqual([answer.status, answer.error], [400, error], JSON.stringify(body));
  }
  assert.equal((await s.counters(s.collector)).day_visitors_bad, refused.length);
  assert.deepEqual((await s.keys()).filter((key) => key.includes(':d:')), []);
  assert.equal(await today(s, 'x'.repeat(64)), 1);
});

story('U13: it is where the dialect is, and takes what a page of another origin may send', async (s) => {
  await s.start({ collector: ['--dialects', 'liveuser', '--base-path', '/about'] });
  const target = '/about/v1/visit';
  assert.equal((await visit(s, { visitorId: ALICE }, { target })).today, 1);
  assert.equal((await visit(s, { visitorId: ALICE }, { target: '/about/any/where/v1/visit' })).today, 1);
  assert.equal((await s.request('/v1/visit', { method: 'POST' })).status, 404);
  const wrong = await s.request(target);
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'POST, OPTIONS']);
  const preflight = await s.request(target, {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  });
  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin']], [204, '*']);
  assert.match(preflight.headers['access-control-allow-methods'], /\bPOST\b/);
  assert.match(preflight.headers['access-control-allow-headers'], /\bContent-Type\b/i);
  const plain = visitBytes({ visitorId: BOB }, { target }).replace('Content-Type: application/json\r\n', '');
  assert.match((await play(s, plain)).body, /"today":2,/);
  await s.collector.stop();
  await s.startCollector(['--dialects', 'livestats']);
  assert.equal((await s.request('/v1/visit', { method: 'POST' })).status, 404);
});

// ---- the ancestor ----

story('U2: the ancestor says its site, and is told in its own words', async (s) => {
  await s.start();
  const elder = await Visitor.joinByRoot(s, 'shop');
  const younger = await Visitor.join(s);
  await tell(2, [elder, younger]);
  const { at: _, ...update } = elder.last;
  assert.deepEqual(update, { type: 'update', siteId: 'shop', count: 2, timestamp: update.timestamp });
  assert.ok(Math.abs(update.timestamp - Date.now() / 1000) < 5, update.timestamp);
  await elder.leave();
  await tell(1, [younger]);
});

story('U2: who says no site is told nothing, and is not kept', async (s) => {
  await s.start();
  const mute = new Visitor(s, '/');
  const wrong = await Visitor.joinByRoot(s, 'no site');
  assert.equal((await within(5000, 'it is closed', wrong.closed)).code, 1008);
  mute.opened.then(() => mute.say({ type: 'heartbeat' }));
  await within(20_000, 'it is closed', mute.closed);
  assert.deepEqual(mute.messages, []);
  assert.equal((await s.counters(s.collector)).ws_idle, 1);
  assert.match((await s.request('/')).headers['content-type'], /^text\/html/); // ours
});

// ---- in a browser ----

/** Somebody else's site: its pages by their paths, and an empty one for all others. */
async function site(s, pages) {
  const server = http.createServer((req, res) => {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    res.end(`<!doctype html><title>a page</title>
      <b id="liveuser"></b> <b id="liveuser_totalvisits"></b> ${pages[new URL(req.url, 'http://x').pathname] ?? ''}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${server.address().port}`;
}

async function browse(s) {
  const browser = await Browser.launch();
  s.closing.push(() => browser.kill());
  return browser.person();
}

const shown = (tab) => tab.run(`(() => {
  const [live, visits] = ['liveuser', 'liveuser_totalvisits'].map((id) => document.getElementById(id));
  return [live.textContent, live.getAttribute('data-live-count'), visits.textContent, visits.getAttribute('data-total-count')];
})()`);
const shows = (tab, ...texts) =>
  eventually(async () => assert.deepEqual((await shown(tab)).slice(0, texts.length), texts), 20_000);

const include = (s, file, query) => `<script src="http://${s.http}/${file}?${new URLSearchParams(query)}" async></script>`;

story('U2: both generations of the widget and the ancestor count each other in a browser', async (s) => {
  await s.start();
  const origin = await site(s, {
    '/1': include(s, 'liveuser.js', { siteId: 'shop', enableTotalCount: 'true', baseUrl: `http://${s.http}` }),
    '/2': include(s, 'liveuser.js', { siteId: 'shop', enableTotalCount: 'true' }),
    '/go': include(s, 'main.js', { siteId: 'shop' }),
  });
  const person = await browse(s);
  const first = await person.open(`${origin}/1`);
  await shows(first, '1', '1', '1', '1');
  const second = await person.open(`${origin}/2`);
  await shows(second, '2', '2', '2', '2');
  const third = await person.open(`${origin}/go`, {
    script: `window.told = []; addEventListener('liveuser:update', ({ detail }) => told.push(detail));`,
  });
  await shows(third, '3', '3', '', null);
  await shows(first, '3', '3', '2', '2');
  assert.deepEqual(await third.run('told[0]'), { count: 3, oldCount: 0, siteId: 'shop' });
  assert.equal(await third.run('getLiveUserCount()'), 3);
  await second.close();
  await shows(first, '2', '2', '2', '2');
  await shows(third, '2', '2');
  await third.goto(`${origin}/elsewhere`);
  await shows(first, '1', '1');
}, { ms: 90_000 });

story('U13: a page of another origin is told the day in a browser', async (s) => {
  await s.start();
  await dayIsLong();
  const origin = await site(s, {});
  const tab = await (await browse(s)).open(`${origin}/`);
  await tab.run(`window.visit = (visitorId) => fetch('http://${s.http}/v1/visit', {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ visitorId }),
  }).then((answer) => answer.json()).then((said) => (window.said = said)); 0`);
  for (const [id, n] of [[ALICE, 1], [ALICE, 1], [BOB, 2]]) {
    await tab.run(`window.said = null; visit('${id}'); 0`);
    await eventually(async () => assert.deepEqual(await tab.run('said && [said.type, said.siteId, said.today]'), ['visit', '127.0.0.1', n]));
  }
}, { ms: 90_000 });

const CLIENT = fs.readFileSync(new URL('clients/liveuser_client.js', import.meta.url), 'utf8');

story('U2, U9: the clients of others count in a browser, and come again', async (s) => {
  await s.start();
  const origin = await site(s, {});
  const person = await browse(s);
  const tabs = [];
  for (const [generation, serverUrl] of [[0, `ws://${s.http}/`], [1, `http://${s.http}/`], [2, `ws://${s.http}`]]) {
    const config = { generation, serverUrl, siteId: 'shop', enableTotalCount: generation > 0, reconnectDelay: 300 };
    tabs.push(await person.open(`${origin}/`, { script: `${CLIENT}; window.client = LiveUserClient.start(${JSON.stringify(config)})` }));
  }
  const agree = (count, totals) =>
    eventually(async () => {
      for (const [k, tab] of tabs.entries())
        assert.deepEqual(await tab.run('[client.count, client.totalCount ?? 0]'), [count, k ? totals : 0]);
    }, 20_000);
  await agree(3, 2);
  await s.collector.stop();
  await eventually(async () => assert.ok(await tabs[1].run('client.toldOfTheEnd')));
  await s.startCollector();
  await agree(3, 4); // each connection of theirs that asked for it counts
}, { ms: 90_000 });

story('U9: the widget comes again after a restart, says so, and is the same visit', async (s) => {
  await s.start();
  const origin = await site(s, { '/': include(s, 'liveuser.js', { siteId: 'shop', enableTotalCount: 'true', reconnectDelay: 700 }) });
  const person = await browse(s);
  const one = await person.open(`${origin}/`);
  const two = await person.open(`${origin}/`);
  for (const tab of [one, two]) await shows(tab, '2', '2', '2', '2');
  const witness = await Visitor.join(s);
  await tell(3, [witness]);
  await s.collector.stop();
  assert.equal(witness.of('shutdown').length, 1);
  assert.equal(typeof witness.of('shutdown')[0].message, 'string');
  for (const tab of [one, two])
    await eventually(async () => assert.match((await shown(tab))[0], /^(Disconnected, reconnecting|Connecting)\.\.\.$|^Connection error$/));
  await s.startCollector();
  for (const tab of [one, two]) await shows(tab, '2', '2', '2', '2');
  assert.equal(await total(s, 'shop'), 2);
}, { ms: 90_000 });

/** A server that says what the test says. */
async function socketServer(s) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await new Promise((resolve) => server.on('listening', resolve));
  s.closing.push(() => new Promise((resolve) => {
    for (const client of server.clients) client.terminate();
    server.close(resolve);
  }));
  return server;
}

story('U9: while the aggregator learns anew who is there, nobody is told less', async (s) => {
  await s.start({ collector: ['--member-timeout', '3'] });
  const crowd = [];
  for (let k = 0; k < 3; k++) crowd.push(await Visitor.join(s, { totals: true }));
  await tell(3, crowd);
  await s.aggregator.kill();
  await s.startAggregator();
  const fourth = await Visitor.join(s, { totals: true });
  await tell(4, [...crowd, fourth], 30_000);
  for (const { messages } of crowd) {
    const counts = messages.filter(({ type }) => type === 'update').map(({ count }) => count);
    assert.deepEqual(counts, [...counts].sort(), `${counts}`); // it only grows
  }
  assert.equal(crowd[0].last.totalCount, 4);
  await s.collector.stop(); // before the aggregator, which is to hear that they left
});

story('U12: large numbers are shown short, and told exactly', async (s) => {
  await s.start();
  const told = [[0, '0'], [999, '999'], [1000, '1.0K'], [1550, '1.6K'], [999_949, '999.9K'], [999_950, '1.0M'], [1_234_567, '1.2M']];
  const server = await socketServer(s);
  const serverUrl = `ws://127.0.0.1:${server.address().port}`;
  const origin = await site(s, {
    '/': include(s, 'liveuser.js', { siteId: 'shop', serverUrl, enableTotalCount: 'true' }),
  });
  const connected = new Promise((resolve) => server.once('connection', (socket, req) => resolve([socket, req])));
  const tab = await (await browse(s)).open(`${origin}/`);
  const [socket, req] = await within(10_000, 'the widget connects', connected);
  const url = new URL(req.url, serverUrl);
  assert.equal(url.pathname, '/ws');
  assert.match(url.searchParams.get('clientId'), /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  assert.deepEqual([url.searchParams.get('siteId'), url.searchParams.get('enableTotalCount')], ['shop', 'true']);
  for (const [n, text] of told) {
    socket.send(JSON.stringify({ type: 'update', count: n, totalCount: n }));
    await shows(tab, text, String(n), text, String(n));
  }
});

story('U12: the widget says how it fares, beats, and says goodbye', async (s) => {
  await s.start();
  const server = await socketServer(s);
  const said = [];
  const clients = [];
  server.on('connection', (socket, req) => {
    clients.push(new URL(req.url, 'ws://x').searchParams.get('clientId'));
    socket.on('message', (text) => said.push(JSON.parse(text)));
    socket.on('close', () => said.push('closed'));
  });
  const origin = await site(s, {
    '/': include(s, 'liveuser.js', { siteId: 'shop', serverUrl: `http://127.0.0.1:${server.address().port}/`, reconnectDelay: '50' }),
  });
  const tab = await (await browse(s)).open(`${origin}/`);
  await shows(tab, 'Connected', null);
  await eventually(() => assert.deepEqual(said, [{ type: 'join', siteId: 'shop', clientId: clients[0] }]));
  for (const client of server.clients) client.terminate();
  await eventually(() => assert.equal(clients.length, 2));
  assert.equal(clients[1], clients[0]);
  await shows(tab, 'Connected', null);
  await tab.pass(31_000);
  const beat = await eventually(() => said.find(({ type }) => type === 'heartbeat') ?? assert.fail('no heartbeat'));
  assert.deepEqual(Object.keys(beat), ['type', 'siteId', 'clientId', 'timestamp']);
  const closed = said.filter((each) => each === 'closed').length;
  await tab.goto(`${origin}/elsewhere`);
  await eventually(() => assert.equal(said.filter((each) => each === 'closed').length, closed + 1));
});
