// A short piece of `make chaos`: the real programs, killed and cut off from each other, and
// every answered event is in Redis exactly once.
import assert from 'node:assert/strict';
import test from 'node:test';
import { chaos, imbalance, lost } from '../chaos/run.mjs';

const SECONDS = 20;

function check(r) {
  assert.ok(r.answered > 0.8 * r.sent, `${r.answered} of ${r.sent} were answered`);
  assert.deepEqual(r.wrong.slice(0, 5), []);
  assert.deepEqual(r.invented, []);
  assert.equal(r.double, 0);
  assert.equal(lost(r.counters), 0);
  assert.deepEqual(r.missing.slice(0, 5), []);
  assert.equal(imbalance(r.counters), 0);
}

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const cases = [
  ['one aggregator', { aggregators: 1 }],
  ['two aggregators for one shard', { aggregators: 2 }],
  ['a collector that is killed too, with its spool', { aggregators: 1, spool: true }],
];
for (const [name, how] of cases)
  test(`chaos: ${name} (SEED=${seed})`, { timeout: 240_000 }, async () => {
    const lines = [];
    try {
      check(await chaos({ seconds: SECONDS, seed, rate: 200, workers: 2, say: (text) => lines.push(text), ...how }));
    } catch (e) {
      console.log(lines.join('\n').slice(-20_000));
      throw e;
    }
  });
