// The table of what headcount took over (seeds.md) against the tests there are.
import assert from 'node:assert/strict';
import test from 'node:test';
import { assign, look, titlesOf } from './seeds.mjs';

test('every row has a test or a reason, and no title names a row that is none', () => {
  assert.deepEqual(look().mistakes, []);
});

test('the table is what the titles say', () => {
  const { is, should } = look();
  assert.ok(is === should, 'run: node tests/e2e/seeds.mjs --write');
});

test('titles are found in every manner of quotes, and their mistakes told', () => {
  const text = "story('L1: it\\'s', f);\n  test(`A1, A2: ${x} b`, f);\nstoryWith('php', \"plain\", f);\nvisit(x, 'P2: v', f);\nnostory('L2: x');";
  const titles = titlesOf(text);
  assert.deepEqual(titles, ["L1: it's", 'A1, A2: ${x} b', 'plain', 'P2: v']);
  const rows = [{ id: 'L1' }, { id: 'A1' }, { id: 'L2', left: 'why' }, { id: 'L3' }];
  const { found, mistakes } = assign([...titles.slice(0, 3), 'L2: y', 'L1 z'].map((title) => ({ file: 'f', title })), rows);
  assert.deepEqual(found.get('L1'), [{ file: 'f', title: "it's" }]);
  assert.deepEqual(found.get('A1'), [{ file: 'f', title: '${x} b' }]);
  assert.deepEqual(mistakes, [
    'f: "A1, A2: ${x} b": there is no row A2', 'f: "L1 z": after the rows comes a colon',
    'L2: it is left out, and a test shows it', 'L3: no test shows it',
  ]);
});
