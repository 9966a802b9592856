// Hits of a site of its own, by tests/bench/load.c, as many a second as asked for, whatever becomes of
// them: more than the events that are looked for one by one, so that queues are there when faults come.
import path from 'node:path';
import { within } from '../e2e/stage.mjs';

export const PRESSED = 'pressure'; // the site

const program = path.resolve(process.env.HEADCOUNT_BIN ?? 'build/bin', '../tests/bench/load');

/** Begins at once. Resolves to what the program printed when it is over. */
export async function press(story, rate, seconds) {
  const load = story.run('load', program, [
    '--go-on', '--rate', rate, '--ms', seconds * 1000, '--timeout', 2000,
    '--target', `/hc.gif?i=${PRESSED}&p=/{p}&u={u}`, '--pages', 900, '--visitors', 100_000, story.http,
  ]);
  const { code } = await within((seconds + 30) * 1000, 'the load ends', load.end);
  if (code !== 0) throw new Error(load.log());
  return JSON.parse(load.out);
}
