// Who may read a site: each way to its numbers, with and without a token of it, while it is
// closed, opened again, and while Redis is away.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { WebSocket } from 'ws';
import { eventually, request, story, Story, within } from './harness.mjs';
import { Held } from './held.mjs';
import { LONG, nobodyCopies } from './long.mjs';
import { message, Sse } from './sse.mjs';
import { Terminal, token } from './telnet.mjs';

const SCOPES = ['read', 'send', 'admin'];
const CHANGE_MS = 2_000; // a change holds everywhere within
const SLACK_MS = 1_500;

const STREAM = '/sites/shop/stream';
const REALTIME = '/sites/shop/realtime';
const WS = {
  upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** Every way to read a site that is answered and done; headers of its own for each. */
const READS = [
  [REALTIME], ['/api/sites/shop/realtime'], ['/api/analytics/sites/shop/realtime?minutes=30'],
  ['/sites/shop/total'], ['/sites/shop/badge.svg'], ['/sites/shop/badge.json?shields=1'],
  ['/getlivestats.php', { host: 'shop' }], ['/api/total/shop'],
  ...['live', 'stats', 'timeseries', 'pages', 'referrers', 'devices', 'browsers', 'countries']
    .map((name) => [`/any/sites/shop/${name}`]),
  ['/p/shop/pulse'],
];

const bearer = (text) => (text ? { authorization: `Bearer ${text}` } : {});
const wrong = () => `hc_${crypto.randomBytes(32).toString('base64url')}`;
const json = (answer) => JSON.parse(answer.body);

/** Everybody comes from an address of its own, lest their wrong tokens add up. */
let people = 0;
const somebody = () => ({ 'x-forwarded-for': `2001:db8:${(people++).toString(16)}::1` });

/** One worker, where nothing else is said: each hears by itself that a site was closed, and counts guesses. */
const start = (s, { collector = [], ...options } = {}) =>
  s.start({ workers: 1, ...options, collector: ['--trusted-proxy', '127.0.0.1', '--feed-listen', '127.0.0.1:0', ...collector] });

async function visibility(s, word, site = 'shop') {
  const { code, err } = await s.cli(['site', 'visibility', site, word, '--redis', s.redisAddress]);
  assert.deepEqual([code, err], [0, '']);
}

/** A site with somebody on it, its badge on, a token of each scope, and closed. */
async function closedSite(s) {
  const tokens = {};
  for (const scope of SCOPES) tokens[scope] = await token(s, 'shop', scope);
  await s.redisCli('hset', 'hc:{shop}:c', 'badge', 1);
  await s.hit({ i: 'shop', p: '/secret', u: 'alice', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  await visibility(s, 'token');
  await tokenless(s, 401);
  return tokens;
}

const read = (s, target, text, { headers, method } = {}) =>
  s.request(target, { method, headers: { ...somebody(), ...headers, ...bearer(text) } });

function assertRefused(answer, target, method = 'GET') {
  assert.equal(answer.status, 401, target);
  assert.equal(answer.headers['access-control-allow-origin'], '*', target);
  assert.equal(answer.headers['access-control-allow-credentials'], undefined, target);
  assert.equal(answer.headers['cache-control'], 'no-store', target);
  assert.match(answer.headers['www-authenticate'], /^Bearer /, target);
  assert.equal(answer.body.toString(), method === 'HEAD' ? '' : '{"error":"unauthorized"}\n', target);
}

/** A WebSocket that opens, or the status that it is refused with. */
const socket = (s, text) =>
  within(10_000, 'the socket opens or not', new Promise((resolve, reject) => {
    const ws = new WebSocket(`ws://${s.http}/sites/shop/ws`, { headers: { ...somebody(), ...bearer(text) } });
    s.closing.push(() => ws.terminate());
    ws.on('open', () => resolve(ws)).on('unexpected-response', (_, { statusCode }) => resolve(statusCode)).on('error', reject);
  }));

const tokenless = async (s, status, ms = CHANGE_MS + SLACK_MS) =>
  eventually(async () => assert.equal((await read(s, REALTIME)).status, status), ms);

story('a closed site is read with a token of it, of whatever scope, and in no other way', async (s) => {
  await start(s);
  const tokens = await closedSite(s);
  const other = await token(s, 'other', 'admin');
  for (const [target, headers] of READS) {
    for (const method of ['GET', 'HEAD']) {
      for (const text of [undefined, wrong(), other, 'nonsense'])
        assertRefused(await read(s, target, text, { headers, method }), `${method} ${target} ${text}`, method);
      for (const scope of SCOPES) {
        const answer = await read(s, target, tokens[scope], { headers, method });
        assert.equal(answer.status, 200, `${method} ${target} ${scope}: ${answer.body}`);
        assert.equal(answer.headers['access-control-allow-origin'], '*', target);
      }
    }
  }
  assert.equal(json(await read(s, REALTIME, tokens.read)).currentVisitors, 1);
  assertRefused(await read(s, `${REALTIME}?token=${tokens.admin}&access_token=${tokens.admin}`), 'in the address');
  assertRefused(await read(s, `${REALTIME}#token=${tokens.admin}`).catch(() => read(s, REALTIME)), 'in a fragment');
  assert.equal((await read(s, REALTIME, undefined, { headers: { authorization: 'Basic eDp5' } })).status, 401);
});

story('so are its streams, by SSE, by WebSocket and at the feed port', async (s) => {
  await start(s);
  const tokens = await closedSite(s);
  for (const text of [undefined, wrong(), 'nonsense']) {
    for (const method of ['GET', 'HEAD']) assertRefused(await read(s, STREAM, text, { method }), STREAM, method);
    assertRefused(await read(s, '/sites/shop/ws', text, { headers: WS }), 'ws');
    assert.equal(await socket(s, text), 401);
  }
  const terminal = await Terminal.open(s);
  assert.equal(await terminal.ask('watch shop\n'), 'error unauthorized');
  assert.equal(await terminal.ask('watch shop json\n'), 'error unauthorized');
  assert.equal(await terminal.ask(`watch shop ${wrong()}\n`), 'error unauthorized');
  for (const scope of SCOPES) {
    const stream = await Sse.open(s, STREAM, { headers: bearer(tokens[scope]) });
    assert.equal(stream.status, 200);
    assert.equal(stream.headers['access-control-allow-origin'], '*');
    await stream.until((x) => assert.equal(x.state.online.total, 1));
    assert.equal((await read(s, STREAM, tokens[scope], { method: 'HEAD' })).status, 200);
    assert.ok((await socket(s, tokens[scope])) instanceof WebSocket);
    await Terminal.watching(s, 'shop', ` ${tokens[scope]}`);
  }
});

story('pages of other origins may bring a token, and find out that they must', async (s) => {
  await start(s);
  await closedSite(s);
  const ask = { origin: 'https://shop.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' };
  for (const [target, headers] of [...READS, [STREAM]]) {
    const answer = await read(s, target, undefined, { method: 'OPTIONS', headers: { ...headers, ...ask } });
    assert.equal(answer.status, 204, target);
    assert.equal(answer.headers['access-control-allow-origin'], '*', target);
    assert.match(answer.headers['access-control-allow-headers'], /\bAuthorization\b/, target);
    assert.match(answer.headers['access-control-allow-methods'], /\bGET\b/, target);
  }
});

story('a public site asks for nothing, not even a right token, and costs Redis nothing more', async (s) => {
  await start(s);
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const monitor = s.run('monitor', 'redis-cli', ['-s', s.socket, 'monitor']);
  await monitor.says(/OK/);
  for (const [target, headers] of READS) {
    if (/badge/.test(target)) continue;
    assert.equal((await read(s, target, undefined, { headers })).status, 200, target);
  }
  const own = () => monitor.out.split('\n').filter((line) => / "EVAL" .* "hc:\{shop\}:c"/i.test(line) && !line.includes(' lua] '));
  await s.redisCli('echo', 'here');
  await monitor.says(/here/);
  assert.deepEqual(own(), [], 'nobody asks for its settings');
  const streams = await Promise.all(Array.from({ length: 40 }, () => Sse.open(s, STREAM)));
  for (const stream of streams) await stream.until((x) => assert.ok(x.state));
  await s.redisCli('echo', 'there');
  await monitor.says(/there/);
  assert.ok(own().length >= 1 && own().length <= 2, `${own().length} times for 40 streams at once`);
  await monitor.kill();
  for (let k = 0; k < 15; k++) // from one address; none of them is a guess
    assert.equal((await s.request(REALTIME, { headers: bearer(wrong()) })).status, 200);
  assert.equal((await s.counters(s.collector)).guessers, 0);
  assert.equal((await s.counters(s.collector)).unauthorized, 0);
});

story('settings of any length and number are no burden: a token is found, and the link stays', async (s) => {
  await start(s);
  const { read: mine, send } = await closedSite(s);
  await s.hit({ i: 'other', p: '/', u: 'alice', v: 'b' });
  await s.sees('other', { currentVisitors: 1 });
  await s.redisCli('eval', `redis.call('setrange', 'long', ${LONG}, 'x') -- the fastest way to make one
    local c, long, name = 'hc:{shop}:c', redis.call('get', 'long'), string.rep('x', 1000)
    for k = 1, 2000 do redis.call('hset', c, 'g:' .. k, 'path /', 'al:' .. k, 'above online 2 1 0', 't:' .. k, name) end
    redis.call('hset', c, 't:long', long, 'g:' .. name, 'path /', 'v', '1', 'read', 'none', 'demo', name)
    redis.call('hset', 'hc:{shop}:al', '1', long)`, '0');
  let assertUncopied = await nobodyCopies(s);
  const reads = async () => {
    for (const [text, status] of [[mine, 200], [undefined, 401]])
      assert.equal((await read(s, REALTIME, text)).status, status);
    assert.equal((await read(s, '/sites/other/realtime')).status, 200);
  };
  await reads();
  const stream = await Sse.open(s, STREAM, { headers: bearer(mine) });
  await stream.until((x) => assert.ok(x.state));
  await assertUncopied();
  await s.redisCli('eval', "redis.call('hset', 'hc:{shop}:c', 't:long', '', 'read', redis.call('get', 'long'), 't:send', '')", '0');
  assertUncopied = await nobodyCopies(s);
  await eventually(async () => assert.equal((await read(s, REALTIME, send)).status, 401)); // it was read anew
  await reads();
  await assertUncopied();
  assert.doesNotMatch(s.collector.err, /event=redis_down/);
  assert.equal((await s.counters(s.collector)).settings_failed, 0);
});

story('what is changed holds within two seconds, both ways, at every worker', async (s) => {
  await start(s, { workers: 3 });
  const read_ = await token(s, 'shop', 'read');
  const all = (status, text) => eventually(async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => read(s, REALTIME, text)));
    assert.deepEqual(answers.map((answer) => answer.status), answers.map(() => status));
  }, CHANGE_MS + SLACK_MS);
  await all(200);
  await visibility(s, 'token');
  await all(401);
  await all(200, read_);
  await visibility(s, 'public');
  await all(200);
  await all(200, wrong());
  await s.redisCli('hset', 'hc:{shop}:c', 'read', 'token'); // by hand, and nobody is told
  await all(401);
  await eventually(async () => assert.equal((await read(s, STREAM, undefined, { method: 'HEAD' })).status, 401), CHANGE_MS + SLACK_MS);
  await s.redisCli('hset', 'hc:{shop}:c', 'read', 'nobody knows this word');
  await all(401);
  await s.redisCli('hset', 'hc:{shop}:c', 'read', 'public');
  await all(200);
});

story('a token that is taken back ends: for answers, and for the streams that it opened', async (s) => {
  await start(s);
  const tokens = await closedSite(s);
  const held = await Sse.open(s, STREAM, { headers: bearer(tokens.read) });
  await held.until((x) => assert.ok(x.state));
  const watcher = await Terminal.watching(s, 'shop', ` ${tokens.read}`);
  assert.equal((await s.cli(['site', 'token', 'shop', 'rm', 'read', '--redis', s.redisAddress])).code, 0);
  await eventually(async () => assertRefused(await read(s, REALTIME, tokens.read), REALTIME), CHANGE_MS + SLACK_MS);
  await within(CHANGE_MS, 'the stream ends', held.end);
  await within(CHANGE_MS, 'so does the watcher', watcher.end);
  assertRefused(await read(s, STREAM, tokens.read, { method: 'HEAD' }), STREAM, 'HEAD');
  assert.equal((await read(s, REALTIME, tokens.send)).status, 200);
});

story('streams that are open when a site is closed are asked to come again, members stay', async (s) => {
  await start(s, { workers: 2 });
  const read_ = await token(s, 'shop', 'read');
  const member = await Held.open(s, '/shop');
  await member.tells(1);
  const live = new WebSocket(`ws://${s.http}/ws?siteId=shop`);
  s.closing.push(() => live.terminate());
  const counts = [];
  live.on('message', (text) => counts.push(JSON.parse(text).count));
  await eventually(() => assert.equal(counts.at(-1), 2));
  const streams = await Promise.all(Array.from({ length: 6 }, () => Sse.open(s, STREAM)));
  for (const stream of streams) await stream.until((x) => assert.ok(x.state));
  const ws = await socket(s);
  const code = new Promise((resolve) => ws.on('close', resolve));
  const watcher = await Terminal.watching(s);
  await visibility(s, 'token');
  await within(CHANGE_MS, 'all end', Promise.all([...streams.map(({ end }) => end), watcher.end]));
  for (const stream of streams) assert.ok(Number(stream.frames.at(-1).retry) >= 2000, 'and come again later');
  assert.equal(await within(CHANGE_MS, 'the socket, too', code), 1001);
  assert.equal(watcher.lines.at(-1), '# who watches this site needs a token now');
  assert.equal((await read(s, STREAM, undefined, { method: 'HEAD' })).status, 401);
  const again = await Sse.open(s, STREAM, { headers: bearer(read_) });
  await again.until((x) => assert.ok(x.state));
  const third = await Held.open(s, '/shop');
  await eventually(() => assert.equal(counts.at(-1), 3));
  assert.ok(!member.closed && !third.closed && live.readyState === WebSocket.OPEN && !again.closed);
  await s.cli(['site', 'rm', 'shop', '--redis', s.redisAddress]);
  await tokenless(s, 200);
});

story('a stream that nobody told ends when its site is read the next time', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', '1']);
  const stream = await Sse.open(s, STREAM);
  await stream.until((x) => assert.ok(x.hello));
  await s.redisCli('hset', 'hc:{shop}:c', 'read', 'token');
  await s.redisCli('publish', 'hc:shop', message({ n: 5, last: 3 })); // events that it has not heard of
  await within(20_000, 'it ends', stream.end);
});

story('while Redis is away a closed site is 503, and nothing of it is told', async (s) => {
  await start(s);
  const tokens = await closedSite(s);
  const held = await Sse.open(s, STREAM, { headers: bearer(tokens.read) });
  await held.until((x) => assert.ok(x.state));
  await s.redis.kill();
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 503));
  for (const text of [undefined, tokens.admin, wrong()]) {
    await eventually(async () => {
      for (const [target, headers] of [...READS, [STREAM], ['/sites/shop/ws', WS]]) {
        const answer = await read(s, target, text, { headers });
        assert.equal(answer.status, 503, `${target} ${text}: ${answer.status}`);
        assert.equal(answer.headers['access-control-allow-origin'], '*', target);
        assert.equal(answer.body.toString(), '{"error":"redis_unavailable"}\n', target);
      }
    }, CHANGE_MS + SLACK_MS);
  }
  const terminal = await Terminal.open(s);
  assert.equal(await terminal.ask('watch shop\n'), 'error unavailable');
  assert.equal(await terminal.ask(`watch shop ${tokens.read}\n`), 'error unavailable');
}, { ms: 90_000 });

story('a stream of which nobody knows yet whether it needs a token waits, and then ends', async (s) => {
  await s.startRedis(['--appendonly', 'yes']);
  s.udp = '127.0.0.1:9';
  await s.startCollector(['--workers', '1', '--feed-listen', '127.0.0.1:0']);
  await s.redisCli('hset', 'hc:{shop}:c', 'read', 'token');
  await s.redisCli('hset', 'hc:{shop}:t', 'pv', '4711');
  await s.redis.stop();
  const stream = await eventually(async () => {
    const one = await Sse.open(s, STREAM);
    assert.equal(one.status, 200);
    return one;
  });
  const terminal = await Terminal.open(s);
  terminal.write('watch shop\n');
  assert.equal((await read(s, STREAM, wrong())).status, 503);
  await s.startRedis(['--appendonly', 'yes']);
  await within(30_000, 'it ends', stream.end);
  await within(30_000, 'so does that one', terminal.end);
  assert.deepEqual(stream.frames.filter(({ event }) => event), [], 'and was told nothing');
  assert.deepEqual(terminal.lines, ['# who watches this site needs a token now']);
}, { ms: 90_000 });

story('a closed site is in no list, its page has no number, and metrics do not name it', async (s) => {
  await start(s);
  await s.hit({ i: 'blog', p: '/', u: 'bob', v: 'b' });
  const tokens = await closedSite(s);
  await eventually(async () => {
    const { sites } = json(await s.request('/sites'));
    assert.deepEqual(sites.map(({ site, online }) => [site, online.total]), [['blog', 1]]);
  });
  const { unauthorized } = await s.counters(s.collector);
  const home = (await s.request('/')).body.toString();
  assert.match(home, /<title>\(1\) headcount<\/title>/);
  assert.doesNotMatch(home, /shop|secret/);
  for (const headers of [{}, bearer(tokens.admin)]) {
    const { status, body } = await s.request('/site/shop', { headers });
    const page = body.toString();
    assert.equal(status, 200);
    assert.match(page, /<title>shop<\/title>/);
    assert.match(page, /<script type="application\/json" id="first">null<\/script>/);
    assert.match(page, /id="online">–</);
    assert.doesNotMatch(page, /secret|alice|rev/);
  }
  for (const daemon of [s.collector, s.aggregator]) {
    const { body } = await request(`http://${await Story.adminOf(daemon)}/metrics`);
    assert.doesNotMatch(body.toString(), /shop/);
  }
  await visibility(s, 'token', 'blog');
  await eventually(async () => assert.deepEqual(json(await s.request('/sites')).sites, []));
  assert.equal((await s.counters(s.collector)).unauthorized, unauthorized, 'a page refuses nobody');
});

story('too many wrong tokens are 429, which pages may read, and a right one works all the same', async (s) => {
  await start(s);
  const { read: right } = await closedSite(s);
  const from = (text) => s.request(REALTIME, { headers: { 'x-forwarded-for': '192.0.2.1', ...bearer(text) } });
  for (let k = 0; k < 10; k++) assertRefused(await from(wrong()), REALTIME);
  for (const target of [REALTIME, STREAM]) {
    const answer = await s.request(target, { headers: { 'x-forwarded-for': '192.0.2.1', ...bearer(wrong()) } });
    assert.equal(answer.status, 429);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.ok(Number(answer.headers['retry-after']) >= 1);
    assert.deepEqual(json(answer), { error: 'too_many_wrong_tokens' });
  }
  assertRefused(await from(), 'who brings none has not guessed');
  assert.equal((await from(right)).status, 200);
});

story('answers keep their order while settings are asked for, whoever stops sending', async (s) => {
  await start(s);
  const { read: right } = await closedSite(s);
  await token(s, 'blog', 'read');
  const head = (target, text, more = '') =>
    `GET ${target} HTTP/1.1\r\nHost: x\r\n${text ? `Authorization: Bearer ${text}\r\n` : ''}${more}\r\n`;
  const before = (await s.counters(s.collector)).requests;
  const wire = s.wire().send(
    head('/livez') + head('/sites/blog/total', wrong()) + head('/sites/shop/total', right) + head('/sites/shop/total') +
    head('/robots.txt', '', 'Connection: close\r\n'),
  );
  await within(10_000, 'all are answered', wire.end);
  const statuses = [...wire.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
  assert.deepEqual(statuses, [200, 200, 200, 401, 200]);
  assert.equal((await s.counters(s.collector)).requests, before + 5, 'each is counted once');
  for (const [k, more] of ['', 'Connection: close\r\n'].entries()) {
    const last = s.wire().send(head(`/sites/unread-${k}/total`, wrong(), more)).halfClose();
    await within(10_000, 'it is closed', last.end);
    assert.match(last.text, /^HTTP\/1\.1 200 .*"views":0/s);
  }
});

story('an operator sees and changes who may read', async (s) => {
  await s.startRedis();
  const show = () => s.cliJson('site', 'visibility', 'shop');
  assert.deepEqual(await show(), { visibility: 'public' });
  assert.deepEqual(await s.cliJson('site', 'visibility', 'shop', 'token'), { site: 'shop', changed: true });
  assert.deepEqual(await s.cliJson('site', 'visibility', 'shop', 'token'), { site: 'shop', changed: false });
  assert.equal(await s.redisCli('hget', 'hc:{shop}:c', 'read'), 'token');
  assert.equal(await s.redisCli('smembers', 'hc:sites'), 'shop');
  assert.deepEqual(await show(), { visibility: 'token' });
  assert.equal((await s.cliJson('site', 'list'))[0].visibility, 'token');
  const { out } = await s.cli(['site', 'list', '--redis', s.redisAddress]);
  assert.match(out, /\bshop\b.*\btoken\b/);
  assert.deepEqual(await s.cliJson('site', 'visibility', 'shop', 'public'), { site: 'shop', changed: true });
  assert.equal(await s.redisCli('exists', 'hc:{shop}:c'), '0');
  for (const words of [['shop', 'private'], ['shop', 'token', 'x'], [], ['a b']]) {
    const { code, err } = await s.cli(['site', 'visibility', ...words, '--redis', s.redisAddress]);
    assert.equal(code, 2, err);
  }
});
