// Several aggregators: who does not answer is left for the next, and nothing is lost or
// counted twice on the way.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';

const FAILOVER_MS = 30_000; // five seconds of silence, and what the machine adds

/** Redis, two aggregators for it, and a collector that prefers the first. */
async function startPair(s) {
  await s.startRedis(['--appendonly', 'yes']);
  const first = await s.startAggregator();
  const address = [s.udp];
  s.udp = undefined;
  const second = await s.startAggregator();
  address.push(s.udp);
  s.udp = address[0];
  await s.startCollector(['--workers', 1, '--aggregator', address[1]]);
  return { first, second, address };
}

/** n views, each of a visitor of its own. */
async function visit(s, from, n) {
  for (let k = from; k < from + n; k++) await s.hit({ i: 'shop', p: '/', u: `v${k}` });
}

const sees = (s, n) => s.sees('shop', { currentVisitors: n, pageViews: n }, FAILOVER_MS);

const isReady = (s, status) =>
  eventually(async () => assert.equal((await s.request('/readyz')).status, status), FAILOVER_MS);

story('the second aggregator takes over from a killed one, and keeps what it has', async (s) => {
  const { first, second, address } = await startPair(s);
  await visit(s, 0, 50);
  await sees(s, 50);
  await first.kill();
  await visit(s, 50, 50);
  await isReady(s, 503);
  await sees(s, 100);
  assert.match(s.collector.err, new RegExp(`event=aggregator_away addr=${address[0]}`));
  assert.match(s.collector.err, new RegExp(`event=aggregator_back addr=${address[1]}`));
  await isReady(s, 200);

  s.udp = address[0];
  await s.startAggregator();
  await visit(s, 100, 50);
  await sees(s, 150);
  assert.equal((await s.counters(s.collector)).failovers, 1);
  assert.equal((await s.counters(s.aggregator)).folded, 0);
  assert.equal((await second.stop()).code, 0);
}, { ms: 120_000 });

story('an aggregator that was frozen wakes up and spoils nothing', async (s) => {
  const { first } = await startPair(s);
  await visit(s, 0, 20);
  await sees(s, 20);
  first.signal('SIGSTOP');
  await visit(s, 20, 20);
  await sees(s, 40);
  first.signal('SIGCONT');
  await visit(s, 40, 20);
  await sees(s, 60);
  assert.equal((await first.stop()).code, 0);
  await sees(s, 60);
}, { ms: 120_000 });

story('with nobody to answer beacons are taken all the same, and kept', async (s) => {
  const { first, second, address } = await startPair(s);
  await first.kill();
  await second.kill();
  await visit(s, 0, 30);
  await isReady(s, 503);
  s.udp = address[1];
  await s.startAggregator();
  await sees(s, 30);
}, { ms: 120_000 });
