// Torture: one call for memory or for a descriptor fails, then the next one, and so on.
//
//   make torture           every call
//   make torture-some      each of the first 12, and ever fewer of the later ones
//   node tests/torture/torture.mjs visited      of what has this in its name
//
// What may happen then. At start a daemon says one sentence and ends with 1 or 2, or it
// starts all the same. Where memory runs out it may abort (77, see failing.c): what it
// promised is in the spool or with the senders, and a daemon that lives on without what it
// was to keep would be wrong in silence. A client's descriptor that is not to be had costs
// that client its connection, nobody else's. Never: a signal, an assert, a heap that libc
// finds broken, an end that does not come.
//
// HEADCOUNT_BIN names the directory of the programs; the pure parts' are in ../tests of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Story, eventually } from '../e2e/stage.mjs';
import { Program, within } from '../e2e/program.mjs';

const some = process.argv.includes('--some');
const wanted = process.argv.slice(2).filter((arg) => arg !== '--some');
const bin = path.resolve(process.env.HEADCOUNT_BIN ?? 'build/bin');
const tests = path.join(bin, '../tests');
const DEADLINE_MS = 20_000;
const ABORTED = 77;
const TEST_GAVE_UP = 98; // an assert of the test program itself
const AT_ONCE = os.cpus().length;

/** 1, 2, 3, ...; of some: every one up to 12 and then a third more each time. */
const next = (n) => (some && n >= 12 ? Math.ceil(n * 1.33) : n + 1);

const preloaded = (what, at, more) => ({
  LD_PRELOAD: path.join(tests, 'torture/failing.so'),
  TORTURE: what,
  AT: at,
  MALLOC_PERTURB_: '165', // what is not written yet, and what was freed, is no zero
  ...more,
});

const isSentence = (program, err) => {
  const said = err.split('\n').filter((line) => line.startsWith(`${program}: `));
  return said.length === 1 && said[0].length > program.length + 10;
};

let passed = 0, failed = 0;

/** How it ended, or what it had said when it did not: then it is killed. */
const endOf = (program) =>
  within(DEADLINE_MS, 'an end', program.end).catch(async () => {
    await program.kill();
    throw new Error(`it did not end\n${program.log()}`);
  });

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headcount-torture-'));
const secret = path.join(dir, 'secret');
fs.writeFileSync(secret, 'the secret of a story, which is none', { mode: 0o600 });

const daemons = {
  'headcount-collector': ['--listen', '127.0.0.1:0', '--aggregator', '127.0.0.1:9', '--workers', '2'],
  'headcount-aggregator': ['--udp', '127.0.0.1:0'],
};
const nowhere = {
  HEADCOUNT_SECRET_FILE: secret,
  HEADCOUNT_REDIS: `unix:${path.join(dir, 'none.sock')}`,
  HEADCOUNT_ADMIN_LISTEN: '127.0.0.1:0',
  HEADCOUNT_STATS_LISTEN: '127.0.0.1:0',
  HEADCOUNT_FEED_LISTEN: '127.0.0.1:0',
  HEADCOUNT_NOTIFY_LISTEN: '127.0.0.1:0',
};

/** A daemon from its start to its end. Returns what came of it. */
async function start(name, what, at) {
  const program = new Program(name, path.join(bin, name), daemons[name], { env: { ...nowhere, ...preloaded(what, at) } });
  await Promise.race([program.end, eventually(() => assert.match(program.err, /event=started/), DEADLINE_MS).catch(() => {})]);
  const started = !program.ended;
  program.signal('SIGTERM');
  const { code, signal } = await endOf(program);
  const reached = program.err.includes('torture: failed');
  // The pipe that libuv makes once for all signals is one it does not live without.
  if (code === ABORTED && /failed (malloc|calloc|realloc|pipe2)/.test(program.err)) return { reached, end: 'aborted' };
  if (started || /event=started/.test(program.err)) {
    assert.ok(code === 0 && signal === null, `it had started\n${program.log()}`);
    return { reached, end: 'started' };
  }
  assert.ok(code === 1 || code === 2, program.log());
  assert.ok(isSentence(name, program.err), `one sentence\n${program.log()}`);
  return { reached, end: 'refused' };
}

/** A program that decides alone: a tape, or a fuzzer's kept inputs. What it says of the
 *  outcome is not asked; a wrong one is not worse than a missing one here. */
async function think(args, at) {
  const program = new Program(args[0], path.join(tests, args[0]), args.slice(1), { env: preloaded('memory', at) });
  const { code, signal } = await endOf(program);
  assert.equal(signal, null, program.log());
  assert.ok([0, 1, ABORTED, TEST_GAVE_UP].includes(code), program.log());
  return { reached: program.err.includes('torture: failed'), end: code === 0 ? 'unmoved' : code === ABORTED ? 'aborted' : 'told' };
}

/** Everything a client does, one after the other; each may be refused. */
async function visit(story) {
  const tried = [
    story.request('/hc.gif?i=shop&p=/a&u=alice'),
    story.request('/e', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[{"i":"shop","p":"/b","u":"bob"}]' }),
    story.request('/sites/shop/realtime'),
    story.request('/sites'),
    story.request('/sites/shop/badge.svg'),
    story.request('/'),
  ];
  const wires = [
    story.wire().send('GET /sites/shop/stream HTTP/1.1\r\nHost: x\r\n\r\n'),
    story.wire().send(
      'GET /sites/shop/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    ),
  ];
  await Promise.allSettled(tried);
  await eventually(() => assert.ok(story.collector.ended || wires.every((w) => w.closed || w.text.includes('\r\n\r\n'))), DEADLINE_MS);
  wires.forEach((w) => w.destroy());
}

/** The collector of the story, in which calls fail from SIGUSR2 on. */
async function startTortured(story, what, at) {
  story.daemon = (name, args) =>
    story.run(name, path.join(bin, `headcount-${name}`), args, {
      env: { ...nowhere, HEADCOUNT_OPEN_SITES: 'yes', ...preloaded(what, at, { LATER: '1' }) },
    });
  await story.startCollector(['--workers', '1']);
  await eventually(async () => assert.equal((await story.request('/readyz')).status, 200));
}

async function arm(collector) {
  const before = collector.err.length;
  collector.signal('SIGUSR2');
  await eventually(() => assert.match(collector.err.slice(before), /torture: armed/));
  return before;
}

/** It serves everybody as before, and who was there already still is. What was closed with
 *  the call that failed, Redis too, may first have to come back. */
async function isWell(story, watcher) {
  const alive = (fn) =>
    eventually(() =>
      fn().catch((e) => {
        throw Object.assign(e, { isFinal: story.collector.ended !== null });
      }),
    );
  await alive(() => story.hit({ i: 'shop', p: '/well', u: 'carol' }));
  await alive(async () => assert.equal((await story.request('/sites/shop/realtime')).status, 200));
  if (watcher) assert.ok(!watcher.closed, 'a stream that was open still is');
}

/** The n-th call fails while clients come. Aborted ones are started anew. */
async function visits(story, what, at) {
  try {
    return await visitsOfOne(story, what, at);
  } finally {
    await story.closeOthers();
    await story.collector?.kill();
  }
}

async function visitsOfOne(story, what, at) {
  await startTortured(story, what, at);
  const watcher = story.wire().send('GET /sites/shop/stream HTTP/1.1\r\nHost: x\r\n\r\n');
  await eventually(() => assert.match(watcher.text, /event: |data: /));
  const before = await arm(story.collector);
  await visit(story);
  const reached = story.collector.err.slice(before).includes('torture: failed');
  const fault = await isWell(story, watcher).catch((e) => e);
  const { code } = await story.collector.stop(DEADLINE_MS);
  if (code === ABORTED && what === 'memory') return { reached: true, end: 'aborted' };
  assert.equal(code, 0, story.collector.log());
  if (fault) throw fault;
  return { reached, end: 'went on' };
}

/** Runs fn for n = 1, 2, ... until there is no n-th call, AT_ONCE at a time. */
async function each(name, fn, atOnce = AT_ONCE) {
  if (wanted.length > 0 && !wanted.some((part) => name.includes(part))) return;
  const ends = {};
  let n = 0, calls = 0, over = false;
  const turn = async () => {
    while (!over) {
      const at = (n = next(n));
      const { reached, end } = await fn(at).catch((e) => {
        over = true;
        throw new Error(`call ${at}: ${e.message}`);
      });
      if (!reached) over = true;
      else (calls = Math.max(calls, at)), (ends[end] = (ends[end] ?? 0) + 1);
    }
  };
  const begun = performance.now();
  try {
    const turns = await Promise.allSettled(Array.from({ length: atOnce }, turn));
    for (const t of turns) if (t.status === 'rejected') throw t.reason;
    assert.ok(calls > 0, 'there were calls that could fail');
    const sum = Object.entries(ends).map(([end, count]) => `${end} ${count}`);
    console.log(`ok  ${name}: calls up to ${calls}: ${sum.join(', ')} (${Math.round((performance.now() - begun) / 100) / 10} s)`);
    passed++;
  } catch (e) {
    console.log(`FAILED  ${name}: ${e.stack}`);
    failed++;
  }
}

const cases = [];
for (const name of Object.keys(daemons))
  for (const what of ['memory', 'descriptors']) cases.push([`${name} starts, ${what}`, (at) => start(name, what, at)]);
for (const tape of ['presence', 'redis_lost', 'midnight'])
  cases.push([`${tape}.tape, memory`, (at) => think(['replay/replay', `tests/replay/${tape}.tape`], at)]);
for (const fuzz of ['body', 'config', 'dialect_bodies', 'summary', 'geo'])
  cases.push([`inputs of fuzz-${fuzz}, memory`, (at) => think([`fuzz/fuzz_${fuzz}`, `tests/fuzz/corpus/${fuzz}`], at)]);

/** One Redis and one aggregator, and a collector for each call that fails. */
async function eachVisit(what) {
  const story = new Story();
  try {
    await story.startRedis();
    await story.startAggregator();
    await each(`headcount-collector is visited, ${what}`, (at) => visits(story, what, at), 1);
  } finally {
    await story.closeHard();
  }
}

try {
  for (const [name, fn] of cases) await each(name, fn);
  await Promise.all([eachVisit('memory'), eachVisit('descriptors')]);
} finally {
  fs.rmSync(dir, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
