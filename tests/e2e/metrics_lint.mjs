// Whether a text is what Prometheus takes, read more strictly than it does: every family
// begins with HELP and TYPE, its samples follow, counters end in _total and nothing else
// does, no family and no series comes twice. Returns a Map of series to number.
import assert from 'node:assert/strict';

const NAME = '[a-z][a-z0-9_]*';
const SAMPLE = new RegExp(`^(${NAME})(\\{(?:${NAME}="[^"\\\\]*",?)+\\})? (\\d+(?:\\.\\d+)?)$`);

function suffixOf(kind) {
  return { counter: '_total', info: '_info' }[kind] ?? '';
}

export function lint(text, { open = false } = {}) {
  const series = new Map();
  const families = new Set();
  let family; // { name, kind, samples }
  const lines = text.split('\n');
  assert.equal(lines.pop(), '', 'the last line ends');
  if (open) assert.equal(lines.pop(), '# EOF');
  for (const line of lines) {
    const [, word, name, rest] = line.match(/^# (HELP|TYPE) (\S+) (.+)$/) ?? [];
    if (word === 'HELP') {
      assert.ok(!family || (family.kind && family.samples > 0), line);
      assert.match(name, new RegExp(`^${NAME}$`));
      assert.ok(!families.has(name), `twice: ${line}`);
      families.add(name);
      family = { name, samples: 0 };
    } else if (word === 'TYPE') {
      assert.equal(name, family.name);
      assert.ok(!family.kind, line);
      assert.ok(['counter', 'gauge', ...(open ? ['info'] : [])].includes(rest), line);
      assert.equal(name.endsWith('_total'), rest === 'counter' && !open, line);
      family.kind = rest;
    } else {
      const [, sample, labels = '', value] = line.match(SAMPLE) ?? assert.fail(line);
      assert.equal(sample, family.name + (open ? suffixOf(family.kind) : ''), line);
      assert.ok(!series.has(sample + labels), `twice: ${line}`);
      series.set(sample + labels, Number(value));
      family.samples++;
    }
  }
  assert.ok(family.samples > 0);
  return series;
}
