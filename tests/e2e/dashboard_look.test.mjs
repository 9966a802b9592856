// How the dashboard looks on a phone, a desk and a wall, by day and by night, with nobody there
// and with everybody; what it weighs; what it costs while nobody looks; and that what is old never
// looks new. Pictures of it lie in build/e2e/look-*.png afterwards.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';
import { Browser } from './browser.mjs';
import { freeze, front } from './cable.mjs';
import { buildDir, eventually, request, story } from './harness.mjs';
import { look } from './look.mjs';
import { browse, isLive, open, shows, text } from './pages.mjs';
import { WEB } from './web.mjs';

const SIZES = [[390, 844], [1280, 900], [2560, 1440]];
const BYTES_MAX = 40 * 1024; // gzipped: pages, elements and the map

const TITLES = [
  'Sencha Uji – Leaf & Kettle', 'تقرير عن الشاي الأخضر', '🍵🫖 Tea 👩‍👩‍👧‍👦', '\u202egnp.exe', 'x'.repeat(190), 'words and '.repeat(18),
  '<img src=x onerror=alert(1)>', '</script><script>alert(2)</script>', '日本茶の淹れ方', 'a',
];
const PATHS = ['/', `/${'very/long/'.repeat(19)}`, `/${'x'.repeat(190)}`, '/تقرير/شاي', '/日本/お茶', '/🍵', '/<b>bold</b>', '/a b', '/%2e%2e/', '/tea'];
const AGENTS = [
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
];
const FROM = ['https://www.google.com/', 'https://www.reddit.com/r/tea/', `https://${'long-'.repeat(11)}name.example/`, 'https://xn--mgbh0fb.example/', ''];

/** A site with everything that people can choose. */
async function crowd(s) {
  for (const [i, t] of TITLES.entries()) {
    const q = `utm_campaign=${encodeURIComponent(['spring', 'x'.repeat(60), 'قهوة'][i % 3])}&utm_term=${encodeURIComponent(['green tea', '🍵'][i % 2])}`;
    const who = { i: 'shop', p: PATHS[i], u: `${i}`, v: `${i}` };
    await s.hit({ ...who, t, q, r: FROM[i % 5], a: 'wribr'[i % 5] }, { 'user-agent': AGENTS[i % 2], 'cf-ipcountry': ['DE', 'US', 'JP', 'GB', 'CD'][i % 5] });
    await s.hit({ ...who, k: 'e', e: [`outbound ${t}`, t][i % 2] });
  }
  await s.sees('shop', { currentVisitors: TITLES.length });
}

/** They are still there until the story ends, and do what they did. */
function stay(s) {
  let told = Promise.resolve();
  const tell = () => (told = Promise.all(TITLES.map((_, i) => s.hit({ i: 'shop', p: PATHS[i], u: `${i}`, v: `${i}`, k: 'h', a: 'wribr'[i % 5] }))).catch(() => {}));
  const timer = setInterval(tell, 5_000);
  s.closing.push(() => (clearInterval(timer), told));
}

const ALERTS = [
  { name: 'busy', of: 'online', kind: 'above', value: 1_234, limit: 1_000, since: Date.now() - 60_000 },
  { name: `${'long-'.repeat(12)}name`, of: 'views', kind: 'below', value: 2, limit: 5, since: Date.now() - 3 * 864e5 },
];

/** Answers as if these alerts were on. */
const alarm = (context, alerts) =>
  context.route('**/sites/shop/realtime*', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), alerts } });
  });

// What has to be there, and how often at least.
const WALL = { '#status': 1, '#online': 1, '#states b': 4, '#share i': 4, '.figure b': 3, h2: 8, '[role=slider] i': 2, 'tbody tr': 4, 'headcount-feed li': 4, 'headcount-map svg': 1 };
const PARTS = {
  busy: { ...WALL, '.figure b': 6, h2: 19, 'tbody tr': 25, '#alerts li': 2, '.why': 20, '#total': 1, '#tools button': 4 },
  empty: { '#status': 1, '#online': 1, '#states b': 4, '.figure b': 6, h2: 16, '[role=slider]': 1, '.empty': 8, 'headcount-map svg': 1, '.why': 20 },
  wall: WALL,
  all: { '#status': 1, '#online': 1, '#states b': 4, '.figure b': 3, '#all h2': 1, '#all b': 1, '#all svg': 1 },
};

async function looksRight(page, name) {
  const of = name.split('-')[0];
  await eventually(async () => {
    for (const [selector, n] of Object.entries(PARTS[of])) {
      const seen = await page.locator(`${selector} >> visible=true`).count();
      assert.ok(seen >= n, `${name}: ${seen} of ${n} ${selector} are seen`);
    }
  });
  const { faults, png } = await look(page, { isEmpty: of === 'empty' });
  fs.mkdirSync(path.join(buildDir, 'e2e'), { recursive: true });
  fs.writeFileSync(path.join(buildDir, 'e2e', `look-${name}.png`), png);
  assert.deepEqual(faults, [], name);
}

story('on a phone, a desk and a wall, light and dark, nothing overlaps, sticks out, is cut or is pale', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await crowd(s);
  stay(s);
  const { context, said } = await browse(s, { reducedMotion: 'reduce' });
  await alarm(context, ALERTS);
  for (const [name, where] of [['busy', 'site/shop'], ['empty', 'site/nobody'], ['wall', 'site/shop?wall'], ['all', '']]) {
    const page = await open(context, `http://${s.http}/${where}`);
    await isLive(page);
    if (where.startsWith('site')) await page.locator('headcount-map svg').waitFor();
    if (where.startsWith('site/shop')) await page.locator('#alerts li').first().waitFor();
    for (const [width, height] of SIZES)
      for (const colorScheme of ['light', 'dark']) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await looksRight(page, `${name}-${width}-${colorScheme}`);
      }
    await page.close();
  }
  assert.deepEqual(said, []);
}, { ms: 180_000 });

story('what is wrong is seen', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await crowd(s);
  stay(s);
  const { context } = await browse(s, { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', bypassCSP: true });
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  await page.locator('headcount-map svg').waitFor();
  assert.deepEqual((await look(page)).faults, []);
  for (const [host, css, fault] of [
    ['', 'main { width: 1300px; }', /^the page is \d+ wide$/],
    ['', '#figures { margin-left: -3rem; }', /^div\.card\.figure lies on section#now\.card$|^section#now\.card lies on div\.card/],
    ['', '#gloss { margin-top: -3rem; } #online { flex: none; }', /^p#gloss is written over|written over p#gloss$/],
    ['', '#online { line-height: 0; min-height: 0; flex: none; }', /^p#online is written over|written over p#online$/],
    ['', '#gloss { color: #bbb; }', /^p#gloss has a contrast of 1\.\d+$/],
    ['', '.figure small { text-overflow: clip; width: 3rem; }', /^(small|span\.\w+) is cut without a word/],
    ['', '.figure b { margin-left: 9em; }', /^b sticks out of div\.card/],
    ['', '.figure b { opacity: .1; }', /^b is not to be seen$/],
    ['', '#states::after { content: ""; position: absolute; inset: 0; background: var(--card); }', /^h3 is not to be seen$/],
    ['', '#states b { font-size: 6px; }', /^b is 6 px small$/],
    ['', '#now { max-height: 12rem; overflow: hidden; }', /^(b|h3) is cut off: /],
    ['', '#share { height: 0; }', /^div#share is \d+ x 0 px$/],
    ['', '#share i { width: 0; }', /^div#share is not to be seen$/],
    ['headcount-bars', '.body { flex: none; } [role="slider"] { min-height: 0; }', /^headcount-bars\.card div is \d+ x [01] px$/],
    ['headcount-bars', '.minute i { height: 0; border: 0; }', /^headcount-bars\.card div is not to be seen$/],
    ['headcount-bars', '.axis { margin-top: -2em; } .told { margin-bottom: -2em; }', /^headcount-bars\.card span is written over headcount-bars\.card div$/],
    ['headcount-map', 'svg { height: 0; }', /^headcount-map\.card svg\S* is \d+ x 0 px$/],
    ['headcount-map', 'svg * { fill: none; stroke: none; }', /^headcount-map\.card svg\S* is not to be seen$/],
    ['headcount-pages', 'bdi { overflow: visible; }', /^headcount-pages\.card bdi\S* (is written over|sticks out)/],
    ['headcount-pages', 'tbody td { color: transparent; }', /^headcount-pages\.card (td|bdi) has a contrast of 1\.00$/],
    ['headcount-feed', 'li { height: .8em; overflow: hidden; border: 0; }', /^headcount-feed\.card \S+ is cut off: /],
  ]) {
    const style = await page.evaluateHandle(([host, text]) => {
      const style = Object.assign(document.createElement('style'), { textContent: text.replaceAll(';', '!important;') });
      return (host ? document.querySelector(host).shadowRoot : document.head).appendChild(style);
    }, [host, css]);
    const { faults: seen } = await look(page, { fault });
    assert.ok(seen.some((one) => fault.test(one)), `${host} ${css}: ${seen.join('; ')}`);
    await style.evaluate((node) => node.remove());
  }
}, { ms: 180_000 });

story('alerts that are on stand above everything, and go', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'a' });
  const { context } = await browse(s);
  const alerts = ALERTS.slice(0, 1);
  await alarm(context, alerts);
  const page = await open(context, `http://${s.http}/site/shop`);
  await eventually(async () => assert.match(await text(page, '#alerts'), /^busy: ?1,234 online now\. Alert at 1,000 or more, on since \d\d:\d\d\.$/));
  alerts.pop();
  await s.hit({ i: 'shop', p: '/', u: 'b', v: 'b' });
  await page.locator('#alerts').waitFor({ state: 'hidden' });
});

/** Passes everything on to the collector, but what isLost, and writes down what is asked for. */
async function listen(s, isLost = () => false) {
  const asked = [];
  const base = await front(s, ({ method, url, headers }, response) => {
    asked.push(url);
    if (isLost(url)) return response.destroy();
    const passed = http.request(`http://${s.http}${url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    response.on('close', () => passed.destroy());
    passed.on('error', () => response.destroy()).end();
  });
  return { base, asked };
}

story('a page out of the browser\'s cache has no number that is old', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const { context } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  await page.goto(`http://${s.http}/robots.txt`);
  await freeze(s.collector);
  try {
    await page.goBack({ waitUntil: 'commit' });
    await shows(page, '#online', '–');
    await eventually(async () => assert.equal(await page.title(), '(–) shop'));
  } finally {
    s.collector.signal('SIGCONT');
  }
  await isLive(page);
  await shows(page, '#online', '1');
});

story('a number that no script has come for does not stay, and out of the cache is not there at all', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  let isLost = (url) => /\/dashboard\.js$/.test(url);
  const { base } = await listen(s, (url) => isLost(url));
  const { context } = await browse(s);
  const page = await context.newPage();
  const seen = () => [document.title, document.getElementById('online').textContent];
  await page.addInitScript(`addEventListener('DOMContentLoaded', () => (window.early = (${seen})()))`);
  await page.goto(`${base}site/shop`);
  assert.deepEqual(await page.evaluate('early'), ['(1) shop', '1']);
  await eventually(async () => assert.deepEqual(await page.evaluate(seen), ['(–) shop', '–']), 20_000);
  await page.goto(`${base}robots.txt`);
  isLost = () => true;
  await page.goBack({ waitUntil: 'commit' });
  await eventually(async () => assert.deepEqual(await page.evaluate('early'), ['(–) shop', '–']));
});

story('a feed is chosen from by country', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  for (const country of ['DE', 'JP', 'DE']) await s.hit({ i: 'shop', p: `/${country}`, u: country }, { 'cf-ipcountry': country });
  await s.hit({ i: 'shop', p: '/nowhere', u: 'n' });
  const { context } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  const rows = page.locator('headcount-feed li');
  await eventually(async () => assert.equal(await rows.count(), 4));
  const choice = page.locator('headcount-feed select');
  assert.deepEqual(await choice.locator('option').allTextContents(), ['All countries', 'Germany', 'Japan']);
  await choice.selectOption('Germany');
  await eventually(async () => assert.equal(await rows.count(), 2));
  await s.hit({ i: 'shop', p: '/x', u: 'DE' }, { 'cf-ipcountry': 'DE' });
  await s.hit({ i: 'shop', p: '/y', u: 'JP' }, { 'cf-ipcountry': 'JP' });
  await eventually(async () => assert.equal(await rows.count(), 3));
  await choice.selectOption('All countries');
  await eventually(async () => assert.equal(await rows.count(), 6));
});

story('a tab that nobody looks at asks for nothing and does next to nothing', async (s) => {
  await s.start();
  const come = (from, to) => Promise.all(Array.from({ length: to - from }, (_, i) => s.hit({ i: 'shop', p: `/${i}`, u: `${from + i}`, v: `${from + i}` })));
  await come(0, 20);
  const { base, asked } = await listen(s);
  const person = await (await Browser.of(s)).person();
  const tab = await person.open(`${base}site/shop`);
  await eventually(async () => assert.equal(await tab.run('document.body.dataset.status'), 'live'));
  await tab.call('Performance.enable');
  const busy = async () => {
    const { metrics } = await tab.call('Performance.getMetrics');
    return metrics.find((one) => one.name === 'TaskDuration').value * 1e3;
  };
  await person.open('about:blank');
  await eventually(() => assert.match(asked.at(-1), /stream\?feed=0&notify-min-delay=10$/), 20_000);
  const before = asked.length;
  const begun = await busy();
  for (let i = 1; i <= 10; i++) {
    await come(20 * i, 20 * i + 20);
    await s.sees('shop', { currentVisitors: 20 * i + 20 });
  }
  assert.deepEqual(asked.slice(before), []);
  const ms = Math.round((await busy()) - begun);
  console.log(`${ms} ms of work for 200 visitors while hidden`);
  assert.ok(ms < 300, `${ms} ms`);
  await tab.show();
  await eventually(async () => assert.equal(await tab.run('document.getElementById("online").textContent'), '220'));
});

story('all of it weighs at most 40 KB', async (s) => {
  await s.start();
  const names = fs.readdirSync(WEB).filter((name) => /^(dashboard|headcount-|world\.json)/.test(name) && !/\.(html|css)$/.test(name));
  const page = (await s.request('/site/nobody')).body.toString().replace(/(id="first">).*/, '$1'); // its style is in it
  let sum = zlib.gzipSync(page, { level: 9 }).length;
  for (const name of names) {
    const { headers, body } = await request(`http://${s.http}/web/${name}`, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(headers['content-encoding'], 'gzip', name);
    sum += body.length;
    if (name === 'dashboard.js' && zlib.gunzipSync(body).equals(fs.readFileSync(path.join(WEB, name)))) return; // built without esbuild
  }
  console.log(`${sum} bytes`);
  assert.ok(sum <= BYTES_MAX, `${sum} bytes`);
});
