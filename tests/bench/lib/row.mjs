// One goal's line: what it costs us, what it costs somebody else in the same run, the ratio.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const built = (program) => path.join(root, 'build/tests/bench', program);

/** The value at place @q (0..1) of @values; 0.5 is their median. */
export function quantile(values, q = 0.5) {
  const sorted = values.slice().sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

const short = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

/** Prints a line of the table, as Markdown: what, ours, beside, ratio and its spread, goal, whether it
 * is met. Returns that.
 *
 * @ours: the figure of each round, less is better. @peer: its name and its figure of each of the same
 * rounds, or null where the goal has none. @most: bound of ours / peer (or of ours); @least: bound of
 * peer / ours, "so many times cheaper than it"; with neither there is nothing to meet. The spread is from
 * the least round to the most. */
export function row({ what, unit, ours, peer = null, goal, most = null, least = null }) {
  const ratio = (x, i) => (least === null ? x / peer.rounds[i] : peer.rounds[i] / x);
  const tested = peer ? ours.map(ratio) : ours;
  const middle = quantile(tested);
  const spread = `${short(Math.min(...tested))}–${short(Math.max(...tested))}`;
  const met = (most === null || middle <= most) && (least === null || middle >= least);
  console.log(`| ${[
    what,
    `${short(quantile(ours))} ${unit}`,
    peer ? `${peer.name} ${short(quantile(peer.rounds))}` : '–',
    peer ? `${short(middle)} (${spread})` : spread,
    goal,
    most === null && least === null ? '' : met ? 'met' : '**missed**',
  ].join(' | ')} |`);
  return met;
}

/** Says why a line cannot be measured here. */
export function cannot(what, why) {
  console.log(`| ${what} | – | – | – | – | not measured: ${why} |`);
}

/** Nanoseconds of a multiplication that waits for the one before: how fast the machine is just now. */
export function calibrate() {
  return Number(execFileSync(built('calibrate'), { encoding: 'utf8' }));
}
