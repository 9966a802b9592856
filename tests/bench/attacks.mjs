// How long honest clients wait beside each attack of tests/e2e/attackers.mjs.
//
//   node tests/bench/attacks.mjs [SECONDS] [CONNECTIONS] [PATTERN OF NAMES]
//
// Eight keep-alive connections with a pixel every ten milliseconds each, from this process;
// the attackers are another one. The collector is on core 1 with one worker, all others on
// core 0. Prints p50, p99 and the longest of their answers, those who got none, and the
// collector's CPU and memory.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import fs from 'node:fs';
import { attacks, feedAttacks, GoodClients } from '../e2e/attackers.mjs';
import { eventually, Story } from '../e2e/stage.mjs';
import { cpuOf, pin } from './lib/server.mjs';

const all = { ...attacks, ...feedAttacks };
const LANES = 8;
const few = new Set(['pipelined pixels', 'slow readers', 'WebSocket frames of a byte', 'garbage', 'resets', 'feed: lines']);

if (process.argv[2] === 'attack') {
  const [, , , name, port, size] = process.argv;
  const attack = all[name](Number(port), Number(size));
  process.on('message', () => {
    process.send({ opened: attack.opened, closed: attack.closed });
    attack.stop();
    process.exit(0);
  });
  // Some are never under way as they wish: what they open is closed again. They are measured as they are.
  await Promise.race([attack.settled, new Promise((resolve) => setTimeout(resolve, 3000))]);
  process.send('settled');
} else {
  await main(Number(process.argv[2] ?? 8), Number(process.argv[3] ?? 1000), new RegExp(process.argv[4] ?? ''));
}

async function main(seconds, size, pattern) {
  const s = new Story();
  const heard = (child) => new Promise((resolve) => child.once('message', resolve));
  try {
    await s.startRedis();
    await s.startAggregator();
    await s.startCollector(['--workers', 1, '--feed-listen', '127.0.0.1:0']);
    const feed = Number((await Story.addressOf(s.collector, 'feed')).split(':').at(-1));
    pin(s.collector.pid, 1);
    for (const pid of [s.redis.pid, s.aggregator.pid, process.pid]) pin(pid, 0);
    const good = new GoodClients(s.port, { lanes: LANES });
    console.log('| attack | connections | opened | p50 ms | p99 ms | longest | failed | CPU | MiB |');
    console.log('|---|---:|---:|---:|---:|---:|---:|---:|---:|');
    for (const name of ['none', ...Object.keys(all).filter((key) => pattern.test(key))]) {
      const n = few.has(name) ? Math.min(size, 50) : size;
      const port = name in feedAttacks ? feed : s.port;
      const child = name === 'none' ? null : fork(new URL(import.meta.url).pathname, ['attack', name, port, n]);
      if (child) await heard(child);
      good.measure();
      const cpu = cpuOf([s.collector.pid]);
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      const { failures, p50, p99, worst } = good.measure();
      const busy = (cpuOf([s.collector.pid]) - cpu) / seconds / 1e7;
      const rss = Number(fs.readFileSync(`/proc/${s.collector.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]) / 1024;
      child?.send('stop');
      const { opened } = child ? await heard(child) : { opened: 0 };
      const ms = (v) => (v ?? NaN).toFixed(1);
      console.log(`| ${name} | ${child ? n : 0} | ${opened} | ${ms(p50)} | ${ms(p99)} | ${ms(worst)} | ${failures} | ${busy.toFixed(0)} % | ${rss.toFixed(0)} |`);
      await eventually(async () => {
        const { conns_open, feed_open } = await s.counters(s.collector);
        assert.ok(conns_open <= LANES && feed_open === 0, 'the attackers are still there');
      }, 60_000);
    }
    await good.stop();
    await s.close();
  } catch (e) {
    console.error(s.logs());
    await s.closeHard();
    throw e;
  }
}
