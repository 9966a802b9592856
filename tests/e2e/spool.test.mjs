// A collector's spool: what was answered survives kill -9 and is counted exactly once.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { eventually, story, within } from './harness.mjs';

const KILLS = 6;
const CLIENTS = 8;
const DELIVERY_MS = 30_000;

function spoolOf(s) {
  const dir = path.join(s.dir, 'spool');
  fs.mkdirSync(dir);
  return dir;
}

/** Sends views, each of a visitor of its own, until the collector is gone. */
async function client(s, seen) {
  for (;;) {
    const u = `v${seen.sent++}`;
    try {
      await s.hit({ i: 'shop', p: '/', u });
      seen.answered++;
    } catch (e) {
      if (!e.code) throw e; // not a connection that broke, but an answer
      return;
    }
  }
}

/** Load from several clients; the collector is killed at a moment that differs each time. */
async function killUnderLoad(s, seen, round) {
  const enough = seen.answered + 20 + 37 * round;
  const clients = Promise.all(Array.from({ length: CLIENTS }, () => client(s, seen)));
  await eventually(() => assert.ok(seen.answered >= enough));
  await s.collector.kill();
  await clients;
}

story('every beacon answered before a kill -9 is counted once', async (s) => {
  const seen = { sent: 0, answered: 0 };
  const args = ['--workers', 2, '--ring', 1, '--spool', spoolOf(s)];
  await s.startRedis();
  await s.startAggregator();
  for (let round = 0; round < KILLS; round++) {
    await s.startCollector(args);
    await killUnderLoad(s, seen, round);
  }
  await s.startCollector(args);
  const answer = await eventually(async () => {
    const now = await s.api('shop');
    assert.ok(now.pageViews >= seen.answered, `${now.pageViews} of ${seen.answered} are there`);
    return now;
  }, DELIVERY_MS);
  // Requests that were under way when it died may count or not.
  assert.ok(answer.pageViews <= seen.sent, `${answer.pageViews} of ${seen.sent} were ever sent`);
  assert.equal(answer.currentVisitors, answer.pageViews);
}, { ms: 120_000 });

story('killed without an aggregator, delivered by fewer workers with another --ring', async (s) => {
  const dir = spoolOf(s);
  await s.startRedis();
  await s.startAggregator();
  await s.aggregator.kill();
  await s.startCollector(['--workers', 3, '--ring', 1, '--spool', dir]);
  for (let k = 0; k < 60; k++) await s.hit({ i: 'shop', p: '/', u: `v${k}` });
  await s.collector.kill();
  await s.startCollector(['--workers', 1, '--ring', 2, '--spool', dir]);
  await s.startAggregator();
  await s.sees('shop', { currentVisitors: 60, pageViews: 60 }, DELIVERY_MS);
  await eventually(() => assert.deepEqual(fs.readdirSync(dir), ['ring-0']), DELIVERY_MS);
}, { ms: 120_000 });

story('a collector with a spool ends with code 0 and leaves its hits to the next', async (s) => {
  const dir = spoolOf(s);
  await s.startRedis();
  await s.startAggregator();
  await s.aggregator.kill();
  await s.startCollector(['--spool', dir]);
  for (let k = 0; k < 5; k++) await s.hit({ i: 'shop', p: '/', u: `v${k}` });
  assert.deepEqual(await s.collector.stop(DELIVERY_MS), { code: 0, signal: null });
  assert.match(s.collector.err, /event=hits_spooled hits=5;/);
  await s.startCollector(['--spool', dir]);
  await s.startAggregator();
  await s.sees('shop', { currentVisitors: 5, pageViews: 5 }, DELIVERY_MS);
}, { ms: 120_000 });

story('a spool that is in use, and one under another secret, are refused in a sentence', async (s) => {
  const dir = spoolOf(s);
  s.udp = '127.0.0.1:9'; // nobody
  await s.startRedis();
  await s.startCollector(['--spool', dir]);
  const common = ['--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--spool', dir];
  const refusal = async (secretFile) => {
    const other = s.daemon('collector', [...common, '--secret-file', secretFile]);
    const { code } = await within(DELIVERY_MS, 'the other collector ends', other.end);
    assert.equal(code, 1);
    return other.err;
  };
  assert.match(await refusal(s.secretFile), /^headcount-collector: --spool .*another collector uses it;.*\n$/);
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await s.collector.kill();
  const secret = s.file('another', 'another secret of the same story');
  assert.match(await refusal(secret), /--spool .*ring-\d: its 1 hits can be delivered only with the --secret-file/);
});

story('what cannot be a spool is a wrong option', async (s) => {
  const check = async (dir) => {
    const other = s.daemon('collector', ['--check-config', '--secret-file', s.secretFile, '--spool', dir]);
    const { code } = await within(DELIVERY_MS, 'it ends', other.end);
    assert.equal(code, 2);
    return other.err;
  };
  assert.match(await check(s.file('plain', '')), /--spool .*Not a directory/);
  assert.match(await check(path.join(s.dir, 'nowhere')), /--spool .*No such file or directory/);
});
