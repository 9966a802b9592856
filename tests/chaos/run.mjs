// One chaos run: beacons at a steady rate, one fault after the other, then quiet, then every
// event is looked for in Redis.
import { Cluster, pause } from './cluster.mjs';
import { draw, usual } from './faults.mjs';
import { Load } from './load.mjs';
import { compare } from './oracle.mjs';
import { press } from './pressure.mjs';
import { Random } from './random.mjs';

const PAGES = 900; // of a site; beyond 1,000 they would be joined

/** say: what to do with a line of progress. pressure: hits a second beside those that are looked for. */
export async function chaos({ seconds, seed, rate, pressure = 0, aggregators, spool, workers, hold, forgets = false, say = () => {} }) {
  const random = new Random(seed);
  const cluster = new Cluster({ random, aggregators, spool, workers, hold });
  const done = {};
  let load;
  try {
    await cluster.start();
    cluster.network(usual);
    load = new Load({ port: cluster.story.port, rate, sites: Math.max(4, Math.ceil((rate * seconds) / PAGES)) });
    load.start();
    const pressing = pressure ? press(cluster.story, pressure, seconds) : null;
    const end = performance.now() + seconds * 1000;
    const over = setTimeout(() => load.pause(), seconds * 1000);
    await pause(1500);
    while (performance.now() < end) {
      const [, name, befall] = draw(cluster, random);
      say(`${name}`);
      done[name] = (done[name] ?? 0) + 1;
      await befall(cluster, random);
      cluster.network(usual);
      await pause(random.between(200, 2500));
    }
    clearTimeout(over);
    load.pause();
    cluster.network({});
    const pressed = await pressing;
    const counters = forgets ? (await pause(8000), await cluster.story.counters(cluster.story.collector)) : await cluster.settle();
    const result = await compare(cluster.story.socket, load);
    load.stop();
    const exits = await cluster.close();
    return { ...result, counters: { ...counters }, pressed, kills: cluster.kills, done, exits };
  } catch (e) {
    say(cluster.story.logs());
    load?.stop();
    await cluster.closeHard();
    throw e;
  }
}

/** accepted less everything it can have become: 0. */
export function imbalance(c) {
  const parts = ['durable', 'in_ring', 'open', 'unprotected', 'lost_full', 'lost_heartbeat', 'lost_restart', 'lost_expired', 'lost_poison'];
  return (c.accepted ?? 0) - parts.reduce((sum, name) => sum + (c[name] ?? 0), 0);
}

export function lost(c) {
  return ['lost_full', 'lost_heartbeat', 'lost_restart', 'lost_expired', 'lost_poison'].reduce((sum, name) => sum + (c[name] ?? 0), 0);
}
