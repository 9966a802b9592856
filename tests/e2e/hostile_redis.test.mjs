// Redis holds what no aggregator can have written: from a hostile neighbour, a restored
// dump, a clock once wrong. Its site heals or is left out; all others go on, and the
// collector loses nothing.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';

const HEAL_MS = 30_000;
const ABSURD = ['9007199254740993', '18446744073709551615', '-1', '1e300', 'x'];

/** n views of as many visitors of a site. */
async function visit(s, site, from, n) {
  for (let k = from; k < from + n; k++) await s.hit({ i: site, p: '/', u: `v${k}` });
}

const sees = (s, site, n) => s.sees(site, { currentVisitors: n, pageViews: n }, HEAL_MS);

/** Everything the collector has taken is safe, and it has lost nothing. */
async function isDurable(s) {
  await eventually(async () => {
    const c = await s.counters(s.collector);
    assert.equal(c.in_ring, 0);
    assert.equal(c.lost_expired + c.lost_poison + c.lost_restart, 0);
  }, HEAL_MS);
}

async function start(s) {
  await s.start();
  await visit(s, 'bad', 0, 5);
  await visit(s, 'good', 0, 5);
  await sees(s, 'bad', 5);
  await sees(s, 'good', 5);
}

for (const field of ['e', 'q'])
  story(`an absurd ${field} in a record is written over, whether it is read or run into`, async (s) => {
    await start(s);
    let n = 5;
    for (const text of ABSURD) {
      await s.redisCli('hset', 'hc:{bad}:m', field, text);
      await visit(s, 'bad', n, 1);
      await visit(s, 'good', n, 1);
      n++;
      await sees(s, 'bad', n);
      await sees(s, 'good', n);
    }
    await s.redisCli('hset', 'hc:{bad}:m', field, ABSURD[0]);
    await s.aggregator.kill();
    await s.startAggregator();
    await visit(s, 'bad', n, 1);
    await visit(s, 'good', n, 1);
    await sees(s, 'bad', n + 1);
    await sees(s, 'good', n + 1);
    await isDurable(s);
  }, { ms: 120_000 });

story('an epoch far ahead, of a clock once wrong, is gone above', async (s) => {
  await start(s);
  await s.redisCli('hset', 'hc:{bad}:m', 'e', '3000000000000000');
  await visit(s, 'bad', 5, 1);
  await sees(s, 'bad', 6);
  await visit(s, 'good', 5, 1);
  await sees(s, 'good', 6);
  assert.equal(await s.redisCli('hget', 'hc:{bad}:m', 'e'), '3000000000000001');
  await isDurable(s);
}, { ms: 120_000 });

story('a number that no commit gets past leaves its site out and no other', async (s) => {
  await start(s);
  await s.redisCli('hset', 'hc:{bad}:m', 'q', '3000000000000000');
  await visit(s, 'bad', 5, 1);
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).quarantined, 1), HEAL_MS);
  await visit(s, 'good', 5, 20);
  await sees(s, 'good', 25);
  await isDurable(s);
}, { ms: 120_000 });

story('whatever lies under hc:epoch, an aggregator begins', async (s) => {
  await start(s);
  let n = 5;
  for (const spoil of [['set', 'hc:epoch', ABSURD[1]], ['set', 'hc:epoch', 'x'], ['lpush', 'hc:epoch', 'a']]) {
    await s.aggregator.kill();
    await s.redisCli('del', 'hc:epoch');
    await s.redisCli(...spoil);
    await s.startAggregator();
    await visit(s, 'good', n++, 1);
    await sees(s, 'good', n);
  }
  await isDurable(s);
}, { ms: 120_000 });

story('keys of another type and absurd logs of one site do not touch the other', async (s) => {
  await start(s);
  await s.aggregator.kill();
  for (const key of await s.keys('hc:{bad}:*')) {
    const isLog = key.includes(':l:');
    if (isLog) await s.redisCli('setrange', key, 3, '\x7f\x01\x02garbage');
    if (key.includes(':b:')) await s.redisCli('hset', key, 'n', '200000000');
  }
  for (const key of ['r', 'pg', 'o', 't'].map((name) => `hc:{bad}:${name}`)) {
    await s.redisCli('del', key);
    await s.redisCli('lpush', key, 'a');
  }
  await s.startAggregator();
  await visit(s, 'good', 5, 5);
  await visit(s, 'bad', 5, 5);
  await sees(s, 'good', 10);
  await eventually(async () => assert.ok((await s.api('bad')).currentVisitors >= 5), HEAL_MS);
  await s.redisCli('del', 'hc:{bad}:m');
  await s.redisCli('lpush', 'hc:{bad}:m', 'a');
  await visit(s, 'bad', 10, 5);
  await visit(s, 'good', 10, 5);
  await sees(s, 'good', 15);
  await isDurable(s);
}, { ms: 120_000 });
