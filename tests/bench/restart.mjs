// How long from the kill -9 of the aggregator to the first right number that its successor
// publishes.
//
//   node tests/bench/restart.mjs [SITESxVISITORS ...]     100x100 10000x20 1x1000000
//
// Every site has so many visitors, all of it durable. Then the aggregator is killed and
// started again, one known visitor comes to each site, and a subscriber of Redis waits for
// the message that names the old number. A site's time runs from the kill; a large site says
// its number at once, with the flag "loading", and again when its visitors are known.
import assert from 'node:assert/strict';
import net from 'node:net';
import { eventually, Story } from '../e2e/stage.mjs';
import { Feed } from './feed.mjs';

const cases = process.argv.length > 2 ? process.argv.slice(2) : ['100x100', '10000x20', '1x1000000'];

/** Resolves when every site has published this number and loads no more; notes when each
 *  first said it, and when it was no longer loading. */
function listen(socket, sites, visitors, said, loaded) {
  let rest = '';
  const redis = net.connect(socket).setEncoding('utf8');
  redis.write('PSUBSCRIBE hc:*\r\n');
  return new Promise((resolve) => {
    redis.on('data', (part) => {
      const lines = (rest + part).split('\r\n');
      rest = lines.pop();
      for (const line of lines) {
        if (!line.startsWith('{')) continue;
        const message = JSON.parse(line);
        if (message.visitors[30] !== visitors) continue;
        const now = performance.now();
        if (!said.has(message.site)) said.set(message.site, now);
        if (!message.flags.includes('loading') && !loaded.has(message.site)) loaded.set(message.site, now);
      }
      if (loaded.size < sites) return;
      redis.destroy();
      resolve();
    });
  });
}

function print(what, times, begin) {
  const ms = [...times.values()].map((t) => t - begin).sort((x, y) => x - y);
  const at = (q) => ms[Math.min(ms.length - 1, Math.floor(q * ms.length))].toFixed(0);
  console.log(`  ${what}: first ${at(0)} ms, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, last ${at(1)} ms`);
}

async function run(sites, visitors) {
  const s = new Story();
  try {
    await s.start({ redis: ['--appendonly', 'yes'] });
    const feed = new Feed(s.port);
    await feed.send(sites * visitors, (k) => ({ i: `s${k % sites}`, p: `/${k % 7}`, u: `${Math.floor(k / sites)}` }));
    await eventually(async () => {
      const c = await s.counters(s.collector);
      assert.equal(c.in_ring + c.open + c.unprotected, 0);
    }, 300_000);
    const said = new Map();
    const loaded = new Map();
    const begin = performance.now();
    await s.aggregator.kill();
    const heard = listen(s.socket, sites, visitors, said, loaded);
    const started = s.startAggregator();
    await feed.send(sites, (k) => ({ i: `s${k % sites}`, p: '/0', u: '0' }));
    await started;
    const up = performance.now() - begin;
    await heard;
    console.log(`${sites} sites of ${visitors} visitors; listening again after ${up.toFixed(0)} ms`);
    print('right number', said, begin);
    print('and visitors known', loaded, begin);
    feed.close();
    await s.close();
  } catch (e) {
    console.error(s.logs().slice(-5000));
    await s.closeHard();
    throw e;
  }
}

for (const one of cases) await run(...one.split('x').map(Number));
