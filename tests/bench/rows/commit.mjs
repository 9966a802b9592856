// What a site's commit costs Redis and the aggregator, beside increments.
//
// tests/bench/commit_bench.c has the forms: a thousand sites a round, our commits by the aggregator's
// own path with minute logs, the same change as eleven pipelined increments, as one script that does these, and as three
// increments for each event. Redis has core 1, the bench core 0; persistence off. Then the real programs: hits of
// a thousand sites by the feed port, and what Redis and the aggregator say it cost.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { eventually, Story } from '../../e2e/stage.mjs';
import { built, cannot, row } from '../lib/row.mjs';
import { cpuOf, pin } from '../lib/server.mjs';
import { Feed } from '../feed.mjs';

const ROUNDS = 15;
const SITES = 1000;
const FORMS = ['commit:5', 'increments', 'scripted', 'commit:10', 'events:10', 'commit:100', 'events:100'];

/** { form: { redis: [us], ours: [us], commands: [n] } } */
function measure(s) {
  const run = spawnSync('taskset', ['-c', '0', built('commit_bench'), s.socket, s.redis.pid, ROUNDS, ...FORMS].map(String), { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  const figures = Object.fromEntries(FORMS.map((form) => [form, { redis: [], ours: [], commands: [] }]));
  for (const line of run.stdout.trim().split('\n')) {
    const [form, redis, ours, commands] = line.split(' ');
    figures[form].redis.push(redis / 1000);
    figures[form].ours.push(ours / 1000);
    figures[form].commands.push(commands / 1000);
  }
  return figures;
}

function print(f) {
  const beside = (name, rounds) => ({ name, rounds });
  row({ what: 'site commit, Redis', unit: 'µs', ours: f['commit:5'].redis, goal: '≤ 20 µs', most: 20 });
  row({
    what: 'the same beside increments', unit: 'µs', ours: f['commit:5'].redis,
    peer: beside('eleven increments', f.increments.redis), goal: 'shown',
  });
  row({
    what: 'the same beside increments in a script', unit: 'µs', ours: f['commit:5'].redis,
    peer: beside('the same eleven by one EVALSHA', f.scripted.redis), goal: 'shown',
  });
  row({ what: 'site commit, ours', unit: 'µs', ours: f['commit:5'].ours, goal: '≤ 3 µs', most: 3 });
  row({
    what: 'the same beside increments', unit: 'µs', ours: f['commit:5'].ours,
    peer: beside('eleven increments by hiredis', f.increments.ours), goal: 'shown',
  });
  for (const n of [10, 100])
    row({
      what: `${n} events a commit, Redis`, unit: 'µs', ours: f[`commit:${n}`].redis,
      peer: beside('increments an event', f[`events:${n}`].redis), goal: 'shown',
    });
  row({
    what: 'commands of a commit of 100 events / of 5', unit: '', ours: f['commit:100'].commands,
    peer: beside('of 5', f['commit:5'].commands), goal: '≤ 1.05 ×: never proportional to events', most: 1.05,
  });
}

const evalshas = async (s) => {
  const [, calls, usec] = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(await s.redisCli('info', 'commandstats'));
  return { calls: Number(calls), usec: Number(usec) };
};

/** Five views of each site, over and over. The scripts' time is Redis' own, without reading and parsing. */
async function live(s) {
  const feed = new Feed(s.port);
  const burst = () => feed.send(5 * SITES, (k) => ({ i: `s${k % SITES}`, p: `/articles/2025/11/number-${k % 5}`, u: `${k % 50}` }));
  const ours = [];
  const scripts = [];
  // All of the bursts so far are in Redis.
  const written = (bursts) => eventually(async () => {
    const { views, dirty } = await s.counters(s.aggregator);
    assert.equal(views, bursts * 5 * SITES);
    assert.equal(dirty, 0);
  });
  await burst();
  await written(1);
  for (let round = 0; round < 8; round++) {
    const before = await evalshas(s);
    const cpu = cpuOf([s.aggregator.pid]);
    await burst();
    await written(round + 2);
    const after = await evalshas(s);
    ours.push((cpuOf([s.aggregator.pid]) - cpu) / 1000 / (after.calls - before.calls));
    scripts.push((after.usec - before.usec) / (after.calls - before.calls));
  }
  feed.close();
  row({ what: 'live: a commit, script alone', unit: 'µs', ours: scripts, goal: 'shown' });
  row({ what: 'live: a commit with all its hits, aggregator', unit: 'µs', ours, goal: 'shown' });
}

const s = new Story();
try {
  await s.startRedis();
  pin(s.redis.pid, 1);
  print(measure(s));
  await s.redisCli('flushall');
  await s.startAggregator();
  await s.startCollector(['--workers', 1]);
  await s.ready();
  await live(s);
  await s.close();
} catch (e) {
  console.error(s.logs().slice(-3000));
  await s.closeHard();
  cannot('site commit', e.message);
  process.exitCode = 1;
}
