// Alerts from the operator's command to the page that somebody looks at: what the banner says is
// what the API says, from the moment at which an alert goes on to that at which it goes off.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';
import { browse, isLive, open, shows } from './pages.mjs';

const GONE_MS = 30_000; // a goodbye is waited for

const alert = (s, ...words) => s.cliJson('site', 'alert', 'shop', ...words);
const comes = (s, u) => s.hit({ i: 'shop', p: '/', u, v: `tab-of-${u}` });

/** Of those who are there the first one leaves; the others are heard of, however slow it all is. */
async function leaves(s, u, ...others) {
  await s.hit({ i: 'shop', p: '/', u, v: `tab-of-${u}`, k: 'l' });
  for (const other of others) await s.hit({ i: 'shop', p: '/', u: other, v: `tab-of-${other}`, k: 'h', a: 'r' });
}

const WHAT = { online: 'online now', current: 'visitors in 5 minutes', views: 'page views in 5 minutes' };

/** What is to be seen of alerts, by the API; times as the browser writes them. */
const sentences = (alerts) =>
  alerts.map(({ name, of, kind, value, limit, since }) => {
    const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' }).format(since);
    return `${name}: ${value} ${WHAT[of]}. Alert at ${limit} or ${kind === 'above' ? 'more' : 'less'}, on since ${time}.`;
  });

/** What is seen of them. */
const banner = (page) =>
  page.locator('#alerts').evaluate((list) =>
    (list.checkVisibility() ? [...list.children] : []).map((row) => [...row.children].map((part) => part.textContent).join(' ')));

/** The banner is that of the API, which has alerts of these names on. */
const tells = (s, page, names, ms) =>
  eventually(async () => {
    const { alerts } = await s.api('shop');
    assert.deepEqual(alerts.map(({ name }) => name), names);
    assert.deepEqual(await banner(page), sentences(alerts));
  }, ms);

story('an alert is on the page from when it goes on until it goes off, with the numbers of the API', async (s) => {
  await s.start();
  await alert(s, 'add', 'busy', '--above', '3', '--back', '1');
  await alert(s, 'add', 'crowded', '--above', '4', '--of', 'current');
  await alert(s, 'add', 'few', '--below', '1');
  const { context, said: noise } = await browse(s);
  await comes(s, 'alice');
  await comes(s, 'bob');
  await s.sees('shop', { currentVisitors: 2, alerts: [] });
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  await tells(s, page, []);
  await shows(page, '#told', '2 online');

  await comes(s, 'carol');
  await tells(s, page, ['busy']);
  assert.match((await banner(page))[0], /^busy: 3 online now\. Alert at 3 or more, on since \d\d:\d\d\.$/);
  await shows(page, '#told', '3 online, alert busy', 20_000);
  await comes(s, 'dave');
  await tells(s, page, ['busy', 'crowded']);
  assert.match((await banner(page))[0], /^busy: 4 online now/);

  const later = await open(context, `http://${s.http}/site/shop`);
  assert.deepEqual(await banner(later), await banner(page), 'it comes with the page');
  await later.close();
  await page.locator('#home').click();
  await page.waitForURL(`http://${s.http}/`);
  await isLive(page);
  await shows(page, '#online', '4');
  assert.deepEqual(await banner(page), [], 'alerts are of a site');
  await page.locator('#all a').click();
  await isLive(page);
  await tells(s, page, ['busy', 'crowded']);

  await leaves(s, 'dave', 'carol', 'bob', 'alice');
  await eventually(async () => assert.match((await banner(page))[0], /^busy: 3 online now/), GONE_MS);
  await leaves(s, 'carol', 'bob', 'alice');
  await tells(s, page, ['busy', 'crowded'], GONE_MS);
  await eventually(async () => assert.match((await banner(page))[0], /^busy: 2 online now\. Alert at 3 or more/), GONE_MS); // --back 1: still on
  await leaves(s, 'bob', 'alice');
  await tells(s, page, ['crowded', 'few'], GONE_MS);
  assert.match((await banner(page))[1], /^few: 1 online now\. Alert at 1 or less, on since/);
  await alert(s, 'rm', 'crowded');
  await comes(s, 'bob');
  await tells(s, page, []);
  assert.equal(await page.locator('#alerts').isVisible(), false);
  assert.deepEqual(noise, []);
}, { ms: 150_000 });
