// headcount replay --demo against the real programs: what it says it sent is what Redis has.
import assert from 'node:assert/strict';
import path from 'node:path';
import { eventually, story, within } from './harness.mjs';

const headcount = path.resolve(process.env.HEADCOUNT_BIN ?? 'build/bin', 'headcount');
const sum = (rows, key) => rows.reduce((all, row) => all + row[key], 0);

const command = (s) => ['replay', '--demo', '--collector', `http://${s.http}`, '--redis', s.redisAddress];

/** A demo that plays until it is told to stop. */
function play(s, ...args) {
  return s.run('demo', headcount, [...command(s), '--json', ...args]);
}

/** Ctrl-C, and the report. */
async function interrupted(demo) {
  demo.signal('SIGINT');
  const { code } = await within(10_000, 'the demo ends', demo.end);
  assert.equal(code, 130, demo.err);
  return JSON.parse(demo.out);
}

const names = (list) => list.map(({ name }) => name);

story('H7: a demo fills the page at once, is counted as it was sent, and leaves nobody behind', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.0/8'] });
  const demo = play(s, '--visitors', 200_000, '--speed', 600, '--day-from', '09:40');
  const busy = await eventually(async () => {
    const now = await s.api('shop');
    assert.ok(now.online.total > 150, `${now.online.total} online`);
    assert.ok(now.online.writing > 0 && now.online.reading > 0 && now.online.background > 0);
    assert.ok(now.windows[0].events > 0 && now.engagedTime > 0);
    return now;
  }, 30_000);
  assert.deepEqual(busy.flags, ['demo']);
  const { sites } = JSON.parse((await s.request('/sites')).body);
  assert.deepEqual(sites.map(({ site, demo }) => [site, demo]), [['shop', true]]);
  for (const name of ['(direct)', '(internal)', 'google.com', 'instagram.com', 'teatime.example'])
    assert.ok(names(busy.referrers).includes(name), `${name} in ${names(busy.referrers)}`);
  for (const name of ['desktop', 'mobile', 'tablet']) assert.ok(names(busy.devices).includes(name));
  for (const name of ['Chrome', 'Safari', 'Firefox', 'Edge']) assert.ok(names(busy.browsers).includes(name));
  assert.equal(busy.countries[0].name, 'DE');
  for (const name of ['tea-week', 'brew-along']) assert.ok(names(busy.campaigns).includes(name), `${name} in ${names(busy.campaigns)}`);
  for (const name of ['green tea', 'cast iron teapot']) assert.ok(names(busy.terms).includes(name));
  for (const name of ['direct', 'internal', 'search', 'social', 'link']) assert.ok(names(busy.sources).includes(name));
  assert.ok(busy.activePages.length > 15);
  assert.match(busy.activePages[0].title, / – Leaf & Kettle$/);

  const sent = await interrupted(demo);
  assert.deepEqual(sent.answered, { 200: sent.sent });
  assert.equal(sent.sent, sent.views + sent.events + sent.heartbeats + sent.leaves);
  assert.equal(sent.views, sent.leaves);
  await eventually(async () => {
    const { total, series, windows, online } = await s.api('shop');
    assert.deepEqual(
      [total.views, total.visits, sum(series, 'pageViews'), sum(series, 'events'), windows.at(-1).visitors, online.tabs],
      [sent.views, sent.visitors, sent.views, sent.events, sent.visitors, 0],
    );
  }, 5_000);
  const { out } = await s.cli(['now', 'shop', '--redis', s.redisAddress]);
  assert.match(out, /This is a demo: its visitors are invented\./);
});

story('a demo ends by itself, and another one may follow on its site', async (s) => {
  await s.start();
  for (let i = 1; i <= 2; i++) {
    const args = ['--site', 'tea', '--visitors', '100000', '--for', '1', '--seed', i];
    const { code, out, err } = await s.cli([...command(s), ...args]);
    assert.equal(code, 0, err);
    assert.match(out, /^tea: visitors \d+, views \d+, events \d+, heartbeats \d+, leaves \d+\nsent \d+, answered 200: \d+, /);
  }
  assert.deepEqual((await s.api('tea')).countries, []); // nobody was trusted to tell them
});

story('invented visitors never get among real ones', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/' });
  await s.sees('shop', { pageViews: 1 });
  const { code, err } = await s.cli(command(s));
  assert.equal(code, 2);
  assert.match(err, /^headcount: site shop has visitors of its own: give a demo another --site\n$/);
  await s.sees('shop', { pageViews: 1, flags: [] });
});

story('nothing is sent when the site cannot be marked as a demo', async (s) => {
  await s.start();
  const { code, err } = await s.cli(['replay', '--demo', '--collector', `http://${s.http}`, '--redis', 'unix:/nowhere']);
  assert.equal(code, 3);
  assert.match(err, /cannot mark the site as a demo in Redis at unix:\/nowhere: .*; see --redis\n$/);
  assert.deepEqual((await s.api('shop')).flags, ['unknown']);
});

story('what is wrong with the options of a demo is said', async (s) => {
  const wrong = [
    [['--day-from', '25:00'], /--day-from must be a time of day like 09:40, not "25:00"/],
    [['--day-from', '9:40'], /--day-from/],
    [['--speed', 'max'], /--speed of a demo must be a number from 0.001 to 1000000, not "max"/],
    [['--site', '..'], /--site/],
    [['--visitors', '0'], /--visitors/],
    [['access.log'], /replay --demo takes no FILE/],
  ];
  for (const [args, complaint] of wrong) {
    const { code, err } = await s.cli(['replay', '--demo', ...args]);
    assert.equal(code, 2);
    assert.match(err, complaint);
  }
});
