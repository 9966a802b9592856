// When a proxy was forgotten: nearly all hits of a minute come from one address, and the
// collector and the doctor say so, without saying which. A minute is a minute here.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { eventually, request, Story, story } from './harness.mjs';

const MINUTE_MS = 60_000;
const HITS = 120; // a share is told of 100 at least

const minuteOf = () => Math.floor((Number(fs.readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1000) / MINUTE_MS);

/** All hits within one minute of the collector's clock: tried again if it turned meanwhile. */
async function withinOneMinute(send) {
  const before = minuteOf();
  await send();
  if (minuteOf() !== before) await send();
}

async function doctor(s, collector) {
  const at = [await Story.adminOf(collector), await Story.adminOf(s.aggregator)];
  const { out } = await s.cli(['doctor', '--collector-admin', at[0], '--aggregator-admin', at[1], '--redis', s.redisAddress]);
  return out;
}

/** The counters when a minute with all those hits is over. */
const whenOver = (s, collector) =>
  eventually(async () => {
    const seen = await s.counters(collector);
    assert.ok(seen.minute_hits >= HITS, `${seen.minute_hits}`);
    return seen;
  }, MINUTE_MS + 10_000);

const MISSING = / % of all hits of the last minute come from one address; is --trusted-proxy missing\?/;

story('a forgotten proxy is noticed after a minute, one that was named is none, and no address is told', async (s) => {
  await s.start();
  const named = s.daemon('collector', ['--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress,
    '--secret-file', s.secretFile, '--workers', '1', '--trusted-proxy', '127.0.0.1']);
  const base = `http://${await Story.addressOf(named)}`;
  await withinOneMinute(async () => {
    for (let i = 0; i < HITS; i++) {
      const headers = { 'x-forwarded-for': `203.0.113.${i}` };
      await s.hit({ i: 'shop', p: '/' }, headers);
      assert.equal((await request(`${base}/hc.gif?i=shop`, { headers })).status, 200);
    }
  });
  assert.doesNotMatch(await doctor(s, s.collector), MISSING);

  const forgotten = await whenOver(s, s.collector);
  assert.deepEqual([forgotten.minute_busiest, forgotten.busiest_share], [forgotten.minute_hits, 100]);
  assert.match(await doctor(s, s.collector), /: 100 % of all hits of the last minute come from one address; is --trusted-proxy missing\?/);
  const metrics = (await request(`http://${await Story.adminOf(s.collector)}/metrics`)).body.toString();
  assert.match(metrics, /^headcount_busiest_client_share\S* 100$/m);
  const log = (s.collector.out + s.collector.err).replace(/addr=\S+/g, ''); // but for where it listens
  assert.doesNotMatch(metrics + log, /127\.0\.0\.1|203\.0\.113/);

  const { busiest_share } = await whenOver(s, named);
  assert.ok(busiest_share <= 10, `${busiest_share}`);
  assert.doesNotMatch(await doctor(s, named), MISSING);
}, { ms: 180_000 });
