// What a C program of tests/bench/ prints: lines of a name, a figure and perhaps more.
import { execFileSync } from 'node:child_process';
import { built } from './row.mjs';

/** The numbers of each line by its name, of each of @rounds runs: figures.parse[0] are the first
 * numbers of the lines "parse". */
export function figures(program, rounds) {
  const of = {};
  for (let i = 0; i < rounds; i++)
    for (const line of execFileSync('taskset', ['-c', '1', built(program)], { encoding: 'utf8' }).trim().split('\n')) {
      const [name, ...rest] = line.trim().split(/ +/);
      rest.map(Number).filter((n) => !Number.isNaN(n)).forEach((n, at) => ((of[name] ??= [])[at] ??= []).push(n));
    }
  return of;
}
