// The real programs with a bad network between them, and everything that can befall them.
//
// Redis (appendfsync everysec, on a disk that may be slow), one or two aggregators for one
// shard, each behind a proxy of its own, and a collector that knows both.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { buildDir, eventually, Story, within } from '../e2e/stage.mjs';
import { Proxy } from './proxy.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The shim that makes the disk bad; compiled once. */
function badDisk() {
  const so = path.join(buildDir, `bad_disk.${process.pid}.so`);
  execFileSync('cc', ['-shared', '-fPIC', '-o', so, path.join(here, 'bad_disk.c'), '-ldl']);
  return so;
}

export class Cluster {
  constructor({ random, aggregators = 1, spool = false, workers = 2, window = 64, hold }) {
    Object.assign(this, { random, spool, workers, window, hold });
    this.story = new Story();
    this.aggregators = Array.from({ length: aggregators }, () => ({ program: null, udp: null, proxy: null }));
    this.kills = { aggregator: 0, redis: 0, collector: 0 };
    this.sums = {};
  }

  async start() {
    this.shim = badDisk();
    await this.startRedis();
    for (const one of this.aggregators) {
      await this.startAggregator(one);
      one.proxy = await Proxy.before(Number(one.udp.split(':').at(-1)), this.random);
    }
    await this.startCollector();
    return this;
  }

  /** what: 'slow MS', 'full', or nothing. */
  disk(what = '') {
    this.story.file('disk', what);
  }

  async startRedis() {
    const s = this.story;
    const env = { LD_PRELOAD: this.shim, BAD_DISK: path.join(s.dir, 'disk') };
    // The directory keeps the AOF from one life to the next.
    s.redis = s.run('redis', 'redis-server', [
      '--port', '0', '--dir', s.dir, '--unixsocket', s.socket, '--save', '', '--loglevel', 'warning',
      '--appendonly', 'yes', '--appendfsync', 'everysec', '--enable-debug-command', 'yes',
    ], { env });
    await eventually(async () => assert.equal(await s.redisCli('ping'), 'PONG'), 30_000);
  }

  async startAggregator(one) {
    const hold = this.hold === undefined ? [] : ['--hold-ms', this.hold];
    one.program = this.story.daemon('aggregator', [
      '--udp', one.udp ?? '127.0.0.1:0', '--redis', this.story.redisAddress,
      '--secret-file', this.story.secretFile, '--window', this.window, '--admin-listen', 'none', '--stats-listen', 'none', ...hold,
    ]);
    one.udp = (await one.program.says(/event=listening .*proto=udp addr=(\S+)/))[1];
  }

  async startCollector() {
    const s = this.story;
    const spool = this.spool ? ['--spool', s.dir] : [];
    s.collector = s.daemon('collector', [
      '--listen', s.http ?? '127.0.0.1:0', '--redis', s.redisAddress, '--secret-file', s.secretFile,
      '--workers', this.workers, '--admin-listen', 'none', ...spool,
      ...this.aggregators.flatMap(({ proxy }) => ['--aggregator', proxy.address]),
    ]);
    s.http = (await s.collector.says(/event=listening .*proto=http addr=(\S+)/))[1];
  }

  /** One of the aggregators that run, or null. */
  living() {
    const alive = this.aggregators.filter(({ program }) => program && !program.ended);
    return alive.length ? this.random.pick(alive) : null;
  }

  network(how) {
    for (const { proxy } of this.aggregators) proxy.set(how);
  }

  async killAggregator(pauseMs) {
    const one = this.living();
    if (!one) return;
    await one.program.kill();
    this.kills.aggregator++;
    await pause(pauseMs);
    await this.startAggregator(one);
  }

  /** Its disk has been slow for a while, and is not when it comes back. */
  async killRedis(pauseMs, slowMs) {
    this.disk(`slow ${slowMs}`);
    await pause(slowMs);
    await this.story.redis.kill();
    this.disk();
    this.kills.redis++;
    await pause(pauseMs);
    await this.startRedis();
  }

  async killCollector(pauseMs) {
    await this.story.collector.kill();
    this.kills.collector++;
    await pause(pauseMs);
    await this.startCollector();
  }

  async freeze(program, ms) {
    program.signal('SIGSTOP');
    await pause(ms);
    program.signal('SIGCONT');
  }

  /** Waits until the collector has nothing left that is not durable; returns its counters. */
  async settle(ms = 120_000) {
    return eventually(async () => {
      const c = await this.story.counters(this.story.collector);
      assert.equal(c.in_ring + c.open + c.unprotected, 0, `in_ring ${c.in_ring} open ${c.open} unprotected ${c.unprotected}`);
      return c;
    }, ms);
  }

  async close() {
    await this.story.closeOthers();
    fs.rmSync(this.shim, { force: true });
    for (const { program } of this.aggregators) program.signal('SIGCONT');
    this.story.redis.signal('SIGCONT');
    const codes = [];
    for (const program of [this.story.collector, ...this.aggregators.map(({ program }) => program)])
      codes.push((await program.stop(30_000)).code);
    for (const { proxy } of this.aggregators) proxy.close();
    await this.story.closeHard();
    return codes;
  }

  async closeHard() {
    fs.rmSync(this.shim, { force: true });
    for (const { proxy } of this.aggregators) proxy?.close();
    await this.story.closeHard();
  }
}

export { pause, within };
