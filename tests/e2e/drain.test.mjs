// The end of a collector: what it waits for, and what its exit code tells.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { request, story, within } from './harness.mjs';

const PATIENCE_MS = 40_000; // --drain waits up to 30 s

/** An UDP address nobody uses now. */
async function freeUdp() {
  const socket = dgram.createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return `127.0.0.1:${port}`;
}

async function startWithoutAggregator(s, args = []) {
  s.udp = await freeUdp();
  await s.startRedis();
  await s.startCollector(args);
}

story('hits that no aggregator has received make the exit code 3, and are told', async (s) => {
  await startWithoutAggregator(s);
  for (let k = 0; k < 5; k++) await s.hit({ i: 'shop', p: '/', u: `v${k}` });
  assert.deepEqual(await s.collector.stop(PATIENCE_MS), { code: 3, signal: null });
  assert.match(s.collector.err, /event=hits_lost hits=5 /);
});

story('without hits there is nothing to wait for', async (s) => {
  await startWithoutAggregator(s, ['--drain']);
  assert.deepEqual(await s.collector.stop(), { code: 0, signal: null });
});

story('a second signal does not wait', async (s) => {
  await startWithoutAggregator(s);
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  s.collector.signal('SIGTERM');
  await s.collector.says(/event=stopping/);
  assert.deepEqual(await s.collector.stop(), { code: 130, signal: null });
});

story('an aggregator that comes while the collector waits gets its hits', async (s) => {
  await startWithoutAggregator(s, ['--drain']);
  for (let k = 0; k < 5; k++) await s.hit({ i: 'shop', p: '/', u: `v${k}` });
  s.collector.signal('SIGTERM');
  await s.collector.says(/event=stopping/);
  await s.startAggregator();
  assert.deepEqual(await within(PATIENCE_MS, 'the collector ends', s.collector.end), { code: 0, signal: null });
  assert.equal((await s.cliJson('now', 'shop')).pageViews, 5);
});

story('after --drain nothing depends on the aggregator any more', async (s) => {
  await s.start({ redis: ['--appendonly', 'yes'], collector: ['--drain'] });
  for (let k = 0; k < 20; k++) await s.hit({ i: 'shop', p: '/', u: `v${k}` });
  assert.deepEqual(await s.collector.stop(PATIENCE_MS), { code: 0, signal: null });
  await s.aggregator.kill();
  assert.equal((await s.cliJson('now', 'shop')).pageViews, 20);
  await s.startAggregator();
  await s.startCollector();
  await s.sees('shop', { currentVisitors: 20, pageViews: 20 });
});

story('with --drain-delay it is first told that the collector will go, while it goes on', async (s) => {
  await s.start({ collector: ['--drain-delay', '5'] });
  const admin = await s.constructor.adminOf(s.collector);
  s.collector.signal('SIGTERM');
  await s.collector.says(/event=stopping/);
  for (const url of [`http://${s.http}/readyz`, `http://${admin}/readyz`]) {
    const { status, body } = await request(url);
    assert.equal(status, 503);
    assert.equal(body.toString(), 'stopping\n');
  }
  assert.equal((await s.request('/livez')).status, 200);
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  assert.deepEqual(await within(PATIENCE_MS, 'the collector ends', s.collector.end), { code: 0, signal: null });
  assert.equal((await s.cliJson('now', 'shop')).pageViews, 1);
});
