// What the row "scaling" of the bench says of runs whose law is known. It starts no program; it is
// here since this is where `node --test` looks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { crossTerms, regress } from '../bench/lib/regress.mjs';

const COST = { second: 4000, request: 4, event: 0.5, site: 8 };

/** Numbers from 0 to 1, of a seed. */
function dice(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Half as many runs as the bench has. Each costs what its factors cost and what @more says, up to
 * @error of it more or less. */
function world({ seed = 1, error = 0, more = () => 0 } = {}) {
  const random = dice(seed);
  return Array.from({ length: 16 }, () => {
    const x = { second: 2 + random() / 100, request: 20_000 * random(), event: 20_000 * random(), site: 500 * random() };
    const y = Object.entries(COST).reduce((sum, [f, cost]) => sum + cost * x[f], more(x));
    return { x, y: y * (1 + error * (2 * random() - 1)) };
  });
}

const isTold = (runs) => {
  const { share, noise } = crossTerms(runs);
  return share > noise;
};

test('a sum is found again', () => {
  const { coefficients, r2, residuals } = regress(world());
  for (const [factor, cost] of Object.entries(COST)) assert.ok(Math.abs(coefficients[factor] / cost - 1) < 1e-6, factor);
  assert.ok(r2 > 1 - 1e-9);
  assert.ok(residuals.every((part) => Math.abs(part) < 1e-6));
});

test('a run that is further off says by how many per cent', () => {
  const runs = world();
  runs[3].y *= 2;
  const { residuals, r2 } = regress(runs);
  assert.ok(residuals[3] < -20, `${residuals[3]}`);
  assert.ok(r2 < 0.95, `${r2}`);
});

test('a product of two is told, and which', () => {
  const runs = world({ error: 0.02, more: ({ event, site }) => (event * site) / 500 });
  const { name, share, noise } = crossTerms(runs);
  assert.equal(name, 'event × site');
  assert.ok(share > noise, `${share} and ${noise}`);
});

test('what grows with the square of a factor is told, and with which', () => {
  const { name, share, noise } = crossTerms(world({ error: 0.02, more: ({ site }) => (site * site) / 30 }));
  assert.equal(name, 'site²');
  assert.ok(share > noise, `${share} and ${noise}`);
});

test('a sum that leaves nothing has no product', () => {
  assert.equal(crossTerms(world()), null);
});

test('a twelfth of the CPU is enough in nearly every world, and where there is no product nearly none has one', () => {
  const worlds = Array.from({ length: 50 }, (_, seed) => seed + 1);
  const more = ({ request, site }) => (request * site) / 500;
  const told = (options) => worlds.filter((seed) => isTold(world({ seed, ...options }))).length;
  const [some, none] = [told({ more, error: 0.02 }), told({ error: 0.05 })];
  assert.ok(some >= 48 && none <= 2, `${some} of 50 with one, ${none} without`);
});

test('what two factors make together is no product when one of them never changes', () => {
  const some = (...factors) => world().map(({ x, y }) => ({ x: Object.fromEntries(factors.map((f) => [f, x[f]])), y }));
  assert.equal(crossTerms(some('second', 'request')).name, 'request²');
  assert.equal(crossTerms(some('second')), null);
});
