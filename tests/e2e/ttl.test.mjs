// How long Redis keeps what it is given: each key has the end that PROTOCOL.md names, and those
// without one are of nobody who visited.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { eventually, story } from './harness.mjs';
import { Held } from './held.mjs';
import { Terminal, token } from './telnet.mjs';

const SITE = 'shop';
const WINDOW = 5; // minutes
const DAY_S = 86_400;
const ROW_S = (WINDOW + 1) * 60 + 60; // the row of a minute that has just begun
const LIVE_S = (WINDOW + 3) * 60;

/** The longest life of each kind of key, s; null: it has no end. As the table of PROTOCOL.md. */
const LIVES = {
  'hc:{S}:b:MIN': ROW_S, 'hc:{S}:tr:MIN': ROW_S, 'hc:{S}:l:MIN': ROW_S,
  'hc:{S}:r': ROW_S, 'hc:{S}:pg': ROW_S, 'hc:{S}:ti': ROW_S,
  'hc:{S}:m': WINDOW * 60 + 60, 'hc:{S}:o': 150, 'hc:{S}:d:YYYYMMDD': 3 * DAY_S, 'hc:{S}:al': 30 * DAY_S,
  'hc:live': LIVE_S,
  'hc:{S}:t': null, 'hc:{S}:c': null, 'hc:sites': null, 'hc:alerted': null, 'hc:epoch': null,
};
const FOR_EVER = Object.keys(LIVES).filter((kind) => LIVES[kind] === null);

/** The row of the table that a key is of. */
const kindOf = (key) =>
  key.replace(`{${SITE}}`, '{S}').replace(/:new$/, '').replace(/:(b|tr|l):\d+$/, ':$1:MIN').replace(/:d:\d{8}$/, ':d:YYYYMMDD');

/** Everything that there is is done to the site. */
async function everything(s) {
  const site = async (...words) => {
    const { code, err } = await s.cli(['site', ...words, '--redis', s.redisAddress]);
    assert.equal(code, 0, err);
  };
  await site('add', SITE);
  await site('badge', SITE, 'on');
  await site('token', SITE, 'add', 'of-ci', '--scope', 'send');
  await site('goal', SITE, 'add', 'order', '--path', '/*');
  await site('goal', SITE, 'add', 'signup', '--event', 'signup');
  await site('alert', SITE, 'add', 'busy', '--above', '1');
  await site('visibility', SITE, 'token');
  await site('visibility', SITE, 'public');
  const mine = await token(s, SITE, 'send');

  const visit = (u) => s.hit({
    i: SITE, p: `/page/${u}`, t: `Title of ${u}`, u, v: u, r: 'https://news.example/', utm_campaign: 'spring', utm_term: 'shoes',
  }, { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0', 'cf-ipcountry': 'DE' });
  for (const u of ['a', 'b', 'c']) await visit(u);
  await s.hit({ i: SITE, k: 'e', e: 'signup', p: '/page/a', u: 'a', v: 'a' });
  await s.hit({ i: SITE, k: 'h', a: 'w', d: 9_000, p: '/page/a', u: 'a', v: 'a' });
  await s.hit({ i: SITE, k: 'l', p: '/page/c', u: 'c', v: 'c' });
  await Held.open(s, `/${SITE}`);
  const body = JSON.stringify({ visitorId: 'one', siteId: SITE });
  assert.equal((await s.request('/v1/visit', { method: 'POST', body })).status, 200);
  const terminal = await Terminal.open(s);
  assert.equal(await terminal.ask(`send ${SITE} ${mine} hello\n`), 'ok');
  assert.equal(await terminal.ask(`query ${SITE} ${mine} 12 SELECT 1\n`), 'ok');
  await eventually(async () => {
    const { goals, alerts, pageViews, queries, online } = await s.api(SITE);
    assert.ok(pageViews >= 3 && queries.count === 1 && online.members === 1);
    assert.deepEqual(alerts.map(({ name }) => name), ['busy']);
    assert.equal(goals.length, 2);
  }, 20_000);
  await visit('d'); // reaches a goal, now that it is known
  await eventually(async () => assert.ok((await s.api(SITE)).goals[0].count > 0));
}

const lifeOf = async (s, key) => Number(await s.redisCli('ttl', key));

async function hold(s) {
  const keys = await s.keys();
  for (const key of keys) {
    const most = LIVES[kindOf(key)];
    assert.notEqual(most, undefined, `${key} stands in the table`);
    const life = await lifeOf(s, key);
    if (most === null) assert.equal(life, -1, key);
    else assert.ok(life === -2 || (life > 0 && life <= most), `${key} lives for ${life} s, and may for ${most}`);
  }
  return new Set(keys.map(kindOf));
}

/** As if so much time had passed in which nobody said anything. */
async function pass(s, seconds) {
  for (const key of await s.keys()) {
    const life = await lifeOf(s, key);
    if (life >= 0) await s.redisCli('expire', key, life - seconds);
  }
}

const left = async (s) => [...new Set((await s.keys()).map(kindOf))].sort();

story('every key has an end, but an operator\'s own and counts of all time, and is gone then', async (s) => {
  await s.start({ window: WINDOW, collector: ['--trusted-proxy', '127.0.0.1', '--feed-listen', '127.0.0.1:0'] });
  await everything(s);
  await eventually(async () => assert.deepEqual([...(await hold(s))].sort(), Object.keys(LIVES).sort()), 20_000);

  // An aggregator that comes back writes all of it anew.
  await s.aggregator.kill();
  await s.startAggregator(['--window', WINDOW]);
  await s.hit({ i: SITE, p: '/page/e', u: 'e', v: 'e', t: 'Title' });
  await eventually(async () => assert.equal((await s.api(SITE)).recentEvents[0].path, '/page/e'), 20_000);
  await eventually(async () => assert.deepEqual([...(await hold(s))].sort(), Object.keys(LIVES).sort()), 20_000);

  for (const daemon of [s.collector, s.aggregator]) assert.equal((await daemon.stop()).code, 0);
  await hold(s);
  await pass(s, ROW_S + 1);
  assert.deepEqual((await left(s)).filter((kind) => !FOR_EVER.includes(kind)), ['hc:live', 'hc:{S}:al', 'hc:{S}:d:YYYYMMDD'].sort());
  await pass(s, LIVE_S + 1);
  await pass(s, 3 * DAY_S);
  assert.deepEqual(await left(s), [...FOR_EVER, 'hc:{S}:al'].sort());
  await pass(s, 30 * DAY_S);
  assert.deepEqual(await left(s), [...FOR_EVER].sort());

  // What is left is counts, and what an operator wrote.
  const fields = async (key) => (await s.redisCli('hkeys', key)).split('\n').sort();
  const totals = ['cnt', 'con', 'day', 'dpeak', 'dpeak_at', 'i', 'life', 'peak', 'peak_at', 'pv', 'since', 'vis'];
  for (const field of await fields(`hc:{${SITE}}:t`)) assert.ok(totals.includes(field), field);
  for (const value of (await s.redisCli('hvals', `hc:{${SITE}}:t`)).split('\n')) assert.match(value, /^\d+$/);
  assert.deepEqual(await fields(`hc:{${SITE}}:c`), ['al:busy', 'badge', 'g:order', 'g:signup', 't:of-ci', 't:send', 'v']);
  assert.match(await s.redisCli('hget', `hc:{${SITE}}:c`, 't:of-ci'), /^send [0-9a-f]{64}$/);
  for (const key of ['hc:sites', 'hc:alerted']) assert.equal(await s.redisCli('smembers', key), SITE);
  assert.match(await s.redisCli('get', 'hc:epoch'), /^\d+$/);
}, { ms: 120_000 });

story('the table of keys in PROTOCOL.md says so', async () => {
  const text = fs.readFileSync(new URL('../../proto/PROTOCOL.md', import.meta.url), 'utf8');
  const section = text.split('\n## Redis keys\n')[1].split('\n## ')[0];
  const rows = [...section.matchAll(/^\| `(hc:[^`]+)` \|.*\| ([^|]+) \|$/gm)].map(([, key, ends]) => [key, ends]);
  assert.deepEqual(rows.map(([key]) => key).sort(), Object.keys(LIVES).sort());
  for (const [key, ends] of rows) assert.equal(ends === 'never', LIVES[key] === null, `${key}: ${ends}`);
});
