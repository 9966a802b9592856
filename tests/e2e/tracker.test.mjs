// hc.js in a real browser, on pages of somebody else's site: what it tells, and that the
// numbers are those of the people who are there. Each story is a complaint that users of
// other programs have.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'acorn';
import { Browser } from './browser.mjs';
import { eventually, story } from './harness.mjs';
import { ownTime } from './own_time.mjs';
import { Site } from './site.mjs';

const TESTS = fileURLToPath(new URL('..', import.meta.url));
const SCRIPT = path.join(TESTS, '../collector/web/hc.js');
const SIZE_MAX = 1024;
const LEFT_MS = 2_000; // a goodbye is seen within
const KILLED_MS = 45_000; // and a browser that could say none
const FRESH_MS = 1_000;

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser.kill());

/** A story on a stage of its own, with a person at the browser and a site to visit. */
function visit(name, fn, { options, ms } = {}) {
  story(name, async (s) => {
    await s.start();
    const site = await Site.open(s, options);
    const person = await browser.person();
    s.closing.push(() => person.close());
    await fn({ s, site, person });
  }, { ms });
}

/** Waits until so many are online, in these states. It may take so long where nobody is held up. */
async function online(s, expected, ms = 20_000) {
  const passed = ownTime();
  await eventually(async () => {
    const seen = (await s.api('shop')).online;
    for (const [key, value] of Object.entries(expected))
      assert.equal(seen[key], value, `${key} in ${JSON.stringify(seen)}`);
  }, Math.max(ms, 20_000));
  assert.ok(passed() < ms, `after ${passed()} ms`);
}

const gone = (s, ms) => online(s, { total: 0, tabs: 0 }, ms);

test('hc.js is what terser makes of hc.src.js, small, and plain enough for old browsers', () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headcount-'));
  const made = path.join(dir, 'hc.js');
  execFileSync('npm', ['run', '--silent', 'tracker'], { cwd: TESTS, env: { ...process.env, TO: made } });
  const script = fs.readFileSync(SCRIPT, 'utf8');
  assert.equal(script, fs.readFileSync(made, 'utf8'), 'run make tracker');
  fs.rmSync(dir, { recursive: true });
  const size = execFileSync('gzip', ['-9nc', SCRIPT]).length;
  assert.ok(size <= SIZE_MAX, `${size} bytes gzipped`);
  parse(script, { ecmaVersion: 2017 });
});

visit('a visitor sees the own visit at once', async ({ s, site, person }) => {
  await person.open(site.url('/cart'));
  await site.says(['v /cart']);
  const told = performance.now();
  await online(s, { total: 1, active: 1, reading: 1, tabs: 1 }, FRESH_MS);
  console.log(`online ${Math.round(performance.now() - told)} ms after the beacon`);
  const { activePages, pageViews } = await s.api('shop');
  assert.deepEqual(activePages, [{ path: '/cart', visitors: 1, online: 1 }]);
  assert.equal(pageViews, 1);
  assert.equal(site.beacons[0].method, 'POST', 'sendBeacon');
});

visit('who stays on a page for twenty minutes is there all the time', async ({ s, site, person }) => {
  const tab = await person.open(site.url());
  await site.says(['v /']);
  await tab.pass(20 * 60_000);
  await eventually(() => assert.ok(site.beacons.length > 70, `${site.beacons.length} beacons`));
  const times = site.beacons.map(({ _ }) => Number(_));
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  assert.ok(Math.abs(gaps[0] - 5_000) < 500, `the first after ${gaps[0]} ms`);
  for (const gap of gaps.slice(1)) assert.ok(gap >= 13_400 && gap <= 16_700, `beats ${gap} ms apart`);
  assert.ok(new Set(gaps).size > gaps.length / 2, 'beats are spread');
  assert.equal(new Set(site.beacons.map(({ v }) => v)).size, 1);
  await online(s, { total: 1, idle: 1 });
  assert.equal((await s.api('shop')).pageViews, 1);
});

visit('a tab that is closed is gone within two seconds, and so is one that went elsewhere', async ({ s, site, person }) => {
  const tab = await person.open(site.url());
  await online(s, { total: 1 });
  await tab.close();
  await gone(s, LEFT_MS);
  const other = await person.open(site.url('/a'));
  await online(s, { total: 1 });
  await other.goto('about:blank');
  await gone(s, LEFT_MS);
  await site.says(['v /', 'l /', 'v /a', 'l /a']);
});

story('a browser that is killed is gone within 45 seconds', async (s) => {
  await s.start();
  const site = await Site.open(s);
  const doomed = await Browser.launch();
  s.closing.push(() => doomed.kill());
  await (await doomed.person()).open(site.url());
  await online(s, { total: 1 });
  await site.says(['v /', 'h / r']);
  await eventually(() => assert.ok(performance.now() - site.beacons.at(-1).at > 3_000), 5_000);
  await doomed.kill();
  const killed = performance.now();
  await gone(s, KILLED_MS);
  console.log(`gone ${Math.round((performance.now() - killed) / 1000)} s after it was killed`);
  assert.ok(performance.now() - site.beacons.at(-1).at > 35_000, 'two beats may be lost on their way');
}, { ms: 90_000 });

visit('a tab behind another one is in the background, told at once, and never flaps', async ({ s, site, person }) => {
  const tab = await person.open(site.url('/a'));
  await online(s, { total: 1, active: 1 });
  const front = await person.open('about:blank');
  await front.show();
  await site.says(['v /a', 'h /a b']);
  await online(s, { total: 1, active: 0, background: 1 }, LEFT_MS);

  await tab.pass(4 * 60_000); // after five the browser slows timers down by its own clock
  await site.says(['v /a', 'h /a b', 'h /a b', 'h /a b', 'h /a b', 'h /a b']);
  const times = site.beacons.slice(1).map(({ _ }) => Number(_));
  for (let i = 1; i < times.length; i++) {
    const gap = times[i] - times[i - 1];
    assert.ok(gap >= 57_000 && gap <= 61_000, `beats ${gap} ms apart`);
  }
  await online(s, { total: 1, active: 0 });
});

visit('a tab that comes to the front is active at once', async ({ s, site, person }) => {
  const tab = await person.open(site.url('/a'));
  await online(s, { active: 1 });
  await (await person.open('about:blank')).show();
  await online(s, { active: 0, background: 1 });
  await tab.show();
  await site.says(['v /a', 'h /a b', 'h /a r']);
  await online(s, { total: 1, active: 1, reading: 1 }, FRESH_MS);
});

visit('three tabs are one visitor, and closing one of them changes nothing', async ({ s, site, person }) => {
  const tabs = [];
  for (const path of ['/a', '/b', '/b']) {
    tabs.push(await person.open(site.url(path)));
    await online(s, { total: 1, active: 1, tabs: tabs.length }); // it was seen before the next one
  }
  await online(s, { total: 1, active: 1, tabs: 3 });
  const pages = new Map((await s.api('shop')).activePages.map((page) => [page.path, page.online]));
  assert.deepEqual(pages, new Map([['/b', 1], ['/a', 1]]));
  await tabs[0].close();
  await online(s, { total: 1, tabs: 2 }, LEFT_MS);
  await tabs[2].close();
  await tabs[1].show();
  await online(s, { total: 1, active: 1, tabs: 1 }, LEFT_MS);
  await tabs[1].close();
  await gone(s, LEFT_MS);
});

visit('going to another page and back is a visitor who never left', async ({ s, site, person }) => {
  const tab = await person.open(site.url('/a'));
  await site.says(['v /a']);
  await tab.run('window.kept = true');
  await tab.goto(site.url('/b'));
  await site.says(['v /a', 'l /a', 'v /b']);
  await tab.run('history.back()').catch(() => {}); // the page that was asked goes away
  await eventually(async () => assert.equal(await tab.run('window.kept'), true, 'it was put away and came back'));
  await eventually(() => assert.deepEqual(site.log.slice(3).sort(), ['l /b', 'v /a']));
  const views = site.beacons.filter(({ k }) => k === 'v').map(({ v }) => v);
  assert.equal(new Set(views).size, 3, 'what comes back is a new view');
  await online(s, { total: 1, tabs: 1 }, LEFT_MS + FRESH_MS);
  await s.sees('shop', { pageViews: 3, activePages: [{ path: '/a', visitors: 1, online: 1 }] });
});

visit('steps of an application in one page are views, told once each however they are made', async ({ s, site, person }) => {
  const tab = await person.open(site.url('/'));
  await site.says(['v /']);
  await tab.run(`
    history.replaceState({ scroll: 0 }, '', '/');       // as vue-router begins
    history.replaceState({ scroll: 10 }, '', location); // and does before each step
    history.pushState({}, '', '/products?page=1');
    history.pushState({}, '', '/products?page=2');      // the same path
    history.replaceState({}, '', '/products#reviews');
  `);
  await site.says(['v /', 'l /', 'v /products']);
  await tab.run(`history.replaceState({}, '', '/products/1')`);
  await tab.run('history.back()');
  const steps = ['v /', 'l /', 'v /products', 'l /products', 'v /products/1', 'l /products/1', 'v /products'];
  await site.says(steps);
  await tab.run('history.back()');
  await site.says([...steps, 'l /products', 'v /']);
  await tab.run(`location.hash = '#contact'`);
  await s.sees('shop', { pageViews: 5 });
  await online(s, { total: 1, tabs: 1 }, LEFT_MS + FRESH_MS);
  const told = site.beacons.filter(({ k }) => k !== 'h');
  assert.equal(told.length, 9);
  assert.equal(new Set(told.map(({ v }) => v)).size, 5, 'each view has an id');
});

visit('with data-hash what stands behind # is the page', async ({ s, site, person }) => {
  const tab = await person.open(site.url('/app/#/users'));
  await site.says(['v /users']);
  await tab.run(`location.hash = '#/users/1'`);
  await site.says(['v /users', 'l /users', 'v /users/1']);
  await s.sees('shop', { pageViews: 2 });
}, { options: { attributes: 'data-hash' } });

visit('a page that was opened behind another one counts when it is looked at', async ({ s, site, person }) => {
  await person.open('about:blank');
  const tab = await person.open(site.url('/later'), { behind: true });
  await eventually(async () => assert.equal(await tab.run('typeof headcount'), 'function'));
  assert.equal(await tab.run('document.visibilityState'), 'hidden');
  await tab.run(`headcount('too early')`);
  await tab.pass(3 * 60_000);
  assert.deepEqual(site.log, []);
  assert.equal((await s.api('shop')).currentVisitors, 0);
  await tab.show();
  await site.says(['v /later']);
  await online(s, { total: 1, active: 1 });
});

visit('a page that was rendered ahead counts when it is shown', async ({ s, site, person }) => {
  const tab = await person.open(site.url('/'));
  await site.says(['v /']);
  await eventually(() => assert.ok(site.rendered?.includes('/next')), 5_000);
  assert.deepEqual(site.log, ['v /']);
  await tab.run(`location.href = '/next'`);
  await eventually(() => assert.deepEqual(site.log.slice(1).sort(), ['l /', 'v /next']));
  assert.equal(site.rendered.length, 1, 'what was rendered ahead is what is shown');
  await s.sees('shop', { pageViews: 2 });
}, {
  options: {
    pages: {
      '/': (site) => `<script type="speculationrules">{"prerender":[{"urls":["/next"],"eagerness":"immediate"}]}</script>${site.tag}`,
      '/next': (site) => ((site.rendered ??= []).push('/next'), `<h1>next</h1>${site.tag}`),
    },
  },
});

visit('who types is writing, who does nothing is idle', async ({ s, site, person }) => {
  const tab = await person.open(site.url());
  await online(s, { reading: 1 });
  await tab.click('input');
  await tab.type('hello');
  await eventually(() => assert.ok(site.log.includes('h / w')), 8_000);
  await online(s, { total: 1, writing: 1 }, FRESH_MS);
  await tab.pass(60_000);
  await eventually(() => assert.equal(site.log.at(-1), 'h / i'));
  await online(s, { total: 1, idle: 1 });
  await tab.click('input');
  await tab.pass(17_000);
  await eventually(() => assert.equal(site.log.at(-1), 'h / r'));
}, { options: { pages: { '/': '<input>' }, attributes: 'data-idle="30"' } });

visit('attention is time in front of a page that is not idle', async ({ s, site, person }) => {
  const tab = await person.open(site.url());
  await site.says(['v /']);
  await tab.pass(20 * 60_000);
  await eventually(() => assert.ok(site.beacons.length > 70));
  const told = site.beacons.reduce((sum, { d }) => sum + Number(d), 0);
  assert.ok(told >= 59_000 && told <= 77_000, `${told} ms of 20 minutes, idle after 60 s`);
  const { engagedTime } = await s.api('shop');
  assert.ok(Math.abs(engagedTime - told / 1000) < 0.2, `${engagedTime} s`);
});

visit('time in front of another window is no attention', async ({ s, site, person }) => {
  const tab = await person.open(site.url(), { script: 'document.hasFocus = () => false' });
  await site.says(['v /']);
  await tab.pass(60_000);
  await eventually(() => assert.ok(site.beacons.length >= 4));
  assert.equal(site.beacons.reduce((sum, { d }) => sum + Number(d), 0), 0);
  await online(s, { total: 1 });
});

visit('events, links that lead away and downloads stand in the feed', async ({ s, site, person }) => {
  const tab = await person.open(site.url());
  await site.says(['v /']);
  await tab.run(`headcount('signup', { plan: 'free' });
    document.addEventListener('click', (event) => event.preventDefault());`);
  for (const selector of ['b', '#away', '#file', '#here', '#mail']) await tab.click(selector);
  const names = ['signup', 'wave', 'outbound example.com/a/b', 'download /files/price%20list.pdf'];
  await site.says(['v /', ...names.map((name) => `e / ${name}`)]);
  await s.sees('shop', { pageViews: 1, currentVisitors: 1 });
  await eventually(async () => {
    const { recentEvents } = await s.api('shop');
    assert.deepEqual(recentEvents.map(({ name }) => name), [undefined, ...names].reverse());
  });
}, {
  options: {
    pages: {
      '/': `<button data-headcount-event="wave"><b>Wave</b></button><br>
        <a id="away" href="https://example.com/a/b?secret=1#c">away</a><br>
        <a id="file" href="/files/price list.pdf">file</a><br>
        <a id="here" href="/b">here</a><br><a id="mail" href="mailto:a@example.com">mail</a>`,
    },
  },
});

for (const [why, script] of [
  ['has sendBeacon refuse it', 'navigator.sendBeacon = () => false'],
  ['has no sendBeacon', 'delete Navigator.prototype.sendBeacon'],
])
  visit(`a browser that ${why} asks for the picture`, async ({ s, site, person }) => {
    const tab = await person.open(site.url(), { script });
    await site.says(['v /']);
    assert.equal(site.beacons[0].method, 'GET');
    await tab.pass(40_000);
    await eventually(() => assert.ok(site.beacons.length >= 4, 'not from a cache'));
    await online(s, { total: 1 });
  });

visit('without an id of their own two browsers behind one address are one visitor', async ({ s, site, person }) => {
  const other = await browser.person();
  s.closing.push(() => other.close());
  const tab = await person.open(site.url());
  await other.open(site.url());
  await online(s, { total: 1, tabs: 2 });
  assert.equal(await tab.run('Object.keys(localStorage).length + document.cookie.length'), 0);
});

visit('with data-client they are two, and each is the same one day after day', async ({ s, site, person }) => {
  const other = await browser.person();
  s.closing.push(() => other.close());
  await person.open(site.url());
  await other.open(site.url());
  await person.open(site.url());
  await online(s, { total: 2, tabs: 3 });
  assert.equal(new Set(site.beacons.map(({ u }) => u)).size, 2);
}, { options: { attributes: 'data-client' } });

visit('who opted out is not counted, until they opt in again', async ({ s, site, person }) => {
  const first = await person.open(site.url('/#toggle-headcount'));
  await eventually(() => assert.deepEqual(first.dialogs, ['headcount_ignore: 1']));
  const second = await person.open(site.url('/b'));
  await eventually(async () => assert.equal(await second.run('headcount("x"), document.readyState'), 'complete'));
  assert.deepEqual(site.log, []);
  const third = await person.open(site.url('/#toggle-headcount'));
  await eventually(() => assert.deepEqual(third.dialogs, ['headcount_ignore: ']));
  await site.says(['v /']);
});

visit('title, referrer and campaign are told, and of the query nothing else', async ({ s, site, person }) => {
  const tab = await person.open(site.url('/a?secret=1&utm_campaign=Spring%20sale&utm_term=red+shoes&token=2'));
  await site.says(['v /a']);
  assert.equal(site.beacons[0].t, 'Shop & Co');
  assert.equal(site.beacons[0].q, '&utm_campaign=Spring%20sale&utm_term=red+shoes');
  await tab.run('document.title = "Cart", history.pushState(0, "", "/cart")');
  await site.says(['v /a', 'l /a', 'v /cart']);
  assert.deepEqual([site.beacons[0].r, site.beacons[2].r, site.beacons[2].q], ['', '-', '']);
  const other = await person.open(site.url('/b'));
  await eventually(() => assert.equal(site.beacons.at(-1).p, '/b'));
  await other.run(`location = '${site.url('/a')}'`);
  await eventually(() => assert.equal(site.beacons.at(-1).r, site.url('/b')));
  await eventually(async () => {
    const { referrers, campaigns, terms, activePages } = await s.api('shop');
    assert.deepEqual(campaigns, [{ name: 'Spring sale', views: 1 }]);
    assert.deepEqual(terms, [{ name: 'red shoes', views: 1 }]);
    assert.deepEqual(referrers.map(({ name, views }) => [name, views]), [['(direct)', 2], ['(internal)', 2]]);
    assert.equal(activePages.find(({ path }) => path === '/a').title, 'Shop & Co');
  });
}, { options: { pages: { '/a': '<title>Shop &amp; Co</title>' } } });

const GPC = `Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true })`;
const DNT = `Object.defineProperty(Navigator.prototype, 'doNotTrack', { value: '1' })`;

/** Visits once and says whether it was counted. */
async function isCounted({ s, person }, { script, ...options }) {
  const site = await Site.open(s, options);
  const tab = await person.open(site.url(), { script });
  await eventually(async () => assert.equal(await tab.run('document.readyState'), 'complete'));
  await tab.run('typeof headcount === "function" && headcount("proof")');
  if (options.allowed) await eventually(() => assert.ok(site.log.length > 0));
  assert.equal(await tab.run('localStorage.length'), 0, 'nothing is stored either');
  await tab.close();
  return site.log.length > 0;
}

visit('T13: who says that they do not want to be tracked is not, unless the site insists', async (story) => {
  for (const script of [GPC, DNT]) {
    assert.equal(await isCounted(story, { script, attributes: 'data-client' }), false);
    assert.equal(await isCounted(story, { script, attributes: 'data-ignore-dnt', allowed: true }), true);
  }
});

visit('machines, this machine and frames are not counted unless they are allowed', async (story) => {
  const tag = (allow) => (site) => site.tag.replace('local bot', allow);
  const WEBDRIVER = `Object.defineProperty(Navigator.prototype, 'webdriver', { value: true })`;
  const HUMAN = `Object.defineProperty(Navigator.prototype, 'webdriver', { value: false })`;
  const frame = () => '<iframe src="/inner"></iframe>';
  const cases = [
    [false, { script: WEBDRIVER, pages: { '/': tag('local') } }],
    [false, { script: HUMAN, pages: { '/': tag('bot frame') } }],
    [true, { script: HUMAN, pages: { '/': tag('local') } }],
    [true, { script: WEBDRIVER, pages: { '/': tag('bot local') } }],
    [false, { script: HUMAN, pages: { '/': frame, '/inner': tag('local bot') } }],
    [true, { script: HUMAN, pages: { '/': frame, '/inner': tag('local frame') } }],
  ];
  for (const [allowed, options] of cases)
    assert.equal(await isCounted(story, { ...options, allowed }), allowed, JSON.stringify(options));
});

story('a page elsewhere loads the script for ever the same, by its hash', async (s) => {
  await s.start();
  const head = await s.request('/hc.js', { method: 'HEAD' });
  const copy = head.headers['content-location'];
  const { body } = await s.request(copy);
  const [hash, other] = [body, 'other'].map((text) => crypto.createHash('sha384').update(text).digest('base64'));
  const script = (integrity) => () =>
    `<script defer data-site="shop" data-allow="local bot" crossorigin="anonymous"
      integrity="sha384-${integrity}" src="http://${s.http}${copy}"></script>`;
  const site = await Site.open(s, { pages: { '/': script(hash), '/wrong': script(other) } });
  const person = await browser.person();
  s.closing.push(() => person.close());
  await person.open(site.url('/'));
  await s.sees('shop', { currentVisitors: 1, activePages: [{ path: '/', visitors: 1, online: 1 }] });
  const wrong = await person.open(site.url('/wrong'));
  await eventually(async () => assert.equal(await wrong.run('document.readyState'), 'complete'));
  assert.equal(await wrong.run('typeof headcount'), 'undefined');
});

story('files are sent gzipped to who takes it, and not again to who has them', async (s) => {
  await s.start();
  for (const path of ['/hc.js', '/hc.src.js', '/demo', '/demo.js', '/demo.css', '/icon.svg', '/robots.txt']) {
    const plain = await s.request(path);
    const gzip = await s.request(path, { headers: { 'accept-encoding': 'br, gzip;q=0.8' } });
    assert.equal(plain.status, 200);
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(gzip.headers['content-encoding'], 'gzip');
    assert.ok(plain.body.equals(execFileSync('gzip', ['-dc'], { input: gzip.body })));
    assert.match(plain.headers.vary, /Accept-Encoding/);
    assert.match(plain.headers.etag, /^"[^"]+"$/, 'a strong tag');
    assert.notEqual(plain.headers.etag, gzip.headers.etag);
    for (const refused of ['gzip;q=0', 'gzip; q=0.000', 'br', '*', 'gzipped'])
      assert.equal((await s.request(path, { headers: { 'accept-encoding': refused } })).headers['content-encoding'], undefined);
    const known = { 'if-none-match': `"x", W/${gzip.headers.etag}`, 'accept-encoding': 'gzip' };
    const again = await s.request(path, { headers: known });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    for (const name of ['etag', 'vary', 'cache-control', 'content-location'])
      assert.equal(again.headers[name], gzip.headers[name]);
    assert.equal((await s.request(path, { headers: { 'if-none-match': gzip.headers.etag } })).status, 200);
  }
  const script = await s.request('/hc.js', { headers: { 'accept-encoding': 'gzip' } });
  assert.ok(script.body.length <= SIZE_MAX);
  assert.equal(script.headers['cache-control'], 'public, max-age=300');
  assert.equal(script.headers['access-control-allow-origin'], '*');
  assert.equal(script.headers['cross-origin-resource-policy'], 'cross-origin');
  const copy = await s.request(script.headers['content-location']);
  assert.match(copy.headers['cache-control'], /max-age=31536000, immutable/);
  assert.equal((await s.request('/hc.0000000000000000.js')).status, 404);
});

story('behind a path and under other names all of it works the same', async (s) => {
  const names = ['--script-name', 'lib.js', '--pixel-name', 'dot.gif', '--event-name', 'in'];
  await s.start({ collector: ['--base-path', '/about', ...names] });
  const person = await browser.person();
  s.closing.push(() => person.close());
  const tab = await person.open(`http://${s.http}/about/demo/pricing`);
  await eventually(async () => {
    const answer = JSON.parse((await s.request('/about/sites/demo/realtime')).body);
    const [{ title, ...page }, ...others] = answer.activePages;
    assert.deepEqual([page, ...others], [{ path: '/about/demo/pricing', visitors: 1, online: 1 }]);
    assert.match(title, /headcount demo$/);
    assert.equal(await tab.run(`document.getElementById('online').textContent`), '1');
  });
  const links = await tab.run(`[...document.querySelectorAll('nav a')].map((a) => a.pathname)`);
  assert.deepEqual(links, ['/about/demo', '/about/demo/pricing', '/about/demo/docs']);
  assert.equal(await tab.run(`document.querySelector('nav [aria-current]').pathname`), '/about/demo/pricing');
  const event = await s.request('/about/in', { method: 'POST', body: 'i=demo&p=/x&e=signup' });
  assert.equal(event.status, 204);
  for (const path of ['/hc.js', '/about/hc.js', '/dot.gif', '/about/hc.gif?i=demo', '/about/livez', '/demo'])
    assert.equal((await s.request(path)).status, 404, path);
  assert.equal((await s.request('/livez')).status, 200);
});
