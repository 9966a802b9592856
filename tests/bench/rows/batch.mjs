// What an event costs the collector that comes in a batch: POST /e, JSON, 50 events each.
//
//   node tests/bench/rows/batch.mjs [ROUNDS] [MS]
//
// 16 keep-alive connections with the headers of Chrome; each event has a visitor of its own and a
// path of 40 bytes, of a thousand.
import assert from 'node:assert/strict';
import { eventually } from '../../e2e/stage.mjs';
import { row } from '../lib/row.mjs';
import { allCounted, busy, startHeadcount, takeTurns, withStory } from '../lib/web.mjs';

const EVENTS = 50;
const EVENT = '{"i":"bench","p":"/articles/2025/11/how-many-people-{p}","k":"v","a":"r","v":"{u}","u":"{u}"}';
const rounds = Number(process.argv[2] ?? 7);
const ms = Number(process.argv[3] ?? 400);

await withStory(async (s) => {
  const headcount = await startHeadcount(s);
  // The aggregator, which shares its core with the load, catches up between the rounds: else the
  // collector would be full in two seconds.
  const rest = () => eventually(async () => assert.equal((await s.counters(s.collector)).in_ring, 0), 30_000);
  const { cost, asked } = await takeTurns([headcount], rounds, busy(ms, '--connections', 16, '--pages', 1000, '--batch', EVENTS, '--event', EVENT), rest);
  await allCounted(s, asked.headcount * EVENTS);
  row({ what: 'an event of `POST /e`, JSON of 50', unit: 'µs', ours: cost.headcount.map((us) => us / EVENTS), goal: '≤ 2 µs', most: 2 });
});
