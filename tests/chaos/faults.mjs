// What befalls a cluster, drawn by weight; each a promise that ends when it is over.
import { pause } from './cluster.mjs';

const WAYS = [
  { loss: 0.1 },
  { loss: 0.1, dup: 0.2, reorder: 0.3 },
  { loss: 0.1, delay: [0, 20], reorder: 0.5 },
  { loss: 0.4, dup: 0.1, reorder: 0.4 },
  { loss: 0.1, corrupt: 0.1 },
];

/** [weight, name, what it does]. Everything happens over a network that loses ten per cent both ways. */
export const faults = [
  [8, 'kill -9 aggregator', (c, r) => c.killAggregator(r.pick([0, 0, 50, 500, 2000]))],
  [1, 'kill -9 redis', (c, r) => c.killRedis(r.pick([0, 200, 1500]), r.pick([0, 300, 900, 1800]))],
  [1, 'kill -9 both', (c, r) => Promise.all([c.killRedis(r.pick([0, 500]), 900), c.killAggregator(r.pick([0, 1000]))])],
  [1, 'freeze aggregator', (c, r) => {
    const one = c.living();
    return one && c.freeze(one.program, r.pick([300, 1500, 4000]));
  }],
  [1, 'freeze redis', (c, r) => c.freeze(c.story.redis, r.pick([500, 3000, 6000]))],
  [1, 'cut connections', (c) => c.story.redisCli('client', 'kill', 'type', 'normal')],
  [1, 'forget scripts', (c) => c.story.redisCli('script', 'flush')],
  [1, 'redis sleeps', (c, r) => c.story.redisCli('debug', 'sleep', r.pick([0.3, 1, 3]))],
  [1, 'redis is full', async (c, r) => {
    await c.story.redisCli('config', 'set', 'maxmemory', 1);
    await pause(r.between(500, 2500));
    await c.story.redisCli('config', 'set', 'maxmemory', 0);
  }],
  [1, 'the disk is full', async (c, r) => {
    c.disk('full');
    await pause(r.between(500, 3000));
    c.disk();
  }],
  [1, 'the disk is slow', async (c, r) => {
    c.disk(`slow ${r.pick([300, 900, 1800])}`);
    await pause(r.between(1000, 4000));
    c.disk();
  }],
  [2, 'worse network', async (c, r) => {
    c.network({ up: r.pick(WAYS), down: r.pick(WAYS) });
    await pause(r.between(1000, 4000));
  }],
  [1, 'partition', async (c, r) => {
    c.network({ up: { loss: 1 }, down: { loss: 1 } });
    await pause(r.pick([100, 1000, 4000]));
  }],
  [1, 'acks are lost', async (c, r) => {
    c.network({ up: { loss: 0.1 }, down: { loss: 1 } });
    await pause(r.pick([300, 2000]));
  }],
];

/** Only with a spool: without one it loses what nobody had received. */
const withSpool = [[3, 'kill -9 collector', (c, r) => c.killCollector(r.pick([0, 200]))]];

export const usual = { up: { loss: 0.1, dup: 0.03, reorder: 0.1 }, down: { loss: 0.1, dup: 0.03, reorder: 0.1 } };

export function draw(cluster, random) {
  const all = cluster.spool ? [...faults, ...withSpool] : faults;
  let left = random.next() * all.reduce((sum, [weight]) => sum + weight, 0);
  return all.find(([weight]) => (left -= weight) < 0) ?? all[0];
}
