// How long Redis may be away before anything is at risk, with the default ring.
//
//   node tests/bench/outage.mjs [EVENTS_A_SECOND ...]     50000 5000
//
// One worker takes views of a thousand sites at this rate, then Redis is killed. Printed is the
// time until the ring is full: from then on hits that the aggregator holds are let go by the
// collector (`unprotected`), which loses them only if the aggregator dies too.
import { setTimeout as pause } from 'node:timers/promises';
import { Story } from '../e2e/stage.mjs';
import { Feed } from './feed.mjs';

const rates = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [50_000, 5_000];

async function run(rate) {
  const s = new Story();
  try {
    await s.start({ redis: ['--appendonly', 'yes'] });
    const feed = new Feed(s.port);
    const hit = (k) => ({ i: `s${(k * 7919) % 1000}`, p: `/products/${k % 97}`, u: `${(k * 31) % 100_003}` });
    let sent = 0;
    let stopped = false;
    const begun = performance.now();
    const sending = (async () => {
      while (!stopped) {
        const due = Math.min(Math.floor(((performance.now() - begun) * rate) / 1000) - sent, 5000);
        if (due > 0) await feed.send(due, hit, sent);
        sent += Math.max(due, 0);
        await pause(10);
      }
    })();
    await pause(5000);
    await s.redis.kill();
    const away = performance.now();
    const before = await s.counters(s.collector);
    let c = before;
    while (c.unprotected === 0 && c.lost_full === 0 && c.lost_heartbeat === 0) {
      await pause(200);
      c = await s.counters(s.collector);
    }
    const seconds = (performance.now() - away) / 1000;
    stopped = true;
    await sending;
    console.log(`${rate} events/s: ring of ${(c.ring_limit / 2 ** 20).toFixed(0)} MiB full after ${seconds.toFixed(1)} s, ${((c.ring_bytes) / c.in_ring).toFixed(1)} bytes an event; ${((c.accepted - before.accepted) / seconds).toFixed(0)} events/s came, lost ${c.lost_full + c.lost_heartbeat}`);
    feed.close();
    await s.closeHard();
  } catch (e) {
    console.error(s.logs().slice(-5000));
    await s.closeHard();
    throw e;
  }
}

for (const rate of rates) await run(rate);
