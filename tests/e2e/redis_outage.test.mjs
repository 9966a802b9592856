// Redis away, slow, loading, full or empty again: the daemons stay up, heal by themselves,
// tell it in their counters, and in the end the numbers are what was sent.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { eventually, story } from './harness.mjs';
import { ownTime } from './own_time.mjs';

const HEAL_MS = 20_000; // the longest backoff is 5 s

/** n views of ten visitors, and what the API must say of them afterwards. */
async function send(s, n, from = 0) {
  for (let k = from; k < from + n; k++) await s.hit({ i: 'shop', p: `/${k % 3}`, u: `v${k % 10}` });
}
const sees = (s, pageViews) => s.sees('shop', { currentVisitors: 10, pageViews }, HEAL_MS);

const isReady = (s, status) =>
  eventually(async () => assert.equal((await s.request('/readyz')).status, status), HEAL_MS);

/** A Redis that says -LOADING to everything, on the story's socket. */
async function loadingRedis(s) {
  const open = new Set();
  let asked = 0;
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('error', () => {}).on('close', () => open.delete(socket));
    socket.on('data', () => {
      asked++;
      socket.write('-LOADING Redis is loading the dataset in memory\r\n');
    });
  });
  await new Promise((resolve) => server.listen(s.socket, resolve));
  const end = () => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  };
  s.closing.push(end);
  return { end, asked: () => asked };
}

story('Redis is not there at the start: beacons are taken and counted when it comes', async (s) => {
  await s.startAggregator();
  await s.startCollector();
  assert.equal((await s.request('/livez')).status, 200);
  assert.equal((await s.request('/readyz')).status, 503);
  assert.equal((await s.request('/sites/shop/realtime')).status, 503);
  await send(s, 20);
  await s.startRedis();
  await isReady(s, 200);
  await sees(s, 20);
  await send(s, 20, 20);
  await sees(s, 40);
});

story('Redis is killed and comes back empty: everything is written again', async (s) => {
  await s.start();
  await send(s, 30);
  await sees(s, 30);
  await s.redis.kill();
  await send(s, 30, 30);
  await isReady(s, 503);
  await s.startRedis();
  await send(s, 30, 60);
  await sees(s, 90);
  const counters = await s.counters(s.aggregator);
  assert.ok(counters.regress + counters.reboots > 0, 'it noticed that Redis had lost its commits');
  assert.equal(counters.dirty, 0);
});

story('FLUSHALL under way: the next commit notices and writes everything again', async (s) => {
  await s.start();
  await send(s, 30);
  await sees(s, 30);
  assert.equal(await s.redisCli('flushall'), 'OK');
  await send(s, 1, 30);
  await sees(s, 31);
});

story('SCRIPT FLUSH under way costs nothing', async (s) => {
  await s.start();
  await send(s, 10);
  await sees(s, 10);
  assert.equal(await s.redisCli('script', 'flush'), 'OK');
  await send(s, 10, 10);
  await sees(s, 20);
});

story('Redis hangs for three seconds: nothing is lost and nobody hangs with it', async (s) => {
  await s.start({ redis: ['--enable-debug-command', 'yes'] });
  await send(s, 10);
  await sees(s, 10);
  let awake = false;
  const asleep = s.redisCli('debug', 'sleep', 3).then(() => (awake = true));
  const passed = ownTime();
  await send(s, 40, 10);
  assert.equal((await s.request('/livez')).status, 200);
  assert.ok(!awake || passed() < 2_500, 'pixels do not wait for Redis');
  await asleep;
  await sees(s, 50);
});

story('Redis hangs for longer than anybody waits: the links are made anew', async (s) => {
  await s.start();
  await send(s, 10);
  await sees(s, 10);
  s.redis.signal('SIGSTOP');
  await send(s, 10, 10);
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).redis_up, 0), HEAL_MS);
  s.redis.signal('SIGCONT');
  await sees(s, 20);
  await send(s, 10, 20);
  await sees(s, 30);
});

story('Redis is loading: it counts as away until it has loaded', async (s) => {
  const loading = await loadingRedis(s);
  await s.startAggregator();
  await s.startCollector();
  await eventually(() => assert.ok(loading.asked() >= 4), HEAL_MS);
  assert.equal((await s.request('/readyz')).status, 503);
  await send(s, 20);
  await loading.end();
  await s.startRedis();
  await sees(s, 20);
});

story('Redis goes into loading under way, and comes back with what it had', async (s) => {
  await s.start({ redis: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  await send(s, 20);
  await sees(s, 20);
  await s.redis.kill();
  fs.rmSync(s.socket, { force: true });
  const loading = await loadingRedis(s);
  await send(s, 20, 20);
  await eventually(() => assert.ok(loading.asked() >= 2), HEAL_MS);
  await loading.end();
  await s.startRedis(['--appendonly', 'yes', '--appendfsync', 'always']);
  await sees(s, 40);
});

story('Redis is full: commits are tried again until there is room', async (s) => {
  await s.start({ redis: ['--maxmemory-policy', 'noeviction'] });
  await send(s, 10);
  await sees(s, 10);
  assert.equal(await s.redisCli('config', 'set', 'maxmemory', '1'), 'OK');
  await send(s, 30, 10);
  await eventually(async () => assert.ok((await s.counters(s.aggregator)).retries > 0), HEAL_MS);
  assert.equal((await s.api('shop')).pageViews, 10);
  assert.equal(await s.redisCli('config', 'set', 'maxmemory', '0'), 'OK');
  await sees(s, 40);
  assert.equal((await s.counters(s.aggregator)).dirty, 0);
});

story('connections that Redis cuts are made again', async (s) => {
  await s.start();
  for (let k = 0; k < 5; k++) {
    await send(s, 10, 10 * k);
    await s.redisCli('client', 'kill', 'type', 'normal');
    await sees(s, 10 * (k + 1));
  }
  assert.ok((await s.counters(s.collector)).redis_downs > 0);
});
