// How long something took by itself: the time that passed, less what the machine withheld
// from it, which is nothing to judge a program by.
import fs from 'node:fs';

const TICK_MS = 10;

/** How long the threads of a process have waited for a processor; 0 where that is not told. */
function waited(pid) {
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`);
    const ns = threads.map((thread) => fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[1]);
    return ns.reduce((sum, one) => sum + Number(one) / 1e6, 0);
  } catch {
    return 0;
  }
}

/** This process and all that it started, and they. */
function family(pid = process.pid) {
  try {
    const threads = fs.readdirSync(`/proc/${pid}/task`);
    const children = threads.flatMap((thread) => fs.readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').match(/\d+/g) ?? []);
    return [pid, ...children.flatMap((child) => family(Number(child)))];
  } catch {
    return [pid];
  }
}

/** What the host took of all processors. */
const stolen = () => Number(fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/\s+/)[8]) * TICK_MS;

/** Starts now. Returns a function: how many milliseconds since then this process, and all that
 * it started, have waited for a processor, all together. */
export function withheld() {
  const before = new Map(family().map((pid) => [pid, waited(pid)]));
  const taken = stolen();
  return () => {
    const each = family().map((pid) => Math.max(0, waited(pid) - (before.get(pid) ?? 0)));
    return each.reduce((sum, ms) => sum + ms, stolen() - taken);
  };
}

/** Starts now. Returns a function: the milliseconds since then without those. */
export function ownTime() {
  const begun = performance.now();
  const without = withheld();
  return () => performance.now() - begun - without();
}
