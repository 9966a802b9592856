// A storm of readers: thousands of event streams whose collector or Redis goes away under them,
// and thousands that stop reading. All come back, spread over time; whatever the feed could not
// give them is told as a gap; and memory is given back.
//
// STREAMS=N changes how many there are. It is 5,000, or what the hard limit of open files
// allows (this process and the collector need one each for every stream), or 500 with the
// sanitizers, which make every stream slow and say nothing about memory.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Crowd, filesMax } from './crowd.mjs';
import { eventually, Story, story } from './harness.mjs';
import { ownTime } from './own_time.mjs';

const SITE = 'shop';
const STREAM = `/sites/${SITE}/stream`;
const WORKERS = 2;
const KIB = 1024;
const MIB = 1024 * KIB;

const sanitized = (process.env.HEADCOUNT_BIN ?? '').includes('san');
const wanted = Number(process.env.STREAMS ?? (sanitized ? 500 : 5000));
// The collector leaves a fifth of its files to other things, and the kernel does not spread
// connections evenly over the workers.
const STREAMS = Math.min(wanted, Math.floor(filesMax() * 0.6));
if (STREAMS < wanted) console.log(`${STREAMS} streams, not ${wanted}: only ${filesMax()} files may be open`);

const RETRY_MS = [2000, 5000]; // STREAM_RETRY_MIN_MS, STREAM_RETRY_MAX_MS
const IDLE_BYTES_MAX = 1.5 * KIB; // of one idle stream, without the kernel's part
const HEAL_MS = 30_000;
const WRITE_MS = 10_000; // HTTP_WRITE_DEADLINE_MS
const STALLED_MAX_MS = 40_000;
// Who stopped reading is kept the rest of one batch: a state, MESSAGE_MAX bytes at most, and the
// events of a quarter of a second.
const BATCH_BYTES_MAX = 24 * KIB;
// What stays with the process when all have left: 1,024 connections of each worker, kept for the
// next ones (conns.c), its buffers of a batch, and what malloc cannot give back because
// something that stays lies above it. And up to WORKER_TRIM_BYTES of a worker are not worth the
// trouble.
const KEPT_MAX = 4 * MIB;
const TRIM_BYTES = 4 * MIB;

const PERSISTENT = ['--appendonly', 'yes'];

const rss = (program) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${program.pid}/status`, 'utf8'))[1]) * KIB;
const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;

/** Some views a second, through a collector of its own: it goes on when the other one dies. */
class Traffic {
  constructor(s) {
    this.s = s;
    this.sent = 0;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    s.closing.push(() => (clearInterval(this.timer), this.agent.destroy()));
  }

  async open() {
    const { s } = this;
    const args = ['--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--secret-file', s.secretFile];
    this.address = await Story.addressOf(s.daemon('collector', args));
    return this;
  }

  async view(path = `/${this.sent % 7}`) {
    const k = this.sent++;
    const query = new URLSearchParams({ i: SITE, p: path, u: `v${k % 20}`, v: `t${k % 20}` });
    const status = await new Promise((resolve, reject) => {
      http.get(`http://${this.address}/hc.gif?${query}`, { agent: this.agent }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode));
      }).on('error', reject);
    });
    assert.equal(status, 200);
  }

  async views(n, path) {
    for (let k = 0; k < n; k++) await this.view(path);
  }

  begin(aSecond, path) {
    this.timer = setInterval(() => (this.under = this.view(path)), 1000 / aSecond);
  }

  async end() {
    clearInterval(this.timer);
    await this.under;
  }
}

/** Waits until every reader has everything: each event or a gap, and the state that is the
 *  newest one. No traffic meanwhile. */
async function allKnow(s, crowd, traffic, ms = HEAL_MS) {
  await eventually(async () => {
    const [last, n] = [Number(await s.redisCli('hget', `hc:{${SITE}}:m`, 'i')), Number(await s.redisCli('hget', `hc:{${SITE}}:m`, 'n'))];
    assert.equal(last, traffic.sent, 'the feed has every view');
    assert.equal(crowd.upToDate(last, n), STREAMS, `readers that know of event ${last} and state ${n}`);
  }, ms);
  assert.deepEqual(crowd.notes, []);
  assert.equal(crowd.holes, 0);
}

/** How much of all falls into the fullest tenth of a second. */
function fullestTenth(times) {
  const tenths = new Map();
  for (const at of times) tenths.set(Math.floor(at / 100), (tenths.get(Math.floor(at / 100)) ?? 0) + 1);
  return Math.max(...tenths.values()) / times.length;
}

/** They came again spread over the three seconds that `retry:` leaves: one in thirty in each
 *  tenth of a second, and nine tenths of them within 2.7 s. What was asked for is the
 *  collector's part; when they really came also this process', which may be busy. */
function assertSpread(what, crowd) {
  const returns = crowd.returns.slice().sort((a, b) => a - b);
  const share = (part) => returns[Math.floor(part * (returns.length - 1))];
  const width = share(0.95) - share(0.05);
  const [asked, came] = [fullestTenth(crowd.readers.map(({ retry }) => retry)), fullestTenth(returns)];
  console.log(`${what}: ${returns.length} came again from ${share(0).toFixed(0)} to ${share(1).toFixed(0)} ms, 90 % of them within ` +
    `${width.toFixed(0)} ms, at most ${(100 * came).toFixed(1)} % in 100 ms (asked for: ${(100 * asked).toFixed(1)} %); ` +
    `resumed ${crowd.resumed}, gaps ${crowd.gaps}`);
  for (const { retry } of crowd.readers) assert.ok(retry >= RETRY_MS[0] && retry <= RETRY_MS[1], `retry: ${retry}`);
  assert.ok(share(0) >= RETRY_MS[0] - 50, 'nobody comes before it was asked to');
  assert.ok(asked < 2 / 30 + 1 / Math.sqrt(STREAMS), `${(100 * asked).toFixed(1)} % asked into 100 ms`);
  assert.ok(width > 1800, `90 % of them within ${width} ms`);
  assert.ok(came < 0.3, `${(100 * came).toFixed(1)} % in 100 ms`);
}

async function streams(s, options = {}) {
  await s.start({ workers: WORKERS, redis: PERSISTENT, ...options });
  const traffic = await new Traffic(s).open();
  await traffic.views(3);
  await s.sees(SITE, { pageViews: 3 });
  const crowd = new Crowd({ port: s.port, target: STREAM });
  s.closing.push(() => crowd.leave());
  return { traffic, crowd };
}

/** As much memory as a worker takes that has had some streams: what a first one costs once. */
async function settledRss(s) {
  const first = new Crowd({ port: s.port, target: STREAM });
  await first.open(Math.min(200, STREAMS));
  first.leave();
  await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, 0));
  return rss(s.collector);
}

async function isLeft(s, open = 0) {
  await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, open), HEAL_MS);
}

story(`${STREAMS} streams, and Redis is killed, then stopped: they stay, and are told what was missed`, async (s) => {
  const { traffic, crowd } = await streams(s);
  const before = await settledRss(s);
  const begun = performance.now();
  await crowd.open(STREAMS);
  const idle = (rss(s.collector) - before) / STREAMS;
  console.log(`opened in ${(performance.now() - begun).toFixed(0)} ms; ${idle.toFixed(0)} bytes an idle stream`);
  if (!sanitized) assert.ok(idle <= IDLE_BYTES_MAX, `${idle} bytes an idle stream`);

  traffic.begin(10);
  await s.redis.kill();
  await eventually(async () => assert.equal((await s.counters(s.collector)).subscriber_up, 0));
  await traffic.views(150); // more than are held: a gap
  await s.startRedis(PERSISTENT);
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200), HEAL_MS);
  await traffic.end();
  await allKnow(s, crowd, traffic);
  console.log(`Redis killed: ${crowd.gaps} gaps, ${crowd.closed} closed`);
  assert.equal(crowd.closed, 0);

  crowd.forget();
  traffic.begin(10);
  s.redis.signal('SIGSTOP');
  await pause(6000); // longer than Redis may take for a reply
  s.redis.signal('SIGCONT');
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200), HEAL_MS);
  await traffic.end();
  await allKnow(s, crowd, traffic);
  console.log(`Redis stopped: ${crowd.gaps} gaps, ${crowd.closed} closed`);
  assert.equal(crowd.closed, 0);

  crowd.leave();
  await isLeft(s);
  const kept = rss(s.collector) - before;

  // What is kept is what the next ones are made of: nothing grows with those who came and went.
  const next = new Crowd({ port: s.port, target: STREAM });
  s.closing.push(() => next.leave());
  await next.open(STREAMS);
  next.leave();
  await isLeft(s);
  const again = rss(s.collector) - before - kept;
  console.log(`memory: ${mib(before)} before, ${mib(kept)} more after all had left, ${mib(again)} more after as many again`);
  if (sanitized) return;
  assert.ok(kept <= KEPT_MAX, `${mib(kept)} more`);
  assert.ok(again <= MIB, `${mib(again)} more`);
}, { ms: 120_000 });

story(`${STREAMS} streams, and the collector is stopped, then killed: all come back`, async (s) => {
  const { traffic, crowd } = await streams(s);
  await crowd.open(STREAMS);
  traffic.begin(10);
  const told = crowd.readers.map(({ retry }) => retry);

  crowd.forget();
  assert.deepEqual(await s.collector.stop(), { code: 0, signal: null });
  await eventually(() => assert.ok(crowd.closed >= STREAMS));
  const asked = crowd.readers.filter(({ retry }, k) => retry !== told[k]).length;
  assert.ok(asked > 0.99 * STREAMS, `only ${asked} were asked to come again`); // the same number by chance
  await s.startCollector(['--workers', WORKERS]);
  await eventually(() => assert.equal(crowd.greeted, STREAMS), HEAL_MS);
  await traffic.end();
  await allKnow(s, crowd, traffic);
  assertSpread('SIGTERM', crowd);
  assert.equal(crowd.resumed, STREAMS);
  assert.equal(crowd.gaps, 0, 'all that was missed is held');

  crowd.forget();
  traffic.begin(10);
  await s.collector.kill();
  await traffic.views(150); // more than are held: a gap
  await s.startCollector(['--workers', WORKERS]);
  await eventually(() => assert.equal(crowd.greeted, STREAMS), HEAL_MS);
  await traffic.end();
  await allKnow(s, crowd, traffic);
  assertSpread('SIGKILL', crowd);
  assert.equal(crowd.resumed, STREAMS);
  assert.equal(crowd.gaps, STREAMS);
}, { ms: 120_000 });

story(`${STREAMS} readers that stop reading cost little, are closed, and hold up nobody else`, async (s) => {
  const { traffic, crowd } = await streams(s);
  // Pages with long paths make states of 11 KB, four a second: what the kernel holds of a
  // stream (its STREAM_SNDBUF and the reader's 64 KB) is full after a few seconds.
  const view = () => traffic.view(`/${String(traffic.sent % 20).padStart(3, '0')}${'x'.repeat(480)}`);
  for (let k = 0; k < 20; k++) await view();
  const before = await settledRss(s);
  const healthy = new Crowd({ port: s.port, target: STREAM });
  s.closing.push(() => healthy.leave());
  await crowd.open(STREAMS);
  await healthy.open(1);
  crowd.stall();

  const begun = performance.now();
  const since = () => performance.now() - begun;
  let [most, slowest, first, last] = [0, 0, 0, 0];
  for (let open = STREAMS + 1; open > 1; ) {
    const passed = ownTime();
    await view();
    await eventually(() => assert.equal(healthy.readers[0].cursor, traffic.sent));
    slowest = Math.max(slowest, passed());
    most = Math.max(most, rss(s.collector) - before);
    ({ streams_open: open } = await s.counters(s.collector));
    if (open <= STREAMS) first ||= since();
    last = since();
    assert.ok(last < STALLED_MAX_MS, `after ${last} ms ${open} are still open`);
    await pause(100);
  }
  const { streams_slow, conns_starved } = await s.counters(s.collector);
  console.log(`stopped reading: closed from ${first.toFixed(0)} to ${last.toFixed(0)} ms, ${mib(most)} more at most, ` +
    `the healthy one told within ${slowest.toFixed(0)} ms, ${streams_slow} counted slow, ${conns_starved} starved`);
  assert.equal(streams_slow + conns_starved, STREAMS);
  assert.ok(slowest < 2000, `the healthy one was told after ${slowest} ms`);
  assert.ok(first >= WRITE_MS, `one was closed after ${first} ms`);
  assert.equal(healthy.closed, 0);
  assert.deepEqual([...crowd.notes, ...healthy.notes], []);

  crowd.leave();
  await isLeft(s, 1);
  await eventually(async () => { // given back at most every few seconds
    await view();
    const kept = rss(s.collector) - before;
    if (!sanitized) assert.ok(kept <= KEPT_MAX + WORKERS * TRIM_BYTES, `${mib(kept)} more`);
  });
  console.log(`memory: ${mib(rss(s.collector) - before)} more after all had left`);
  if (!sanitized) assert.ok(most <= STREAMS * BATCH_BYTES_MAX + WORKERS * TRIM_BYTES, `${mib(most)} more`);
}, { ms: 120_000 });
