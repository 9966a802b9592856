// Those who want connections, time or memory (attackers.mjs) get no further than a bound:
// the collector lives, tells what it did, and honest clients are answered meanwhile and
// counted right afterwards. How fast is for tests/bench/attacks.mjs to say.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { attacks, feedAttacks, GoodClients } from './attackers.mjs';
import { eventually, story, Story } from './harness.mjs';

// A worker holds 128 MiB for its connections, whatever they send. ASan keeps what was freed.
const MEMORY_MIB = /\bsan\b/.test(process.env.HEADCOUNT_BIN ?? '') ? 1024 : 200;

// What a listener waits that could not even turn newcomers away (collector/listener.h).
const REST_MS = 100;

/** Lets it go on until @enough of its connections were opened and honest clients have had
 *  @answers meanwhile. Returns what those say. */
async function besides(s, attack, answers = 200) {
  s.closing.push(() => attack.stop());
  await attack.settled;
  const good = new GoodClients(s.port);
  s.closing.push(() => good.stop());
  await eventually(() => assert.ok(good.took.length >= answers), 30_000);
  await good.stop();
  attack.stop();
  return good.measure();
}

/** Everything is as before: somebody new is counted, and few connections are left. */
async function assertCalm(s, site) {
  await s.hit({ i: site, p: '/', u: 'bob' });
  await s.sees(site, { currentVisitors: 1, pageViews: 1 });
  await eventually(async () => assert.ok((await s.counters(s.collector)).conns_open <= 3));
}

const rssOf = (program) => Number(fs.readFileSync(`/proc/${program.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);

story('whoever holds connections, honest clients are answered and lose none of theirs', async (s) => {
  await s.start();
  const names = ['slow heads', 'slow bodies', 'waiting for 100', 'idle connections', 'half-open connections'];
  for (const name of names) {
    const { failures } = await besides(s, attacks[name](s.port, 300));
    assert.equal(failures, 0, name);
  }
  await assertCalm(s, 'calm');
  const { hits, conns_displaced } = await s.counters(s.collector);
  assert.ok(hits > 0);
  assert.equal(conns_displaced, 0);
}, { ms: 120_000 });

story('whoever pours bytes, honest clients are answered, and memory has a bound', async (s) => {
  await s.start();
  const before = rssOf(s.collector);
  for (const name of ['pipelined pixels', 'slow readers', 'garbage', 'resets', 'WebSocket frames of a byte']) {
    const { failures } = await besides(s, attacks[name](s.port, 20));
    assert.equal(failures, 0, name);
  }
  assert.ok(rssOf(s.collector) < before + MEMORY_MIB * 1024, `${rssOf(s.collector)} KiB, ${before} KiB before`);
  await assertCalm(s, 'calm');
}, { ms: 120_000 });

// The cap is 80 % of the files it may have, less what it needs itself.
story('beyond the cap slow ones make room, and honest clients come through', async (s) => {
  await s.startRedis();
  await s.startAggregator();
  await startWithFiles(s, 128);
  const attack = attacks['slow heads'](s.port, 400);
  s.closing.push(() => attack.stop());
  await eventually(() => assert.ok(attack.opened >= 400));
  let answered = 0;
  for (let k = 0; k < 100; k++) {
    const answer = await s.request(`/hc.gif?i=shop&p=/a&u=v${k}`).catch(() => null);
    answered += answer?.status === 200;
  }
  const counters = await s.counters(s.collector);
  assert.ok(answered >= 95, `${answered} of 100 were answered`);
  assert.ok(counters.conns_displaced > 0);
  attack.stop();
  await s.sees('shop', { currentVisitors: answered, pageViews: answered });
  await assertCalm(s, 'calm');
});

// Each worker gives up the file that it has in reserve. Should another take it, as may happen before both know that
// files have run out, somebody idle makes room for the next.
story('out of files it goes on without spinning, and takes connections again when there are some', async (s) => {
  const workers = 3;
  await s.start({ workers });
  const few = fs.readdirSync(`/proc/${s.collector.pid}/fd`).length + 20;
  const limit = (n) => s.run('prlimit', 'prlimit', ['--pid', s.collector.pid, `--nofile=${n}:`]).end;
  const begun = performance.now();
  await limit(few);
  const attack = attacks['idle connections'](s.port, 100);
  s.closing.push(() => attack.stop());
  await eventually(() => assert.ok(attack.closed >= 1500), 30_000);
  assert.equal(s.collector.ended, null);
  const { accept_errors, conns_displaced } = await s.counters(s.collector);
  assert.ok(conns_displaced <= workers, `${conns_displaced} made room`);
  const tries = workers * (1 + (performance.now() - begun) / REST_MS);
  // One of each that was turned away, and perhaps one more that nobody came after.
  assert.ok(accept_errors <= 2 * attack.opened + tries, `${accept_errors} errors, ${attack.opened} connections, ${tries} tries`);
  attack.stop();
  await eventually(() => s.hit({ i: 'shop', p: '/', u: 'alice' }));
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
});

story('the feed port has a cap of its own, and what is sent there harms nobody', async (s) => {
  await s.startRedis();
  await s.startAggregator();
  await s.startCollector(['--workers', 1, '--feed-listen', '127.0.0.1:0']);
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200));
  const port = Number((await Story.addressOf(s.collector, 'feed')).split(':').at(-1));
  for (const name of Object.keys(feedAttacks)) {
    const { failures } = await besides(s, feedAttacks[name](port, 100));
    assert.equal(failures, 0, name);
  }
  const { feed_refused, feed_too_long } = await s.counters(s.collector);
  assert.ok(feed_refused > 0 && feed_too_long > 0);
  await eventually(async () => assert.equal((await s.counters(s.collector)).feed_open, 0));
  await assertCalm(s, 'calm');
}, { ms: 120_000 });

/** The collector with no more than so many files from its start on. */
async function startWithFiles(s, files) {
  const run = s.run;
  s.run = (name, file, args, options) => run.call(s, name, 'prlimit', [`--nofile=${files}:${files}`, file, ...args], options);
  try {
    await s.startCollector(['--workers', 1]);
  } finally {
    s.run = run;
  }
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200));
}
