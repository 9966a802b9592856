// What a keep-alive pixel and its event ask of malloc, and the pixel of the kernel.
//
//   node tests/bench/rows/calls.mjs
//
// Allocations are counted by a library that is preloaded (preload/allocations.c), system calls by
// strace, which slows the collector down so that it is never idle. What a collector does by the
// clock, whether or not anybody asks, is in both.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { eventually } from '../../e2e/stage.mjs';
import { cannot, root, row } from '../lib/row.mjs';
import { allCounted, load, PIXEL, startHeadcount, withStory } from '../lib/web.mjs';

const WARM_PIXELS = 30_000;
const ALLOCATION_PIXELS = 300_000;
const CALL_PIXELS = 100_000;

function buildPreload(s) {
  const library = path.join(s.dir, 'allocations.so');
  execFileSync('cc', ['-O2', '-D_GNU_SOURCE', '-fPIC', '-shared', '-o', library, path.join(root, 'tests/bench/preload/allocations.c')]);
  return library;
}

/** What counts the allocations of the program whose environment it is. */
function counter(s, name, library) {
  const file = s.file(name, Buffer.alloc(8));
  return {
    env: { LD_PRELOAD: library, ALLOCATIONS: file },
    count: () => Number(fs.readFileSync(file).readBigUInt64LE()),
  };
}

/** Waits until the events of @pixels have come to the aggregator, but for a few that UDP may lose. */
const viewed = (s, pixels) =>
  eventually(async () => {
    const { views } = await s.counters(s.aggregator);
    if (views < 0.99 * pixels || views > pixels) throw new Error(`${views} views of ${pixels} pixels`);
  });

async function allocations(s) {
  const library = buildPreload(s);
  const collector = counter(s, 'collector-allocations', library);
  const aggregator = counter(s, 'aggregator-allocations', library);
  const { port } = await startHeadcount(s, { env: collector.env, aggregatorEnv: aggregator.env });
  await load(port, '--requests', WARM_PIXELS, '--target', PIXEL); // takes what connections keep
  await viewed(s, WARM_PIXELS);
  const before = [collector.count(), aggregator.count()];
  await load(port, '--requests', ALLOCATION_PIXELS, '--target', PIXEL);
  await viewed(s, WARM_PIXELS + ALLOCATION_PIXELS);
  await allCounted(s, WARM_PIXELS + ALLOCATION_PIXELS);
  if (before.includes(0)) throw new Error('the library counts nothing');
  row({ what: 'allocations of a keep-alive pixel', unit: 'calls', ours: [(collector.count() - before[0]) / ALLOCATION_PIXELS], goal: '0', most: 0.001 });
  row({ what: 'allocations of its event in the aggregator, commits and new visitors included', unit: 'calls', ours: [(aggregator.count() - before[1]) / ALLOCATION_PIXELS], goal: '0 an event', most: 0.01 });
}

/** "read TCP", "sendto UDP", "epoll_wait": the name, and of what the descriptor is where that is a socket. */
function kindOf(line) {
  const [, name, socket] = /^\d+ +(?:<\.\.\. )?(\w+)(?:\(\d+<(TCP|UDP|UNIX)\w*:)?/.exec(line) ?? [];
  return socket ? `${name} ${socket}` : name;
}

/** How often which system call was made, by their kinds. */
function tally(file) {
  const counts = {};
  for (const line of fs.readFileSync(file, 'latin1').split('\n')) {
    const kind = / resumed>/.test(line) ? null : kindOf(line);
    if (kind) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

async function systemCalls(s) {
  const file = path.join(s.dir, 'strace');
  const { port, pids } = await startHeadcount(s);
  const strace = s.run('strace', 'strace', ['-f', '-yy', '-s', '0', '-o', file, '-p', pids[0]]);
  await strace.says(/attached/);
  await load(port, '--requests', CALL_PIXELS, '--ms', 50_000, '--target', PIXEL);
  strace.signal('SIGINT');
  await strace.end;
  const counts = tally(file);
  const sum = (test) => Object.entries(counts).reduce((n, [kind, k]) => n + (test(kind) ? k / CALL_PIXELS : 0), 0);
  const amortised = (kind) => /^epoll|UDP$/.test(kind);
  row({ what: 'system calls of a keep-alive pixel, but epoll and datagrams', unit: 'calls', ours: [sum((kind) => !amortised(kind))], goal: '2: a read and a write', most: 2.01 });
  row({ what: 'epoll and datagrams of a keep-alive pixel', unit: 'calls', ours: [sum(amortised)], goal: 'to compare' });
}

await withStory(allocations);
if (fs.existsSync('/usr/bin/strace')) await withStory(systemCalls);
else cannot('system calls a keep-alive pixel', 'strace is not installed');
