// Which sites count: those that an operator has added, from the pages of their origins, and who
// asks not to be counted where a site heeds it. What has not been added is refused aloud.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { Visitor } from './clients/liveuser_client.mjs';
import { eventually, request, story, Story } from './harness.mjs';
import { Held } from './held.mjs';
import { ownTime } from './own_time.mjs';

const CLOSED = ['--no-open-sites'];
const SOON_MS = 1000; // until what an operator has changed holds
const GIF = 'GIF89a';

/** A collector that counts added sites alone, and has read that there are none. */
async function start(s, { workers = 1, collector = [] } = {}) {
  await s.start({ workers, collector: [...CLOSED, ...collector] });
  await knows(s, 0);
}

/** Waits until the collector knows so many sites. */
const knows = (s, sites, ms) =>
  eventually(async () => {
    const { sites_open, sites_added } = await s.counters(s.collector);
    assert.deepEqual([sites_open, sites_added], [0, sites]);
  }, ms);

async function site(s, ...words) {
  const { code, out, err } = await s.cli(['site', ...words, '--redis', s.redisAddress]);
  assert.equal(code, 0, err);
  return out;
}

/** A beacon: its status, and why it did not count. */
async function beacon(s, fields, headers = {}) {
  const answer = await s.request(`/hc.gif?${new URLSearchParams({ p: '/', ...fields })}`, { headers });
  assert.equal(answer.body.toString('latin1', 0, 6), GIF);
  return [answer.status, answer.headers['x-headcount']].filter(Boolean).join(' ');
}

const post = (s, target, type, text, headers = {}) => {
  const body = Buffer.from(text);
  return s.request(target, { method: 'POST', headers: { 'content-type': type, 'content-length': body.length, ...headers }, body });
};

const tells = (s, fields, expected, headers, ms = SOON_MS) =>
  eventually(async () => assert.equal(await beacon(s, fields, headers), expected), ms);

story('a site that was not added is refused aloud, added it counts at once, and removed no more', async (s) => {
  await start(s, { workers: 2 });
  assert.equal(await beacon(s, { i: 'shop' }), '400 unknown_site');
  assert.equal(await beacon(s, { i: 'shop', send_image: '0' }), '400 unknown_site');
  const batch = await post(s, '/e', 'application/json', JSON.stringify([{ i: 'shop', p: '/' }]));
  assert.equal(batch.status, 400);
  assert.deepEqual(JSON.parse(batch.body), { error: 'unknown_site', accepted: 0, rejected: [{ index: 0, reason: 'unknown_site' }] });
  assert.equal((await s.counters(s.collector)).unknown_site, 3);
  assert.equal((await s.counters(s.collector)).hits, 0);

  assert.equal(await site(s, 'add', 'shop'), 'shop: added\n');
  for (let k = 0; k < 8; k++) await tells(s, { i: 'shop', u: `early${k}` }, '200'); // either worker
  const { hits } = await s.counters(s.collector);
  await s.sees('shop', { pageViews: hits });
  assert.equal(await beacon(s, { i: 'other' }), '400 unknown_site');

  await site(s, 'rm', 'shop');
  await tells(s, { i: 'shop' }, '400 unknown_site');
  for (let k = 0; k < 8; k++) await tells(s, { i: 'shop' }, '400 unknown_site');
  const told = s.collector.err.match(/event=unknown_site .*/g);
  assert.equal(told.length, 1, 'the log says it once');
  assert.match(told[0], /site=shop .*headcount site add shop.*--open-sites/);
});

story('who sets anything of a site has added it, and a token of it is good for it', async (s) => {
  await start(s);
  const forms = [
    ['token', 'by-token', 'add', 'bot', '--scope', 'send'], ['goal', 'by-goal', 'add', 'order', '--path', '/thanks'],
    ['alert', 'by-alert', 'add', 'busy', '--above', '5'], ['badge', 'by-badge', 'on'], ['visibility', 'by-visibility', 'token'],
    ['privacy', 'by-privacy', 'heed'], ['origin', 'by-origin', 'add', 'https://shop.example'],
  ];
  const out = [];
  for (const form of forms) {
    out.push(await site(s, ...form));
    await tells(s, { i: form[1] }, '200');
  }
  const sent = await post(s, '/sites/by-token/messages', 'text/plain', 'hello', { authorization: `Bearer ${out[0].trim()}` });
  assert.equal(sent.status, 202);
  const list = await s.cliJson('site', 'list');
  assert.ok(list.every((row) => row.named));
  const of = Object.fromEntries(list.map((row) => [row.site, row]));
  assert.deepEqual([of['by-origin'].origins, of['by-origin'].privacy], [1, 'off']);
  assert.deepEqual([of['by-privacy'].origins, of['by-privacy'].privacy], [0, 'heed']);
});

story('pages of a site have its origins, and those of other origins are refused', async (s) => {
  await start(s);
  await site(s, 'add', 'shop', '--origin', 'HTTPS://Shop.example:443', '--origin', 'https://*.shop.example');
  await site(s, 'origin', 'shop', 'add', 'http://localhost:3000');
  assert.equal(await site(s, 'origin', 'shop'), 'http://localhost:3000\nhttps://*.shop.example\nhttps://shop.example\n');
  await tells(s, { i: 'shop' }, '200', { origin: 'http://localhost:3000' });
  const own = [
    {}, { origin: 'https://shop.example' }, { origin: 'https://SHOP.example' }, { origin: 'https://www.shop.example' },
    { origin: 'https://a.b.shop.example' }, { referer: 'https://shop.example/cart?from=https://evil.example/' },
    { origin: 'null' }, { origin: 'null', referer: 'https://shop.example/' },
  ];
  const foreign = [
    { origin: 'https://evil.example' }, { origin: 'https://shop.example.evil.example' }, { origin: 'https://evilshop.example' },
    { origin: 'http://shop.example' }, { origin: 'https://shop.example:8443' }, { origin: 'http://localhost' },
    { origin: 'https://shop.example@evil.example' }, { origin: 'https://user@shop.example' }, { origin: 'https://shop.example.' },
    { origin: 'https://*.shop.example' }, { origin: 'https://evil.example', referer: 'https://shop.example/' },
    { referer: 'https://evil.example/?https://shop.example/' }, { referer: 'https://shop.example@evil.example/' },
    { origin: 'null', referer: 'https://evil.example/' }, { origin: `https://${'a.'.repeat(200)}shop.example` },
    { referer: 'about:blank' }, { referer: '/https://shop.example/' },
  ];
  const before = await s.counters(s.collector);
  for (const headers of own) assert.equal(await beacon(s, { i: 'shop' }, headers), '200', JSON.stringify(headers));
  for (const headers of foreign)
    assert.equal(await beacon(s, { i: 'shop' }, headers), '400 foreign_origin', JSON.stringify(headers));
  const after = await s.counters(s.collector);
  assert.equal(after.hits - before.hits, own.length);
  assert.equal(after.foreign_origin - before.foreign_origin, foreign.length);

  await site(s, 'origin', 'shop', 'rm', 'https://*.shop.example:443');
  await tells(s, { i: 'shop' }, '400 foreign_origin', { origin: 'https://www.shop.example' });
  for (const origin of ['http://localhost:3000', 'https://shop.example']) await site(s, 'origin', 'shop', 'rm', origin);
  await tells(s, { i: 'shop' }, '200', { origin: 'https://evil.example' });
});

story('origins have a bound, and what is none is refused by the command before Redis is asked', async (s) => {
  await s.startRedis();
  const fails = async (expected, says, ...words) => {
    const { code, out, err } = await s.cli(['site', ...words, '--redis', s.redisAddress]);
    assert.deepEqual([code, out], [expected, ''], err);
    assert.match(err, says);
  };
  for (const bad of ['shop.example', 'https://shop.example/', 'https://*', 'null', 'https://bücher.example', 'https://a@b.example']) {
    await fails(2, /is no origin: give it like https:\/\/shop\.example/, 'add', 'shop', '--origin', bad);
    await fails(2, /is no origin/, 'origin', 'shop', 'add', bad);
  }
  await fails(2, /--origin belongs to `headcount site add`/, 'rm', 'shop', '--origin', 'https://shop.example');
  assert.equal(await s.redisCli('dbsize'), '0');
  const many = Array.from({ length: 16 }, (_, k) => `https://n${k}.example`);
  await site(s, 'add', 'shop', ...many.flatMap((origin) => ['--origin', origin]));
  await fails(1, /shop: origin https:\/\/one\.more would be one too many/, 'add', 'shop', '--origin', 'https://one.more');
  await fails(1, /would be one too many/, 'origin', 'shop', 'add', 'https://one.more');
  await fails(1, /is there already/, 'origin', 'shop', 'add', 'https://n3.example');
  assert.equal(await site(s, 'add', 'shop', '--origin', 'https://n3.example'), 'shop: is there already\n');
  await fails(1, /is not there/, 'origin', 'shop', 'rm', 'https://one.more');
  assert.deepEqual(await s.cliJson('site', 'origin', 'shop'), [...many].sort());
});

story('who asks not to be counted is, unless the site heeds it', async (s) => {
  await start(s);
  await site(s, 'add', 'shop');
  await tells(s, { i: 'shop' }, '200', { 'sec-gpc': '1' });
  assert.equal(await beacon(s, { i: 'shop' }, { dnt: '1' }), '200');
  assert.equal(await site(s, 'privacy', 'shop'), 'shop: privacy off\n');
  assert.equal(await site(s, 'privacy', 'shop', 'heed'), 'shop: privacy heed\n');
  await tells(s, { i: 'shop' }, '200 opted_out', { 'sec-gpc': '1' });
  assert.equal(await beacon(s, { i: 'shop' }, { dnt: '1' }), '200 opted_out');
  for (const headers of [{}, { dnt: '0' }, { 'sec-gpc': '0' }]) assert.equal(await beacon(s, { i: 'shop' }, headers), '200');
  const { hits, opted_out } = await s.counters(s.collector);
  assert.equal(opted_out, 2);
  await s.sees('shop', { pageViews: hits });
  await site(s, 'privacy', 'shop', 'off');
  await tells(s, { i: 'shop' }, '200', { 'sec-gpc': '1' });
});

story('while it was never read any site counts, and while Redis is away what was read last', async (s) => {
  s.udp = '127.0.0.1:9'; // nobody is there, nor need be
  await s.startCollector(['--workers', '2', ...CLOSED]);
  assert.equal(await beacon(s, { i: 'shop' }), '200');
  assert.equal((await s.counters(s.collector)).sites_open, 1);
  await s.startRedis();
  await s.redisCli('sadd', 'hc:sites', 'shop');
  await knows(s, 1, 40_000); // nobody said a word: it is read each half minute
  for (let k = 0; k < 8; k++) await tells(s, { i: 'other' }, '400 unknown_site'); // either worker
  assert.equal(await beacon(s, { i: 'shop' }), '200');

  await s.redis.kill();
  await eventually(async () => assert.equal((await s.counters(s.collector)).redis_up, 0));
  assert.equal(await beacon(s, { i: 'shop' }), '200');
  assert.equal(await beacon(s, { i: 'other' }), '400 unknown_site');
  await s.startRedis(); // without its data
  await s.redisCli('sadd', 'hc:sites', 'other');
  await tells(s, { i: 'other' }, '200', {}, 40_000);
  await tells(s, { i: 'shop' }, '400 unknown_site', {}, 40_000);

  await s.collector.kill();
  await s.startCollector(['--workers', '2', ...CLOSED]);
  await knows(s, 1, 40_000);
  assert.equal(await beacon(s, { i: 'shop' }), '400 unknown_site');
  assert.equal(await beacon(s, { i: 'other' }), '200');
  await s.collector.kill();
}, { ms: 240_000 });

story('ten thousand sites are known, and what is none of them does not stand in the way', async (s) => {
  await s.startRedis();
  const fill = `for k = 1, 10000 do
      redis.call('sadd', 'hc:sites', 's' .. k)
      if k % 2 == 0 then redis.call('hset', 'hc:{s' .. k .. '}:c', 'o:https://shop.example', '1') end
    end
    redis.call('sadd', 'hc:sites', string.rep('x', 2000000), 'no site', '..', '', 'a\\nb')
    redis.call('del', 'hc:{s1}:c', 'hc:{s2}:c')
    redis.call('set', 'hc:{s1}:c', 'no hash')
    redis.call('hset', 'hc:{s2}:c', 'o:https://shop.example', '1', 'o:' .. string.rep('y', 2000000), '1',
      'o:a\\nb', '1', 'o:none', '1', 'privacy', string.rep('z', 2000000))
    redis.call('srem', 'hc:sites', 's3', 's4', 's5')
    redis.call('sadd', 'hc:sites', 'shop')`;
  await s.redisCli('eval', fill, 0);
  await s.startAggregator();
  await s.startCollector(['--workers', '2', ...CLOSED]);
  await knows(s, 9998, 20_000);
  const { sites_left_out, register_failed } = await s.counters(s.collector);
  assert.deepEqual([sites_left_out, register_failed], [5 + 1, 0]);
  const asked = /cmdstat_eval:calls=(\d+)/.exec(await s.redisCli('info', 'commandstats'))[1];
  assert.ok(asked >= 200, `a few sites at a time, for Redis serves nobody else meanwhile: in ${asked} pieces`);
  assert.equal(await beacon(s, { i: 's1' }, { origin: 'https://evil.example' }), '200');
  for (const i of ['s2', 's9998', 's10000']) {
    assert.equal(await beacon(s, { i }, { origin: 'https://shop.example' }), '200', i);
    assert.equal(await beacon(s, { i }, { origin: 'https://evil.example' }), '400 foreign_origin', i);
  }
  assert.equal(await beacon(s, { i: 's2' }, { dnt: '1' }), '200 opted_out', 'a word that is not understood is heeded');
  assert.equal(await beacon(s, { i: 's3' }), '400 unknown_site');
  await site(s, 'add', 's3');
  await tells(s, { i: 's3' }, '200', {}, 10_000); // so many are read in some seconds

  await s.redisCli('eval', "for k = 1, 20000 do redis.call('sadd', 'hc:sites', 'more' .. k) end", 0);
  await s.redisCli('publish', 'hc:!settings', 'more1');
  await knows(s, 10_000);
  await s.redisCli('del', 'hc:sites');
  await s.redisCli('set', 'hc:sites', 'no set');
  await s.redisCli('publish', 'hc:!settings', 'x');
  await eventually(async () => assert.ok((await s.counters(s.collector)).register_failed > 0));
  assert.match(s.collector.err, /event=register_refused why="[^"]*WRONGTYPE/);
  await knows(s, 10_000);
});

story('what was changed without a word is read within half a minute', async (s) => {
  await start(s);
  const waited = [];
  for (let k = 0; k < 10 && !(waited.at(-1) > 5_000); k++) { // some are met by the readings of the start
    const since = performance.now();
    const own = ownTime();
    await s.redisCli('sadd', 'hc:sites', `shop${k}`);
    await tells(s, { i: `shop${k}` }, '200', {}, 60_000);
    waited.push(performance.now() - since);
    assert.ok(own() < 32_000, `${waited}`);
  }
  assert.ok(waited.at(-1) > 5_000, `${waited}`);
});

story('other dialects refuse as they refuse a site that is none', async (s) => {
  await start(s);
  const json = (target, body, headers) => post(s, target, 'application/json', JSON.stringify(body), { 'user-agent': 'Mozilla/5.0', ...headers });
  const ask = (i) => Promise.all([
    s.request(`/matomo.php?idsite=${i}&rec=1&url=https%3A%2F%2Fshop.example%2F`),
    json('/api/event', { n: 'pageview', d: i, u: 'https://shop.example/' }),
    json('/api/send', { type: 'event', payload: { website: i, url: '/', hostname: 'shop.example' } }),
    json('/v1/visit', { visitorId: 'alice', siteId: i }),
    s.request(`/tracking_pixel.gif?i=${i}&u=/a`),
  ]).then((answers) => answers.map(({ status }) => status));
  assert.deepEqual(await ask('shop'), [400, 400, 400, 400, 200]);
  assert.equal((await s.counters(s.collector)).unknown_site, 5);
  assert.deepEqual(await s.keys('hc:{*'), [], 'nothing was kept of it');
  await site(s, 'add', 'shop');
  await tells(s, { i: 'shop' }, '200');
  assert.deepEqual(await ask('shop'), [200, 202, 200, 200, 200]);

  await site(s, 'privacy', 'shop', 'heed');
  await tells(s, { i: 'shop' }, '200 opted_out', { dnt: '1' });
  const visit = async (visitorId, headers) => JSON.parse((await json('/v1/visit', { visitorId, siteId: 'shop' }, headers)).body).today;
  assert.equal(await visit('bob', { dnt: '1' }), 1);
  assert.equal(await visit('bob'), 2);
});

story('connections that stand for presence count at sites that were added, until those are removed', async (s) => {
  await start(s, { collector: ['--member-timeout', '9'] });
  const audience = (headers) => Held.open(s, '/shop', { headers });
  const refused = (target, options) => assert.rejects(new Visitor(s, target, options).opened, /403/);
  assert.equal((await audience()).status, 403);
  await refused('/ws?siteId=shop&clientId=a');
  const guest = await Visitor.joinByRoot(s, 'shop');
  assert.equal((await guest.closed).code, 1008);
  assert.equal((await s.counters(s.collector)).unknown_site, 3);

  await site(s, 'add', 'shop', '--origin', 'https://shop.example');
  await site(s, 'privacy', 'shop', 'heed');
  await tells(s, { i: 'shop' }, '200 opted_out', { dnt: '1' });
  assert.equal((await audience({ origin: 'https://evil.example' })).status, 403);
  await refused('/ws?siteId=shop&clientId=a', { headers: { origin: 'https://evil.example' } });
  const stranger = await Visitor.joinByRoot(s, 'shop', { headers: { origin: 'https://evil.example' } });
  assert.equal((await stranger.closed).code, 1008);

  const held = await audience({ origin: 'https://shop.example' });
  const visitor = await Visitor.join(s, { headers: { origin: 'https://shop.example' } });
  const root = await Visitor.joinByRoot(s, 'shop', { headers: { origin: 'https://shop.example' } });
  await eventually(() => assert.equal(visitor.last?.count, 3));
  const quiet = await audience({ dnt: '1' });
  const quieter = await Visitor.join(s, { headers: { 'sec-gpc': '1' } });
  await eventually(() => assert.equal(quieter.last?.count, 3, 'who opts out is told, and not counted'));
  await held.tells(3);
  await quiet.tells(3);
  assert.equal((await s.counters(s.collector)).members_joined, 3);

  await site(s, 'rm', 'shop');
  await eventually(async () => assert.equal((await s.api('shop')).online.members, 0), 30_000);
  assert.deepEqual([held.closed, root.closing], [false, undefined]);
  await site(s, 'add', 'shop');
  await eventually(async () => assert.equal((await s.api('shop')).online.members, 3), 30_000);
});

story('the ports of programs obey it, too', async (s) => {
  await start(s, { collector: ['--notify-listen', '127.0.0.1:0', '--json-udp', '0'] });
  const notify = await Story.addressOf(s.collector, 'notify');
  const [host, port] = (await Story.addressOf(s.collector, 'json-udp')).split(':');
  const socket = dgram.createSocket('udp4');
  s.closing.push(() => new Promise((resolve) => socket.close(resolve)));
  const send = () => new Promise((resolve) => {
    socket.send(JSON.stringify({ site: 'shop', url: '/backend' }), Number(port), host, resolve);
  });
  const count = async (name) => (await s.counters(s.collector))[name];
  assert.equal((await request(`http://${notify}/shop/ci/hello`)).status, 200);
  await send();
  await eventually(async () => assert.equal(await count('unknown_site'), 2));
  assert.equal(await count('notifications'), 0);
  await site(s, 'add', 'shop', '--origin', 'https://shop.example');
  await tells(s, { i: 'shop' }, '200');
  assert.equal((await request(`http://${notify}/shop/ci/hello`)).status, 200);
  await send();
  await eventually(async () => {
    const { recentEvents } = await s.api('shop');
    assert.deepEqual(recentEvents.map(({ type, text, path }) => text ?? `${type} ${path}`).sort(), ['hello', 'pageview /', 'pageview /backend']);
  });
});

story('doctor says when no site was added, and when hits of others come', async (s) => {
  await start(s);
  const doctor = async () => {
    const admins = ['--collector-admin', await Story.adminOf(s.collector), '--aggregator-admin', await Story.adminOf(s.aggregator)];
    const { out } = await s.cli(['doctor', '--json', '--redis', s.redisAddress, ...admins]);
    return JSON.parse(out).findings.filter(({ level }) => level !== 'ok');
  };
  const has = async (level, text) =>
    assert.ok((await doctor()).some((finding) => finding.level === level && text.test(finding.text)), text);
  await has('problem', /counts nothing: no site was added/);
  await site(s, 'add', 'shop', '--origin', 'https://shop.example');
  await tells(s, { i: 'shop' }, '200');
  assert.ok(!(await doctor()).some(({ text }) => /no site was added/.test(text)));
  await beacon(s, { i: 'other' });
  await beacon(s, { i: 'shop' }, { origin: 'https://evil.example' });
  await has('note', /\d hits were refused: their site was not added/);
  await has('note', /\d hits were refused: sent by pages of other origins/);
});

story('with --open-sites any site counts, and origins hold all the same', async (s) => {
  await s.start({ collector: ['--open-sites'] });
  assert.equal(await beacon(s, { i: 'other' }), '200');
  await site(s, 'add', 'shop', '--origin', 'https://shop.example');
  await tells(s, { i: 'shop' }, '400 foreign_origin', { origin: 'https://evil.example' });
  assert.equal(await beacon(s, { i: 'shop' }, { origin: 'https://shop.example' }), '200');
  const { sites_open, sites_added, unknown_site } = await s.counters(s.collector);
  assert.deepEqual([sites_open, sites_added, unknown_site], [1, 1, 0]);
});
