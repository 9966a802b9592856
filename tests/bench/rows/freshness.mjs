// How old a number is when it is told: from the answer to a beacon until the message that counts
// it is at a subscriber of Redis, and at a client of the event stream.
//
//   node tests/bench/rows/freshness.mjs [ROUNDS] [SECONDS]
//
// Sixteen sites, each asked for a pixel every 400 ms, so that each rests in between; both ends of
// the measurement are one program (tests/bench/fresh.c). Once nobody else is there, once beside
// 20,000 pixels a second on another site, with a browser's headers (tests/bench/load.c), and once
// beside as many on a thousand sites, all of which are dirty in each round of commits. Collector,
// aggregator and Redis share core 1, who measures and who makes the load core 0.
//
// When a minute turns all sites are told once more, and a stream tells no two states within 250 ms
// (STREAM_STATE_MS): one of three rounds may have some 20 and 150 ms at its p99 by that, and the
// median leaves it out.
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { Story } from '../../e2e/stage.mjs';
import { built, cannot, row } from '../lib/row.mjs';
import { pin } from '../lib/server.mjs';

const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 8);
const SITES = 16;
const EVERY_MS = 400; // above STREAM_STATE_MS, also when one was late
const RATE = 20_000;
const REACHED = 0.95; // of the rate, at least: else the figures are of another load
const MANY = 1000; // sites
const WARM_MS = 1000;
const MORE_MS = 3000; // the load goes on until the last one is told

/** p50 and p99 of both ways, in ms. */
function measure(s) {
  const run = spawnSync('taskset', ['-c', '0', built('fresh'), '127.0.0.1', s.port, s.socket, SITES, EVERY_MS, seconds].map(String), { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  const [, redis50, redis99, , , sse50, sse99] = run.stdout.split(' ');
  return { redis50, redis99, sse50, sse99 };
}

/** measure(), and how many pixels a second were counted meanwhile. */
async function measureRate(s) {
  const before = await s.counters(s.collector), at = performance.now();
  const figures = measure(s);
  const after = await s.counters(s.collector);
  return { ...figures, rate: (1000 * (after.hits - before.hits)) / (performance.now() - at) };
}

/** Throws when an answered pixel of @load did not count since @before, or an event was let go. */
async function counted(s, load, before) {
  const { hits, lost_full: lost } = await s.counters(s.collector);
  const { requests } = JSON.parse(load.out);
  if (hits - before.hits < requests || lost > 0) throw new Error(`${requests} pixels: ${hits - before.hits} counted, ${lost} lost`);
}

async function beside(s, rate, sites = 1) {
  const before = await s.counters(s.collector);
  const ms = WARM_MS + seconds * 1000 + MORE_MS;
  const load = s.run('load', 'taskset', ['-c', '0', built('load'), '--rate', rate, '--ms', ms, '--visitors', 100_000, '--sites', sites,
    '--target', '/hc.gif?i=busy{s}&p=/articles/{p}&u={u}', s.http]);
  await pause(WARM_MS);
  const figures = await measureRate(s);
  const { code } = await load.end;
  if (code !== 0) throw new Error(load.log());
  await counted(s, load, before);
  return figures;
}

const s = new Story();
try {
  await s.start({ workers: 1 });
  for (const program of [s.redis, s.aggregator, s.collector]) pin(program.pid, 1);
  const quiet = [], busy = [], many = [];
  for (let i = 0; i < rounds; i++) {
    quiet.push(measure(s));
    busy.push(await beside(s, RATE));
    many.push(await beside(s, RATE, MANY));
  }
  const tell = (what, of, key, ms) => {
    const rate = Math.min(...of.map(({ rate = RATE }) => rate));
    if (rate < REACHED * RATE) cannot(`beacon to ${what}`, `${rate.toFixed(0)} pixels/s were reached`);
    else row({ what: `beacon to ${what}`, unit: 'ms', ours: of.map((figures) => Number(figures[key]) / 1000), most: ms, goal: `≤ ${ms} ms` });
  };
  const settings = [['quiet', quiet, 0.5, 8], ['beside 20,000 pixels/s', busy, 12, 30], ['beside those on 1,000 sites', many, 12, 30]];
  for (const [where, of, p50, p99] of settings)
    for (const [who, key, more] of [['Redis subscriber', 'redis', 0], ['SSE client', 'sse', 5]]) {
      tell(`${who}, ${where}, p50`, of, `${key}50`, p50 + more);
      tell(`${who}, ${where}, p99`, of, `${key}99`, p99 + more);
    }
  await s.close();
} catch (e) {
  console.error(s.logs());
  await s.closeHard();
  throw e;
}
