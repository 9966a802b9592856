// Programs come and go in any order, leave with code 0 when asked, and find each other again.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { eventually, story } from './harness.mjs';

/** An UDP address nobody uses now, for an aggregator that comes after its collector. */
async function freeUdp() {
  const socket = dgram.createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return `127.0.0.1:${port}`;
}

const ready = (s) => eventually(async () => assert.equal((await s.request('/readyz')).status, 200), 20_000);

story('T15: SIGTERM and SIGINT end both daemons with code 0, what was answered is in Redis', async (s) => {
  await s.start();
  for (let k = 0; k < 20; k++) await s.hit({ i: 'shop', p: '/', u: `v${k}` });
  assert.deepEqual(await s.collector.stop(), { code: 0, signal: null });
  assert.deepEqual(await s.aggregator.stop(), { code: 0, signal: null });
  const answer = await s.cliJson('now', 'shop');
  assert.equal(answer.currentVisitors, 20);
  assert.equal(answer.pageViews, 20);

  await s.startAggregator();
  await s.startCollector();
  s.collector.signal('SIGINT');
  assert.equal((await s.collector.end).code, 0);
  s.aggregator.signal('SIGINT');
  assert.equal((await s.aggregator.end).code, 0);
});

story('SIGTERM ends a collector that has connections open, idle and in the middle', async (s) => {
  await s.start({ workers: 2 });
  const idle = s.wire().send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => assert.match(idle.text, /200/));
  s.wire().send('GET /hc.gif?i=sh');
  s.wire().send('POST /e HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ni=');
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  assert.deepEqual(await s.collector.stop(), { code: 0, signal: null });
});

story('a restarted collector counts the same people as the same people', async (s) => {
  await s.start();
  const hits = async () => {
    for (const u of ['alice', 'bob', 'carol']) await s.hit({ i: 'shop', p: '/', u });
  };
  await hits();
  await s.sees('shop', { currentVisitors: 3, pageViews: 3 });
  await s.collector.stop();
  await s.startCollector(['--workers', 2]);
  await hits();
  await s.sees('shop', { currentVisitors: 3, pageViews: 6 });
});

for (const [how, end] of [['stopped', (p) => p.stop()], ['killed', (p) => p.kill()]])
  story(`an aggregator that was ${how} is taken over from: a new epoch, and the same numbers`, async (s) => {
    await s.start();
    await s.hit({ i: 'shop', p: '/', u: 'alice' });
    const before = await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
    await end(s.aggregator);
    await s.hit({ i: 'shop', p: '/while-away', u: 'bob' });
    await s.startAggregator();
    await s.hit({ i: 'shop', p: '/after', u: 'carol' });
    const after = await s.sees('shop', { currentVisitors: 3, pageViews: 3 }, 20_000);
    const epoch = (answer) => Number(answer.rev.split('.')[0]);
    assert.ok(epoch(after) > epoch(before), `${before.rev} -> ${after.rev}`);
  });

const parts = ['redis', 'aggregator', 'collector'];
for (const first of parts)
  for (const second of parts.filter((part) => part !== first)) {
    const third = parts.find((part) => part !== first && part !== second);
    story(`started ${first}, ${second}, ${third}: they find each other`, async (s) => {
      s.udp = await freeUdp();
      const start = {
        redis: () => s.startRedis(),
        aggregator: () => s.startAggregator(),
        collector: () => s.startCollector(),
      };
      for (const part of [first, second, third]) await start[part]();
      await ready(s);
      await eventually(async () => {
        await s.hit({ i: 'probe', p: '/', u: 'probe' });
        assert.ok((await s.api('probe')).pageViews > 0);
      }, 20_000);
      for (let k = 0; k < 10; k++) await s.hit({ i: 'shop', p: `/${k}`, u: `v${k % 4}` });
      await s.sees('shop', { currentVisitors: 4, pageViews: 10 });
    });
  }

story('SIGTERM waits for a site that is being read back, and says when it was in vain', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
  await s.aggregator.kill();
  await s.startAggregator();
  await eventually(async () => assert.ok((await s.counters(s.aggregator)).epoch > 0));
  s.redis.signal('SIGSTOP');
  await s.hit({ i: 'shop', p: '/', u: 'bob' });
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).loading, 1));
  const ended = s.aggregator.stop(20_000);
  s.redis.signal('SIGCONT');
  assert.equal((await ended).code, 0);
  assert.equal((await s.cliJson('now', 'shop')).currentVisitors, 2);

  await s.startAggregator();
  await eventually(async () => assert.ok((await s.counters(s.aggregator)).epoch > 0));
  s.redis.signal('SIGSTOP');
  await s.hit({ i: 'shop', p: '/', u: 'carol' });
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).loading, 1));
  assert.equal((await s.aggregator.stop(20_000)).code, 3);
  assert.match(s.aggregator.err, /event=unsaved sites=1/);
  s.redis.signal('SIGCONT');
  await s.startAggregator();
  await s.sees('shop', { currentVisitors: 3, pageViews: 3 }); // the collector had kept it
});
