// What tests/bench/fold_bench.c measures.
import { execFileSync } from 'node:child_process';
import { built } from './row.mjs';

/** Rounds of @visitors visitors of @sites sites, pinned to core 1: nanoseconds of CPU an event from datagram
 * to updated state, of it those of folding alone, and bytes of table a visitor takes. @mixed: each event
 * of a datagram is of any site, else all of one. */
export function foldRounds(sites, visitors, mixed = false) {
  const args = ['-c', '1', built('fold_bench'), String(sites), String(visitors), ...(mixed ? ['mixed'] : [])];
  const rounds = execFileSync('taskset', args, { encoding: 'utf8' }).trim().split('\n').map((line) => line.split(' ').map(Number));
  return { all: rounds.map((r) => r[0]), fold: rounds.map((r) => r[1]), bytes: rounds.map((r) => r[2]) };
}
