// Alerts of sites that nobody visits any more. Half a minute passes before an aggregator looks at
// them, so these begin first.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';

const CALLED_MS = 90_000; // thirty seconds of senders, ten until the roll, 16.5 of warming

story('a site that died with the aggregator, and one that never lived, raise their alerts all the same', async (s) => {
  await s.startRedis();
  const inCharge = await s.startAggregator();
  const udp = s.udp;
  s.udp = undefined;
  const standby = await s.startAggregator();
  s.udp = udp;
  await s.startCollector(['--workers', '1']);
  for (const site of ['shop', 'never']) await s.cliJson('site', 'alert', site, 'add', 'gone', '--below', '0');
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await eventually(async () => assert.equal((await s.api('shop')).online.total, 1));
  const stands = async (site) => (await s.redisCli('hget', `hc:{${site}}:al`, 'gone')).split(' ')[0];
  assert.equal(await stands('shop'), '');
  await eventually(async () => assert.equal((await s.counters(s.collector)).in_ring, 0), CALLED_MS); // nothing to repeat
  await inCharge.kill();
  await s.startAggregator();
  for (const site of ['shop', 'never'])
    await eventually(async () => assert.equal(await stands(site), 'on'), CALLED_MS);
  const { alerts, online } = await s.api('never');
  assert.equal(online.total, 0);
  assert.equal(alerts[0].name, 'gone');

  const { sites, fenced } = await s.counters(standby);
  assert.deepEqual({ sites, fenced }, { sites: 0, fenced: 0 });
  assert.equal((await s.counters(s.aggregator)).fenced, 0);

  await s.cliJson('site', 'alert', 'never', 'rm', 'gone');
  assert.equal(await s.redisCli('smembers', 'hc:alerted'), 'shop');
  await s.cliJson('site', 'rm', 'shop');
  assert.equal(await s.redisCli('smembers', 'hc:alerted'), '');
}, { ms: 180_000 });
