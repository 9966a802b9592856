// Three people in real browsers on three pages of the demo site: the API, the command and
// a redis-cli that was already listening must agree on them within a second.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { buildDir, eventually, story } from './harness.mjs';
import { theBrowser } from './pages.mjs';

const PAGES = ['/demo', '/demo/pricing', '/demo/docs'];
const FRESH_MS = 1_000;
const STILL = { reducedMotion: 'reduce' }; // a picture a frame is what pages cost most

const byPath = (a, b) => (a.path < b.path ? -1 : 1);
const expected = {
  visitors: 3,
  pageViews: 3,
  pages: PAGES.map((page) => ({ path: page, visitors: 1, online: 1 })).sort(byPath),
  online: 3,
};

/** Messages tell no titles. */
const untitled = (pages) => pages.map(({ title, ...page }) => page);

const ofAnswer = (answer) => ({
  visitors: answer.currentVisitors,
  pageViews: answer.pageViews,
  pages: untitled(answer.activePages).sort(byPath),
  online: answer.online.total,
});
const ofMessage = (message) => ({
  visitors: message.visitors[5],
  pageViews: message.pv[5],
  pages: message.pages.sort(byPath),
  online: message.online.total,
});

story('three visitors on three pages are the same three for everybody who asks', async (s) => {
  await s.start();
  const subscriber = await s.subscribe('demo');
  const browser = await theBrowser(s);
  const tabs = [];
  for (const page of PAGES) {
    const context = await browser.newContext(STILL);
    const tab = await context.newPage();
    await tab.goto(`http://${s.http}${page}`, { waitUntil: 'load' });
    tabs.push(tab);
  }
  const loaded = performance.now();
  await eventually(async () => {
    assert.deepEqual(ofMessage(subscriber.last), expected);
    assert.deepEqual(ofAnswer(await s.api('demo')), expected);
    assert.deepEqual(ofAnswer(await s.cliJson('now', 'demo')), expected);
  }, FRESH_MS);
  console.log(`all three agreed ${Math.round(performance.now() - loaded)} ms after the last load`);

  const last = subscriber.last;
  assert.equal((await s.api('demo')).rev, `${last.e}.${last.q}`);
  fs.mkdirSync(path.join(buildDir, 'e2e'), { recursive: true });
  await tabs[0].screenshot({ path: path.join(buildDir, 'e2e', 'demo.png') });
});

story('the demo shows who comes and goes as it happens, on a phone too', async (s) => {
  await s.start();
  const browser = await theBrowser(s);
  const mistakes = [];
  const visit = async (page, options) => {
    const tab = await (await browser.newContext({ ...STILL, ...options })).newPage();
    tab.on('pageerror', (error) => mistakes.push(String(error)));
    tab.on('console', (line) => line.type() === 'error' && mistakes.push(line.text()));
    await tab.goto(`http://${s.http}${page}`);
    return tab;
  };
  const shows = (tab, selector, text, ms) =>
    eventually(async () => assert.equal((await tab.textContent(selector)).trim(), text), ms);
  const phone = await visit('/demo', { viewport: { width: 375, height: 812 }, isMobile: true, colorScheme: 'dark' });
  await shows(phone, '#online', '1');
  const other = await visit('/demo/pricing');
  await shows(phone, '#online', '2', FRESH_MS);
  await shows(other, '#states .reading b', '2');
  await other.fill('#type', 'hello');
  await other.click('text=Wave');
  await shows(phone, '#events li:first-child span', 'wave on /demo/pricing', FRESH_MS);
  await shows(phone, '#states .writing b', '1');
  await other.close();
  await shows(phone, '#online', '1', 2 * FRESH_MS);
  assert.equal(await phone.evaluate(() => document.documentElement.scrollWidth), 375, 'nothing sticks out');
  assert.deepEqual(mistakes, []);
  await phone.screenshot({ path: path.join(buildDir, 'e2e', 'demo-phone.png'), fullPage: true });
});

story('the demo says that it is not counted where its site was not added, until it is', async (s) => {
  await s.start({ collector: ['--no-open-sites'] });
  await eventually(async () => assert.equal((await s.counters(s.collector)).sites_open, 0));
  const tab = await (await (await theBrowser(s)).newContext(STILL)).newPage();
  await tab.goto(`http://${s.http}/demo`);
  await tab.waitForSelector('#uncounted', { state: 'visible' });
  const { code, err } = await s.cli(['site', 'add', 'demo', '--redis', s.redisAddress]);
  assert.equal(code, 0, err);
  await eventually(async () => {
    await tab.goto(`http://${s.http}/demo`);
    await s.sees('demo', { currentVisitors: 1 }, 1_000);
  });
  await tab.waitForFunction(() => document.getElementById('online').textContent === '1');
  assert.equal(await tab.isVisible('#uncounted'), false);
});

story('a visitor who goes on to another page is counted there, and still once', async (s) => {
  await s.start();
  const browser = await theBrowser(s);
  const tab = await (await browser.newContext(STILL)).newPage();
  for (const page of PAGES) await tab.goto(`http://${s.http}${page}`, { waitUntil: 'load' });
  await s.sees('demo', { currentVisitors: 1, pageViews: 3 });
  await eventually(async () => {
    const { activePages } = await s.api('demo');
    assert.deepEqual(untitled(activePages), [{ path: PAGES.at(-1), visitors: 1, online: 1 }]);
  });
});

story('where a visitor came from, by which campaign and to which title, is in the answer', async (s) => {
  await s.start();
  const browser = await theBrowser(s);
  const tab = await (await browser.newContext(STILL)).newPage();
  await tab.goto(`http://${s.http}/demo?x=1&utm_campaign=Spring%20sale&utm_term=red+shoes`, {
    referer: 'https://www.google.de/search?q=secret', waitUntil: 'load',
  });
  const answer = await s.sees('demo', {
    pageViews: 1,
    referrers: [{ name: 'google.de', views: 1, class: 'search' }],
    sources: [{ name: 'search', views: 1 }],
    campaigns: [{ name: 'Spring sale', views: 1 }],
    terms: [{ name: 'red shoes', views: 1 }],
  });
  assert.match(answer.activePages[0].title, /headcount demo/);
});
