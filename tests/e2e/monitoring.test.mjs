// What is given to Prometheus and Grafana speaks of metrics that there are, of both daemons
// as they run, and its alerts go on when they should.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { request, Story, story } from './harness.mjs';
import { lint } from './metrics_lint.mjs';

const run = promisify(execFile);
const file = (name) => fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url));
const read = (name) => fs.readFileSync(file(name), 'utf8');
const promtool = fileURLToPath(new URL('promtool', import.meta.url));

const dashboard = JSON.parse(read('grafana/headcount.json'));
const queries = dashboard.panels.flatMap((panel) => panel.targets.map((target) => target.expr));

/** Every series of both daemons, with the labels that tell which one it is. */
async function seriesOf(s) {
  const all = new Set(['up{job="headcount-collector"}', 'up{job="headcount-aggregator"}']);
  for (const name of ['collector', 'aggregator']) {
    const text = await request(`http://${await Story.adminOf(s[name])}/metrics`);
    for (const key of lint(text.body.toString()).keys()) {
      const [, metric, labels = ''] = key.match(/^([a-z_]+)(?:\{(.*)\})?$/);
      all.add(`${metric}{${[`job="headcount-${name}"`, labels].filter(Boolean).join(',')}}`);
    }
  }
  return [...all];
}

/** The selectors of an expression: [{ metric, matchers: [[label, operator, value]] }]. */
function selectors(expr) {
  const found = expr.matchAll(/\b((?:headcount|process)_[a-z_]+|up)\b(?:\{([^}]*)\})?/g);
  return [...found].map(([, metric, inside = '']) => ({
    metric,
    matchers: [...inside.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)].map((match) => match.slice(1)),
  }));
}

/** Whether the series is selected; what only Prometheus adds (instance) is not looked at. */
function selects({ metric, matchers }, series) {
  const [, name, labels] = series.match(/^([a-z_]+)\{(.*)\}$/);
  if (name !== metric) return false;
  const has = Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map((match) => match.slice(1)));
  return matchers.every(([label, operator, value]) => {
    if (label === 'instance') return true;
    const is = operator === '=~' ? new RegExp(`^(?:${value})$`).test(has[label] ?? '') : has[label] === value;
    return operator === '!=' ? !is : is;
  });
}

/** Each word of "a|b" by itself: a reason that no longer exists is found among others. */
function apart(selector) {
  const at = selector.matchers.findIndex(([, operator, value]) => operator === '=~' && /^[\w|]+$/.test(value));
  if (at < 0) return [selector];
  const [label, , words] = selector.matchers[at];
  const only = (word) => selector.matchers.map((matcher, i) => (i === at ? [label, '=', word] : matcher));
  return words.split('|').map((word) => ({ ...selector, matchers: only(word) }));
}

const rules = [...read('prometheus/alerts.yml').matchAll(/^ +expr: (?:>-\n((?: {10}.*\n)+)|(.+)$)/gm)].map((match) => match[1] ?? match[2]);

story('each metric, label and reason that alerts and dashboard ask for is exported', async (s) => {
  await s.start();
  const series = await seriesOf(s);
  assert.ok(rules.length >= 16 && queries.length >= 24, `${rules.length} rules, ${queries.length} queries`);
  for (const expr of [...rules, ...queries]) {
    const asked = selectors(expr).flatMap(apart);
    assert.ok(asked.length > 0, expr);
    for (const one of asked) assert.ok(series.some((key) => selects(one, key)), `${JSON.stringify(one)} of ${expr}`);
  }
});

test('promtool takes the rules and what is to be put in prometheus.yml', async () => {
  await run(promtool, ['check', 'rules', file('prometheus/alerts.yml')]);
  await run(promtool, ['check', 'config', '--syntax-only', file('prometheus/prometheus.yml')]);
});

test('each alert goes on for its reason, and none of them without', async () => {
  const { stdout } = await run(promtool, ['test', 'rules', file('prometheus/alerts_test.yml')]);
  assert.match(stdout, /SUCCESS/);
  const tested = new Set([...read('prometheus/alerts_test.yml').matchAll(/alertname: (\w+)\n +exp_alerts:\n/g)].map((match) => match[1]));
  const alerts = [...read('prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)].map((match) => match[1]);
  assert.deepEqual(alerts.filter((name) => !tested.has(name)), []);
});

test('OPERATING.md says of each alert what it means', () => {
  const text = read('OPERATING.md');
  for (const [, name] of read('prometheus/alerts.yml').matchAll(/- alert: (\w+)/g)) assert.match(text, new RegExp(`\\b${name}\\b`));
});

test('promtool reads each query of the dashboard', async () => {
  const expr = (text) => text.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
  const records = queries.map((text, i) => ({ record: `dashboard:${i}`, expr: expr(text) }));
  const name = `${fs.mkdtempSync('/tmp/headcount-rules-')}/rules.yml`;
  try {
    fs.writeFileSync(name, JSON.stringify({ groups: [{ name: 'dashboard', rules: records }] }));
    await run(promtool, ['check', 'rules', name]);
  } finally {
    fs.rmSync(name.replace(/\/[^/]*$/, ''), { recursive: true });
  }
});

test('the panels of the dashboard stand side by side, and each says what it shows', () => {
  const taken = new Set();
  for (const { title, description, gridPos: { x, y, w, h } } of dashboard.panels) {
    assert.ok(title && description && x + w <= 24, title);
    for (let i = x; i < x + w; i++)
      for (let j = y; j < y + h; j++) assert.ok(taken.size < taken.add(`${i} ${j}`).size, `${title} stands on another`);
  }
});
