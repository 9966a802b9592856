// The command against the running system: what it prints is what the API says, and a whole
// access log played through the product comes out as an oracle says it must.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { eventually, story } from './harness.mjs';
import { Middle } from './middle.mjs';

story('now --json is the answer of the API, byte for byte but for the clock', async (s) => {
  await s.start();
  for (const u of ['a', 'b', 'c']) await s.hit({ i: 'shop', p: `/${u}`, u });
  await s.hit({ i: 'shop', p: '/a', e: 'sign<up>', u: 'a' });
  await eventually(async () => assert.equal((await s.api('shop')).recentEvents.length, 4));
  await eventually(async () => {
    const [api, cli] = [await s.request('/sites/shop/realtime'), await s.cli(['now', 'shop', '--json', '--redis', s.redisAddress])];
    const blank = (text) => text.trimEnd().replace(/"asOf":\d+/, '"asOf":0').replace(/"timestamp":"[^"]*"/, '"timestamp":""');
    assert.equal(blank(cli.out), blank(api.body.toString()));
  });
});

story('now is a page of text, minutes a row per minute, without escapes when nobody is looking', async (s) => {
  await s.start({ window: 10 });
  await s.hit({ i: 'shop', p: '/evil\u001b[2J\u202e', u: 'a' });
  await s.hit({ i: 'shop', p: '/cart', u: 'b' });
  await s.sees('shop', { currentVisitors: 2 });
  const now = await s.cli(['now', 'shop', '--redis', s.redisAddress]);
  assert.equal(now.code, 0);
  assert.match(now.out, /visitors +2/);
  assert.match(now.out, /\/cart/);
  assert.doesNotMatch(now.out, /[\u001b\u202e]/);
  const minutes = await s.cliJson('minutes', 'shop');
  assert.equal(minutes.length, 10);
  assert.equal(minutes.reduce((sum, row) => sum + row.pageViews, 0), 2);
  const text = await s.cli(['minutes', 'shop', '--redis', s.redisAddress]);
  assert.equal(text.code, 0);
  assert.ok(text.out.split('\n').length > 10);
});

story('a site whose id looks like an option is named after --, and dots alone are none', async (s) => {
  await s.start();
  await s.hit({ i: '--help', p: '/', u: 'a' });
  await s.sees('--help', { currentVisitors: 1 });
  for (const command of ['now', 'minutes']) {
    const asked = await s.cli([command, '--redis', s.redisAddress, '--', '--help']);
    assert.equal(asked.code, 0, asked.err);
    assert.doesNotMatch(asked.out, /usage/);
  }
  assert.equal((await s.cli(['--redis', s.redisAddress, 'now', '--json', '--', '--help'])).code, 0);
  for (const dots of ['.', '..']) {
    const refused = await s.cli(['now', dots, '--redis', s.redisAddress]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /no site id/);
  }
});

story('tail prints every message as it was published, and ends after --count', async (s) => {
  await s.start();
  const subscriber = await s.subscribe('shop');
  const tail = s.cli(['tail', 'shop', '--json', '--count', '3', '--timeout', '30', '--redis', s.redisAddress]);
  // Both must listen before the first hit: two subscribers.
  await eventually(async () => assert.match(await s.redisCli('pubsub', 'numsub', 'hc:shop'), /\n2$/));
  for (const u of ['a', 'b', 'c']) {
    const before = subscriber.messages.length;
    await s.hit({ i: 'shop', p: '/', u });
    await eventually(() => assert.ok(subscriber.messages.length > before));
  }
  const { code, out } = await tail;
  assert.equal(code, 0);
  assert.deepEqual(out.trimEnd().split('\n').map((line) => JSON.parse(line)), subscriber.messages.slice(0, 3));
});

story('tail says 1 when nothing came in time', async (s) => {
  await s.startRedis();
  const { code } = await s.cli(['tail', 'shop', '--timeout', '1', '--redis', s.redisAddress]);
  assert.equal(code, 1);
});

story('decode reads what a collector sent, and says why an aggregator would refuse', async (s) => {
  await s.startRedis();
  await s.startAggregator();
  const middle = await Middle.of(s);
  const [sent] = await middle.record([{ i: 'shop', p: '/cart', e: 'buy', u: 'alice' }]);

  const file = path.join(s.dir, 'datagram');
  fs.writeFileSync(file, sent);
  const decode = async (args, input) => {
    const { code, out } = await s.cli(['decode', '--json', ...args], { input });
    return { code, text: out, json: JSON.parse(out) };
  };
  const raw = await decode([file, '--secret-file', s.secretFile]);
  assert.equal(raw.code, 0);
  assert.equal(raw.json.verdict, 'ok');
  for (const part of ['"shop"', '"/cart"', '"buy"']) assert.ok(raw.text.includes(part), raw.text);
  const hex = await decode(['-'], sent.toString('hex'));
  assert.equal(hex.code, 0);
  const damaged = Buffer.from(sent);
  damaged[damaged.length - 1] ^= 1;
  fs.writeFileSync(file, damaged);
  const bad = await decode([file, '--secret-file', s.secretFile]);
  assert.equal(bad.code, 1);
  assert.equal(bad.json.verdict, 'bad_mac');
  await middle.release();
});

story('exit codes: 1 nothing known, 2 wrong, 3 nobody there', async (s) => {
  const nobody = `unix:${path.join(s.dir, 'nobody.sock')}`;
  assert.equal((await s.cli(['now', 'shop', '--redis', nobody])).code, 3);
  assert.equal((await s.cli(['now'])).code, 2);
  assert.equal((await s.cli(['nothing-like-this'])).code, 2);
  assert.equal((await s.cli(['now', 'no site', '--redis', nobody])).code, 2);
  await s.startRedis();
  assert.equal((await s.cli(['now', 'shop', '--redis', s.redisAddress])).code, 1);
  assert.equal((await s.cli(['--help'])).code, 0);
  assert.match((await s.cli(['--version'])).out, /^headcount \d+\.\d+\.\d+\n$/);
});

/** Numbers in [0, n), the same in every run. */
function dice(seed) {
  let state = seed;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** An access log, and what a replay of it must come to: views, people, where they are. */
function accessLog(lines) {
  const roll = dice(20261122);
  const pick = (list) => list[roll(list.length)];
  const agents = Array.from({ length: 7 }, (_, k) => `Mozilla/5.0 (X11; Linux) Agent/${k}`);
  const paths = Array.from({ length: 40 }, (_, k) => `/section-${k % 8}/article-${k}`);
  const text = [];
  const skipped = { asset: 0, garbage: 0, method: 0, status: 0 };
  const where = new Map(); // visitor -> page seen last
  let views = 0;
  for (let k = 0; k < lines; k++) {
    const [address, agent, page] = [`192.0.2.${roll(60)}`, pick(agents), pick(paths)];
    const clock = `22/Nov/2026:10:${String(Math.floor((k * 30) / lines)).padStart(2, '0')}:12 +0100`;
    const put = (method, target, status) =>
      text.push(`${address} - - [${clock}] "${method} ${target} HTTP/1.1" ${status} 1234 "-" "${agent}"`);
    const kind = roll(20);
    if (kind === 0) put('GET', `${page}.css`, 200), skipped.asset++;
    else if (kind === 1) put('POST', page, 200), skipped.method++;
    else if (kind === 2) put('GET', page, pick([404, 500, 301])), skipped.status++;
    else if (kind === 3) text.push(`nonsense ${k}`), skipped.garbage++;
    else {
      put('GET', kind < 6 ? `${page}?utm=${k}` : page, pick([200, 200, 304]));
      views++;
      where.set(`${address}\0${agent}`, page);
    }
  }
  const pages = new Map();
  for (const page of where.values()) pages.set(page, (pages.get(page) ?? 0) + 1);
  const activePages = [...pages].map(([at, visitors]) => ({ path: at, visitors, online: 0 }));
  return { text: `${text.join('\n')}\n`, views, visitors: where.size, activePages, skipped };
}

const byPath = (a, b) => (a.path < b.path ? -1 : 1);

story('H7: an access log replayed at full speed comes to what an oracle says', async (s) => {
  const LINES = 6000;
  await s.start({ workers: 2 });
  const log = accessLog(LINES);
  const file = s.file('access.log', log.text);
  const { code, out, err } = await s.cli([
    'replay', file, '--site', 'shop', '--speed', 'max', '--collector', `http://${s.http}`, '--json',
  ]);
  assert.equal(code, 0, err);
  const report = JSON.parse(out);
  assert.equal(report.lines, LINES);
  assert.equal(report.sent, log.views);
  assert.deepEqual(report.skipped, log.skipped);

  const answer = await s.sees('shop', { currentVisitors: log.visitors, pageViews: log.views });
  assert.deepEqual(answer.activePages.sort(byPath), log.activePages.sort(byPath));
  assert.equal((await s.counters(s.aggregator)).missing, 0);
});

story('a replay from a pipe in two halves counts nobody twice', async (s) => {
  await s.start();
  const log = accessLog(400);
  const lines = log.text.split('\n');
  const half = Math.floor(lines.length / 2);
  for (const part of [lines.slice(0, half), lines.slice(half)]) {
    const args = ['replay', '-', '--site', 'shop', '--speed', 'max', '--quiet', '--collector', `http://${s.http}`];
    assert.equal((await s.cli(args, { input: part.join('\n') })).code, 0);
  }
  await s.sees('shop', { currentVisitors: log.visitors, pageViews: log.views });
});

story('H7: a recorded beacon file is played as it was; nothing there is 3, nothing to do is 1', async (s) => {
  await s.start();
  const beacons = ['1763776800000 i=shop&p=/a&u=a', '1763776800100 i=shop&p=/b&u=b', '1763776800200 i=shop&p=/b&u=b&e=buy'];
  const file = s.file('beacons', `${beacons.join('\n')}\n`);
  const replay = (...args) => s.cli(['replay', '--quiet', ...args]);
  assert.equal((await replay(file, '--speed', '10', '--collector', `http://${s.http}`)).code, 0);
  await s.sees('shop', { currentVisitors: 2, pageViews: 2 });
  assert.equal((await replay(s.file('empty', ''), '--collector', `http://${s.http}`)).code, 1);
  assert.equal((await replay(path.join(s.dir, 'missing'), '--collector', `http://${s.http}`)).code, 2);
  await s.collector.stop();
  assert.equal((await replay(file, '--speed', 'max', '--collector', `http://${s.http}`)).code, 3);
});
