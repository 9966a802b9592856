// What a keep-alive pixel asks of malloc and of the kernel.
//
//   node tests/bench/rows/calls.mjs
//
// Allocations are counted by a library that is preloaded (preload/allocations.c), system calls by
// strace, which slows the collector down so that it is never idle. What a collector does by the
// clock, whether or not anybody asks, is in both.
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { cannot, root, row } from '../lib/row.mjs';
import { load, PIXEL, startHeadcount, withStory } from '../lib/web.mjs';

const ALLOCATION_PIXELS = 300_000;
const CALL_PIXELS = 100_000;

function buildPreload(s) {
  const library = path.join(s.dir, 'allocations.so');
  execFileSync('cc', ['-O2', '-D_GNU_SOURCE', '-fPIC', '-shared', '-o', library, path.join(root, 'tests/bench/preload/allocations.c')]);
  return library;
}

async function allocations(s) {
  const counted = s.file('allocations', Buffer.alloc(8));
  const count = () => Number(fs.readFileSync(counted).readBigUInt64LE());
  const { port } = await startHeadcount(s, { env: { LD_PRELOAD: buildPreload(s), ALLOCATIONS: counted } });
  await load(port, '--requests', ALLOCATION_PIXELS / 10, '--target', PIXEL); // takes what connections keep
  const before = count();
  await load(port, '--requests', ALLOCATION_PIXELS, '--target', PIXEL);
  if (before === 0) throw new Error('the library counts nothing');
  row({ what: 'allocations of a keep-alive pixel', unit: 'calls', ours: [(count() - before) / ALLOCATION_PIXELS], goal: '0', most: 0.001 });
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
