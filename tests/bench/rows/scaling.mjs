// The scaling law: what CPU grows with, and what it does not grow with.
//
//   node tests/bench/rows/scaling.mjs
//
// 1. Thirty-two runs of two seconds, each with other amounts of everything. The CPU of collector and
//    aggregator in them is taken for a sum of what was counted in the same time, each times a
//    coefficient, and so much for each second (a timer of 1 ms). How much of the differences between
//    the runs that does not explain is the figure (1 - R²): 2 and 7 % on a machine of its own, more
//    beside compilers, which make wake-ups fewer. Then the product of each
//    two, or of one with itself, is added to the sum: none may explain more of what the sum leaves
//    than one in a hundred would by chance.
//    With errors of 6 % a product that is a fifth of the CPU is told in four of five such tables,
//    but for a request's with a datagram (one in three).
// 2. An aggregator that knows a hundred sites and one that knows ten thousand, with the same
//    changes on the same ten sites, in turns; not while a minute turns, when all sites are told.
// 3. Folding, by fold_bench.
// 4. Pixels a second of one unit and of two. A unit is a worker and a load that drives it as fast as
//    it is answered, both on one core: a collector of one worker on core 0, and one of two workers,
//    each pinned to a core, which is given the connections that come from its own (steer.c).
//    Aggregator and Redis run on the same cores, and what they took of these is taken off: it is no
//    part of a unit, and two units would share what one has to bear alone. Beside it the CPU of the
//    collector alone, and the forwarding probe (http_floor.c) as one process and as two; and both as
//    the kernel spreads connections, of which half come from the other core: that costs any server
//    most of what the second core brings.
//
// In 1 and 2 all programs share core 1: waking a processor that sleeps is expensive on a virtual
// machine, and is charged to who wakes it.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, Story } from '../../e2e/stage.mjs';
import { foldRounds } from '../lib/fold.mjs';
import { crossTerms, regress } from '../lib/regress.mjs';
import { built, row } from '../lib/row.mjs';
import { cpuOf, pin } from '../lib/server.mjs';
import { allCounted, PIXEL, startSink } from '../lib/web.mjs';

const RUN_MS = 2000;
const WARM_MS = 400;
const REST_MS = 600; // the load outlives the run by it
const STREAMS = 1500;
const POST = 50; // events

/* So many a second: pixels, new connections with a pixel each, posts of events, states told to
 * all streams. On so many sites; long: paths of 200 bytes. */
const RUNS = [
  { pixels: 1000 },
  { pixels: 4000 },
  { pixels: 12000 },
  { pixels: 8000, sites: 200 },
  { pixels: 500, sites: 500 },
  { pixels: 4000, sites: 50, long: true },
  { connections: 1500 },
  { pixels: 1000, connections: 700 },
  { posts: 100 },
  { posts: 400 },
  { posts: 200, sites: 200 },
  { posts: 200, long: true },
  { pixels: 3000, states: 3 },
  { pixels: 1000, connections: 400, states: 2 },
  { pixels: 4000, posts: 200, sites: 20, states: 3 },
  { pixels: 8000, posts: 300, connections: 400 },
  // From here on two or three of them together, so that each product is large in several runs.
  { connections: 1000, states: 3 },
  { connections: 1200, states: 1 },
  { connections: 1000, posts: 200 },
  { connections: 600, posts: 300, sites: 100 },
  { posts: 300, states: 3 },
  { posts: 100, states: 1, sites: 300 },
  { posts: 400, states: 2, sites: 50 },
  { pixels: 6000, states: 2, sites: 100 },
  { pixels: 8000, states: 1 },
  { pixels: 2000, states: 3, sites: 300 },
  { pixels: 6000, posts: 100, states: 2 },
  { pixels: 3000, connections: 1000, sites: 100 },
  { pixels: 6000, connections: 600 },
  { pixels: 500, connections: 300, posts: 50, states: 3, sites: 50 },
  { pixels: 10000, posts: 50, sites: 20 },
  { pixels: 3000, connections: 500, posts: 200, states: 1, sites: 200 },
];

const asks = (s, ...args) => s.run('load', 'taskset', ['-c', '1', built('load'), ...args, s.http]);

function begin(s, { pixels, connections, posts, states, sites = 1, long }, ms = WARM_MS + RUN_MS + REST_MS) {
  const path = `/articles/{p}${long ? '-and-so-on'.repeat(20) : ''}`;
  const pixel = ['--target', `/hc.gif?i=s{s}&p=${path}&u={u}`];
  const event = ['--batch', POST, '--event', `{"i":"s{s}","p":"${path}","u":"{u}"}`];
  return [
    [pixels, ...pixel],
    [connections, '--once', 'server', ...pixel],
    [posts, ...event],
    [states, '--target', '/hc.gif?i=watched&p=/&u={u}'],
  ]
    .filter(([rate]) => rate)
    .map(([rate, ...what]) => asks(s, '--rate', rate, '--ms', ms, '--sites', sites, '--pages', 4, ...what));
}

async function ended(loads) {
  for (const load of loads) if ((await load.end).code !== 0) throw new Error(load.log());
}

// ---- 1: a sum of what was done ------------------------------------------------

async function look(s) {
  const [collector, aggregator] = await Promise.all([s.counters(s.collector), s.counters(s.aggregator)]);
  return { collector, aggregator, cpu: { collector: cpuOf([s.collector.pid]), aggregator: cpuOf([s.aggregator.pid]) }, at: performance.now() };
}

/** The factors of each program, by the names of their counters. */
const FACTORS = {
  collector: { connection: 'conns', request: 'requests', datagram: 'datagrams_sent', event: 'hits', delivery: 'stream_writes' },
  aggregator: { datagram: 'datagrams', event: 'views', 'dirty site': 'commits', round: 'rounds' },
};

async function run(s, load) {
  const loads = begin(s, load);
  await pause(WARM_MS);
  const before = await look(s);
  await pause(RUN_MS);
  const after = await look(s);
  await ended(loads);
  const of = (who) => ({
    y: (after.cpu[who] - before.cpu[who]) / 1000,
    x: {
      second: (after.at - before.at) / 1000,
      ...Object.fromEntries(Object.entries(FACTORS[who]).map(([f, name]) => [f, after[who][name] - before[who][name]])),
    },
  });
  return { collector: of('collector'), aggregator: of('aggregator') };
}

function tellSum(who, runs) {
  const { coefficients, r2, residuals } = regress(runs);
  const times = Object.entries(coefficients).map(([f, us]) => `${us.toFixed(us < 10 ? 1 : 0)} µs ${/^[aeiou]/.test(f) ? 'an' : 'a'} ${f}`);
  const worst = Math.max(...residuals.map(Math.abs)).toFixed(0);
  row({
    what: `${who}: CPU that is no sum of ${times.join(' + ')}; furthest run ${worst} %`,
    unit: '%', ours: [100 * (1 - r2)], most: 10, goal: '≤ 10 % (R² ≥ 0.9)',
  });
}

function tellProducts(who, runs) {
  const best = crossTerms(runs);
  const line = { unit: '% of what no sum tells', most: 1, goal: 'none beyond noise' };
  const what = `${who}: CPU by products of two of these, or of one with itself`;
  if (best === null) row({ ...line, what: `${what}: nothing is left for any`, ours: [0] });
  else row({ ...line, what: `${what}, of which ${best.name} tells most`, ours: [best.share], peer: { name: 'by chance, one in a hundred', rounds: [best.noise] } });
}

async function sums() {
  const s = new Story();
  try {
    await s.start({ workers: 1, collector: ['--streams', 2 * STREAMS] });
    for (const program of [s.collector, s.aggregator, s.redis]) pin(program.pid, 1);
    const readers = s.run('readers', 'taskset', ['-c', '1', built('stream_load'), 'sse', '127.0.0.1', s.port,
      '/sites/watched/stream', STREAMS, s.socket, 0], { stdin: true });
    s.closing.push(() => readers.kill());
    await readers.says(/ready/);
    await ended(begin(s, { posts: 60, sites: 500 })); // so that all sites are there
    const runs = [];
    for (const load of RUNS) runs.push(await run(s, load));
    for (const who of ['collector', 'aggregator']) {
      tellSum(who, runs.map((r) => r[who]));
      tellProducts(who, runs.map((r) => r[who]));
    }
    await s.close();
  } catch (e) {
    console.error(s.logs());
    await s.closeHard();
    throw e;
  }
}

// ---- 2: sites that rest ---------------------------------------------------------

async function known(sites) {
  const s = await new Story().start({ workers: 1 });
  for (const program of [s.collector, s.aggregator, s.redis]) pin(program.pid, 1);
  await ended([asks(s, '--requests', Math.ceil((sites * 8) / 500), '--batch', 500, '--sites', sites, '--event', '{"i":"s{s}","p":"/","u":"{u}"}')]);
  await eventually(async () => {
    const { sites: n, loading, dirty } = await s.counters(s.aggregator);
    if (n < sites * 0.99 || loading > 0 || dirty > 0) throw new Error(`${n} sites, ${loading} loading, ${dirty} dirty`);
  });
  return s;
}

/** Not near the turn of a minute. */
async function calm(ms) {
  const at = Date.now() % 60_000;
  if (at < 8000) await pause(8000 - at);
  else if (at > 60_000 - ms - 1000) await pause(68_000 - at);
}

/** µs of CPU of the aggregator a second, while ten sites change. */
async function resting(s) {
  await calm(WARM_MS + RUN_MS + REST_MS);
  const loads = begin(s, { pixels: 300, sites: 10 });
  await pause(WARM_MS);
  const before = cpuOf([s.aggregator.pid]), at = performance.now();
  await pause(RUN_MS);
  const us = (cpuOf([s.aggregator.pid]) - before) / (performance.now() - at);
  await ended(loads);
  return us;
}

async function dirtyAlone() {
  const few = await known(100), many = await known(10_000);
  const cost = { few: [], many: [] };
  for (let i = 0; i < 3; i++) {
    cost.few.push(await resting(few));
    cost.many.push(await resting(many));
  }
  row({
    what: 'aggregator, ten of 10,000 known sites change: CPU a second', unit: 'µs',
    ours: cost.many, peer: { name: 'ten of 100', rounds: cost.few }, most: 1.25, goal: '≤ 1.25 ×',
  });
  await few.close();
  await many.close();
}

// ---- 3: folding -----------------------------------------------------------------

function folding(what, many, few, most) {
  row({
    what, unit: 'ns an event', ours: foldRounds(...many).all,
    peer: { name: 'the fewer', rounds: foldRounds(...few).all }, most, goal: `≤ ${most} ×`,
  });
}

// ---- 4: workers -----------------------------------------------------------------

const ONE = [0];
const BOTH = [0, 1];
const TURN_MS = 500;

/** The threads of a collector that are workers: all but the first, in their order. */
const workersOf = (pid) => fs.readdirSync(`/proc/${pid}/task`).map(Number).filter((id) => id !== pid).sort((a, b) => a - b);

/** Gives who shares the port of @http with @pid the connections of their own cores. */
const steer = (pid, http) => execFileSync(built('steer'), [pid, http.split(':').at(-1)].map(String));

const pidsOf = (programs) => programs.map(({ pid }) => pid);

/** Who is driven at @http: @servers answer, @others are on the same cores for their sake. `time` and
 * `cpu` are those of a pixel in each turn. */
const unit = (s, http, cores, servers, others) => ({ s, http, cores, servers: pidsOf(servers), others: pidsOf(others), asked: 0, time: [], cpu: [] });

/** Headcount on @cores, with a worker on each. */
async function startWorkers(cores, steered) {
  const s = await new Story().start({ workers: cores.length });
  for (const program of [s.redis, s.aggregator, s.collector]) pin(program.pid, cores.join());
  workersOf(s.collector.pid).forEach((id, i) => execFileSync('taskset', ['-pc', String(cores[i]), String(id)], { stdio: 'ignore' }));
  if (steered) steer(s.collector.pid, s.http);
  return unit(s, s.http, cores, [s.collector], [s.aggregator, s.redis]);
}

/** The probe on @cores, a process on each, and whoever receives its datagrams. */
async function startProbes(cores, steered) {
  const s = new Story();
  const sink = await startSink(s);
  const [receiver] = s.programs;
  const shared = [];
  pin(receiver.pid, cores.join());
  for (const core of cores) {
    const program = s.run('probe', 'taskset', ['-c', core, built('http_floor'), 'forward', sink, ...shared]);
    shared[0] = (await program.says(/^(\d+)\n/))[1];
  }
  const http = `127.0.0.1:${shared[0]}`;
  if (steered) steer(s.programs.at(-1).pid, http);
  return unit(s, http, cores, s.programs.slice(1), [receiver]);
}

/** While a load on each of its cores asks as fast as it can: the microseconds that pass a pixel, but
 * for what the others had of the cores, and those of the servers' CPU. */
async function drive({ s, http, cores, servers, others }) {
  const before = [cpuOf(servers), cpuOf(others)];
  const loads = cores.map((core) => s.run('load', 'taskset', ['-c', core, built('load'), '--ms', TURN_MS, '--target', PIXEL, http]));
  await ended(loads);
  const requests = loads.reduce((sum, load) => sum + JSON.parse(load.out).requests, 0);
  const [cpu, taken] = [cpuOf(servers) - before[0], cpuOf(others) - before[1]].map((ns) => ns / 1000);
  return { requests, time: (1000 * TURN_MS - taken / cores.length) / requests, cpu: cpu / requests };
}

async function workers() {
  const one = await startWorkers(ONE), two = await startWorkers(BOTH, true), spread = await startWorkers(BOTH);
  const probe = await startProbes(ONE), probes = await startProbes(BOTH, true), spreadProbes = await startProbes(BOTH);
  const all = [one, two, probe, probes, spread, spreadProbes];
  for (let i = -1; i < 7; i++)
    for (const server of all) {
      const { requests, time, cpu } = await drive(server);
      server.asked += requests;
      if (i < 0) continue;
      server.time.push(time);
      server.cpu.push(cpu);
    }
  for (const { s, asked } of [one, two, spread]) await allCounted(s, asked);
  const tell = (what, more, fewer, goal, key = 'time') =>
    row({ what, unit: 'µs', ours: more[key], peer: { name: 'one on one core', rounds: fewer[key] }, ...goal });
  tell('two workers, each on a core with a load of its own: time a pixel', two, one, { most: 1 / 1.8, goal: '≤ 0.5556 ×: 1.8 times as many a second' });
  tell('CPU of the collector a pixel, two workers beside one', two, one, { most: 1.11, goal: '≤ 1.11 ×' }, 'cpu');
  tell('two probes, each so', probes, probe, { goal: 'the machine' });
  tell('two workers, half of whose connections are of the other core', spread, one, { goal: 'shown' });
  tell('two probes, half of whose connections are of the other core', spreadProbes, probe, { goal: 'the machine' });
  for (const { s } of all) await s.close();
}

await sums();
await dirtyAlone();
folding('folding, from 1 site to 10,000, a million visitors', [10_000, 1_000_000], [1, 1_000_000], 2);
folding('folding, from 100,000 visitors to ten million, 100 sites', [100, 10_000_000], [100, 100_000], 1.25);
await workers();
