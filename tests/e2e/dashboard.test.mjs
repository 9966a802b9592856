// The dashboard in a real browser: what it shows is what the API says, what others chose is only
// text, an old number looks old, and everything can be reached by keyboard.
import assert from 'node:assert/strict';
import { cable, relay } from './cable.mjs';
import { eventually, story } from './harness.mjs';
import { browse, isLive, line, numbersOf, ofAnswer, open, problemsOf, shows, text, WIDE } from './pages.mjs';

const PHONE = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36';

story('while traffic runs the page shows what the API says at the same rev', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await s.hit({ i: 'shop', p: '/', u: 'first', v: 'first', t: 'Home' });
  await s.sees('shop', { currentVisitors: 1 });
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  for (let round = 0; round < 5; round++) {
    for (let k = 0; k < 5; k++) {
      const u = `${round}-${k}`;
      const a = ['r', 'w', 'i', 'b'][(round + k) % 4];
      await s.hit({ i: 'shop', p: `/${k}`, t: `Page ${k}`, u, v: u, a, r: 'https://news.example/' }, { 'user-agent': PHONE, 'cf-ipcountry': 'DE' });
      if (k === 3) await s.hit({ i: 'shop', k: 'l', p: '/3', u, v: u });
    }
    await eventually(async () => assert.deepEqual(await numbersOf(page), ofAnswer(await s.api('shop'))));
  }
  await s.sees('shop', { currentVisitors: 26 });
  await eventually(async () => {
    const list = async (kind) => (await page.locator(`headcount-list[kind=${kind}] tbody tr`).allInnerTexts()).map(line);
    assert.deepEqual(await list('referrers'), ['news.example 25 96 %', 'Direct 1 4 %']);
    assert.deepEqual(await list('devices'), ['Phone 25 100 %']);
    assert.deepEqual(await list('countries'), ['Germany 25 100 %']);
  });
  await eventually(async () => assert.equal(await page.title(), `(${(await s.api('shop')).online.total}) shop`));
  assert.deepEqual(said, []);
});

story('the first numbers come with the page, with and without scripts', async (s) => {
  await s.start();
  for (const u of ['a', 'b', 'c']) await s.hit({ i: 'shop', p: '/', u, v: u });
  await s.sees('shop', { currentVisitors: 3 });
  const { browser, context } = await browse(s);
  await context.route('**/sites/**', (route) => route.abort());
  const page = await open(context, `http://${s.http}/site/shop`);
  await shows(page, '#online', '3');
  await shows(page, '[data-figure=current] b', '3');
  await shows(page, 'headcount-pages tbody tr', '/ 3 3');
  const plain = await open(await browser.newContext({ javaScriptEnabled: false }), `http://${s.http}/site/shop`);
  assert.equal(await plain.locator('#online').textContent(), '3');
});

const HOSTILE = [
  '<img src=x onerror=alert(1)>', '</script><script>alert(2)</script>', '"><svg onload=alert(3)>',
  'javascript:alert(4)', '{{7*7}}', '&lt;b&gt;', 'long '.repeat(100).trim(), 'تقرير', '\u202egnp.exe',
];

story('H8: what others chose is shown as it is and does not run, however it is spelled', async (s) => {
  await s.start();
  for (const [i, word] of HOSTILE.entries()) {
    await s.hit({ i: 'shop', p: `/${word}`, t: word, u: `${i}`, v: `${i}`, r: `https://${word}/` });
    await s.hit({ i: 'shop', k: 'e', e: word, p: `/${word}`, u: `${i}`, v: `${i}` });
  }
  await s.sees('shop', { currentVisitors: HOSTILE.length });
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  const { activePages, recentEvents } = await s.api('shop');
  await eventually(async () => {
    const titles = await page.locator('headcount-pages td:first-child bdi:first-child').allTextContents();
    assert.deepEqual(titles, activePages.map(({ title, path }) => title ?? path));
    const words = await page.locator('headcount-feed li.event bdi:first-child').allTextContents();
    assert.deepEqual(words, recentEvents.filter(({ type }) => type === 'event').map(({ name }) => name));
  });
  for (const width of [320, 390, 800, 1280, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width, 'nothing sticks out');
  }
  assert.deepEqual(said, []);
});

/** What has the focus, within elements too. */
const focused = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at.ariaLabel || at.placeholder || at.textContent.trim();
  });

story('everything is reached and worked by keyboard, and nothing is wrong for who cannot see', async (s) => {
  await s.start();
  await eventually(() => assert.ok(Date.now() % 60_000 < 40_000), 25_000); // it is about this minute
  for (const u of ['a', 'b']) await s.hit({ i: 'shop', p: '/tea', t: 'Tea', u, v: u });
  await s.sees('shop', { currentVisitors: 2 });
  const { browser, context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  await page.locator('headcount-map svg').waitFor();

  const seen = [];
  for (let at; seen.length < 60 && (at = (await page.keyboard.press('Tab'), await focused(page))) !== seen[0]; ) seen.push(at);
  for (const name of ['Copy link', 'Theme', 'Wall', 'Minute', 'Pause', 'outbound', 'Filter by text or country', 'Entries, newest first'])
    assert.ok(seen.includes(name), `${name} among ${seen.join(', ')}`);
  for (const what of ['Online now', 'writing', 'Visitors', 'Page views', 'Peak today', 'Active pages', 'Referrers', 'Countries', 'Goals'])
    assert.ok(seen.includes(`What is “${what}”?`), what);

  await page.focus('#now .why');
  await page.locator('#now .note').first().waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#now .note').first().waitFor({ state: 'hidden' });

  const chart = page.locator('headcount-bars [role=slider]');
  await chart.focus();
  const spoken = (words) => eventually(async () => assert.match(await chart.getAttribute('aria-valuetext'), words));
  await spoken(/^This minute: 2 visitors, 2 page views/);
  await s.hit({ i: 'shop', p: '/tea', u: 'c' });
  await shows(page, 'headcount-bars .told > span', 'This minute 3 visitors, 3 page views so far');
  await spoken(/^This minute: 2 visitors/); // not again and again
  await page.keyboard.press('End');
  await spoken(/^This minute: 3 visitors, 3 page views/);
  await page.keyboard.press('Home');
  assert.match(await text(page, 'headcount-bars .told'), /^\d\d:\d\d 0 visitors, 0 page views/);
  assert.equal(await chart.getAttribute('aria-valuenow'), '0');
  await chart.dispatchEvent('pointerleave'); // then keys go on from the minute that runs
  await page.keyboard.press('ArrowLeft');
  assert.equal(await chart.getAttribute('aria-valuenow'), '28');
  await chart.blur();

  await page.keyboard.press('?');
  await page.locator('#help').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#help').waitFor({ state: 'hidden' });
  await page.keyboard.press('p');
  await shows(page, 'headcount-feed .pause', 'Go on');
  await page.keyboard.press('/');
  await page.keyboard.type('tea');
  assert.equal(await page.locator('headcount-feed input').inputValue(), 'tea');
  await page.keyboard.press('Escape');
  await page.keyboard.press('w');
  const tools = (opacity) => eventually(async () => assert.equal(await page.locator('#tools').evaluate((node) => getComputedStyle(node).opacity), opacity));
  await tools('0');
  assert.match(page.url(), /\?wall$/);
  assert.ok(await page.evaluate(() => document.documentElement.scrollHeight <= innerHeight), 'the wall needs no scrolling');
  await page.keyboard.press('Escape');
  await tools('1');
  await page.keyboard.press('t');
  const theme = () => page.evaluate(() => [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor]);
  assert.deepEqual(await theme(), ['dark', 'rgb(15, 17, 19)']);
  await page.reload();
  assert.deepEqual(await theme(), ['dark', 'rgb(15, 17, 19)']);
  assert.deepEqual(said, []);

  const other = await browser.newContext({ ...WIDE, colorScheme: 'light' });
  for (const [path, ...again] of [['/site/shop', 'dark'], ['/'], ['/site/empty', 'dark']]) {
    const one = await open(other, `http://${s.http}${path}`);
    await isLive(one);
    assert.deepEqual(await problemsOf(one), [], path);
    for (const colorScheme of again) {
      await one.emulateMedia({ colorScheme });
      assert.deepEqual(await problemsOf(one, { colours: true }), [], `${path} ${colorScheme}`);
    }
    await one.close();
  }
}, { ms: 180_000 });

story('the feed keeps its place while somebody reads, and filters', async (s) => {
  await s.start();
  const come = (from, to) => Promise.all(Array.from({ length: to - from }, (_, i) => s.hit({ i: 'shop', p: `/${from + i}`, u: `${i}` })));
  await come(0, 60);
  await s.hit({ i: 'shop', k: 'e', e: 'outbound other.example/x', p: '/', u: '1' });
  await s.sees('shop', { pageViews: 60 });
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  const rows = page.locator('headcount-feed li');
  const count = (n) => eventually(async () => assert.equal(await rows.count(), n));
  await count(61);

  const frame = page.locator('headcount-feed .list');
  await frame.evaluate((node) => (node.scrollTop = 200));
  const place = () => frame.evaluate((node) => {
    const at = node.getBoundingClientRect();
    return node.getRootNode().elementFromPoint(at.x + 150, at.y + 100).closest('li').textContent;
  });
  const before = await place();
  await come(60, 72);
  await shows(page, 'headcount-feed .new', '12 new');
  assert.equal(await place(), before);
  await page.locator('headcount-feed .new').click();
  await count(73);
  assert.equal(await frame.evaluate((node) => node.scrollTop), 0);

  await page.mouse.move(5, 5);
  await page.locator('headcount-feed .pause').click();
  await come(72, 75);
  await shows(page, 'headcount-feed .new', '3 new');
  await page.locator('headcount-feed .pause').click();
  await count(76);

  await page.locator('headcount-feed .chip', { hasText: 'views' }).click();
  await count(1);
  await shows(page, 'headcount-feed li i', 'outbound');
  await page.locator('headcount-feed .chip', { hasText: 'views' }).click();
  await page.locator('headcount-feed input').fill('/7');
  await count(6); // /7 and /70 to /74
  for (let i = 1; i <= 3; i++) {
    await come(100 * i, 100 * i + 80);
    await s.sees('shop', { pageViews: 75 + 80 * i }); // a hundred at once are what a site keeps
  }
  await page.locator('headcount-feed input').fill('');
  await count(200);
  assert.deepEqual(said, []);
});

story('a lost connection is told, what is old is grey, and both pass', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const { cut, mend, base } = await cable(s);
  const { context } = await browse(s);
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.states = [];
    document.addEventListener('DOMContentLoaded', () => {
      const note = () => window.states.at(-1) !== document.body.dataset.status && window.states.push(document.body.dataset.status);
      new MutationObserver(note).observe(document.body, { attributes: true });
    });
  });
  await page.clock.install();
  await page.goto(`${base}site/shop`, { waitUntil: 'load' });
  await isLive(page);
  const color = () => page.evaluate(() => getComputedStyle(document.getElementById('online')).color);
  const fresh = await color();

  s.collector.signal('SIGSTOP'); // connected, and silent
  await eventually(async () => {
    if ((await text(page, '#status')) === 'live') await page.clock.fastForward(36_000); // again, if a word was on its way
    assert.match(await text(page, '#status'), /^stale since 3\d s$/);
  });
  assert.notEqual(await color(), fresh);
  cut();
  s.collector.signal('SIGCONT');
  await eventually(async () => assert.match(await text(page, '#status'), /^reconnecting… last heard \d+ s ago$/));
  assert.notEqual(await color(), fresh);
  assert.match(await text(page, '#gloss'), /^last known, of \d\d:\d\d:\d\d$/);
  assert.equal(await page.title(), '(–) shop');
  assert.equal(await text(page, '#online'), '1', 'the last number stays');
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  mend();
  await eventually(async () => {
    await page.clock.fastForward(5_000);
    assert.equal(await text(page, '#status'), 'live');
  });
  await shows(page, '#online', '2');
  assert.equal(await color(), fresh);
  assert.deepEqual(await page.evaluate(() => window.states), ['live', 'stale', 'reconnecting', 'live']);
});

story('the colours that were chosen are there before anything is loaded, and so is the wall', async (s) => {
  await s.start();
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  const look = () => page.evaluate(() => [getComputedStyle(document.body).backgroundColor, 'wall' in document.documentElement.dataset]);
  assert.deepEqual(await look(), ['rgb(246, 246, 243)', false]);
  await page.keyboard.press('t');
  assert.deepEqual(await look(), ['rgb(15, 17, 19)', false]);
  assert.deepEqual(said, []);
  await context.route('**/web/**', (route) => route.abort());
  await page.goto(`http://${s.http}/site/shop?wall`);
  assert.deepEqual(await look(), ['rgb(15, 17, 19)', true]);
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.evaluate(() => (localStorage.headcount_theme = 'light'));
  await page.reload();
  assert.deepEqual(await look(), ['rgb(246, 246, 243)', true]);
});

story('who listens hears of a change at once, and of mere numbers once a minute', async (s) => {
  await s.start();
  const come = async (u) => s.hit({ i: 'shop', p: '/', u, v: u });
  await come('a');
  await s.sees('shop', { currentVisitors: 1 });
  const { base, comment } = await relay(s);
  const { context } = await browse(s);
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.heard = [];
    document.addEventListener('readystatechange', () => {
      const told = document.getElementById('told');
      new MutationObserver(() => window.heard.push(told.textContent)).observe(told, { childList: true });
    }, { once: true });
  });
  await page.clock.install();
  await page.goto(`${base}site/shop`, { waitUntil: 'load' });
  await isLive(page);
  const heard = () => page.evaluate(() => window.heard);
  const pass = async (ms) => { // with the comments that a server sends meanwhile
    for (let left = ms; left > 0; left -= 10_000) {
      comment();
      await page.clock.runFor(Math.min(left, 10_000));
    }
  };
  await eventually(async () => assert.deepEqual(await heard(), ['1 online']));
  for (const [i, u] of ['b', 'c'].entries()) {
    await come(u);
    await eventually(async () => {
      await pass(250);
      assert.equal(await text(page, '#online'), `${i + 2}`);
    });
    await pass(12_000);
    assert.deepEqual(await heard(), ['1 online']);
  }
  await pass(40_000);
  assert.deepEqual(await heard(), ['1 online', '3 online']);
  const hears = (...expected) => eventually(async () => {
    await pass(1_000);
    assert.deepEqual(await heard(), ['1 online', '3 online', ...expected]);
  });
  await pass(10_000);
  await context.setOffline(true);
  await hears('reconnecting');
  await context.setOffline(false);
  await hears('reconnecting', '3 online');
});

const TOKEN = `hc_${'a'.repeat(43)}`;

story('a token is asked for once, kept for the site, taken from a link and put into one', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const { context } = await browse(s);
  const asked = [];
  await context.route('**/sites/shop/**', (route, request) => {
    const { authorization } = request.headers();
    asked.push(authorization);
    return authorization === `Bearer ${TOKEN}` ? route.continue() : route.fulfill({ status: 401, body: '{"error":"unauthorized"}' });
  });
  const page = await open(context, `http://${s.http}/site/shop`);
  await page.locator('#ask').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('#unlock').click();
  await page.locator('#token').fill('nonsense');
  await page.keyboard.press('Enter');
  assert.match(await text(page, '#refused'), /^A token is hc_/);
  await page.locator('#token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await isLive(page);
  await page.locator('#ask').waitFor({ state: 'hidden' });
  await page.reload();
  await isLive(page);
  assert.equal(await page.locator('#ask').isVisible(), false);
  assert.deepEqual(await page.evaluate(() => ({ ...localStorage })), { 'headcount_token:shop': TOKEN });
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.locator('#link').click();
  await shows(page, '#link', 'Copied, with its token');
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, `http://${s.http}/site/shop#token=${TOKEN}`);

  await page.evaluate(() => localStorage.clear());
  await page.close();
  const guest = await open(context, link);
  await isLive(guest);
  assert.equal(guest.url(), `http://${s.http}/site/shop`);
  assert.deepEqual(await guest.evaluate(() => [{ ...localStorage }, { ...sessionStorage }]), [{}, { 'headcount_token:shop': TOKEN }]);
});

story('the overview shows all sites, most online first, and keeps its order', async (s) => {
  await s.start();
  const come = (site, n) => Promise.all(Array.from({ length: n }, (_, i) => s.hit({ i: site, p: '/', u: `${i}`, v: `${i}` })));
  await come('shop', 3);
  await come('blog', 1);
  await s.sees('shop', { currentVisitors: 3 });
  const { context, said } = await browse(s, { ...WIDE, reducedMotion: 'reduce' });
  const page = await open(context, `http://${s.http}/`);
  await isLive(page);
  const cards = () => page.locator('#all a').evaluateAll((all) => all.map((card) => [card.querySelector('h2').textContent, card.querySelector('b').textContent]));
  const show = (...expected) => eventually(async () => assert.deepEqual(await cards(), expected));
  await show(['shop', '3'], ['blog', '1']);
  await shows(page, '#online', '4');
  await come('blog', 9);
  await show(['shop', '3'], ['blog', '9']);
  await shows(page, '#online', '12');
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0, 'nothing moves for who wants it still');
  await page.locator('#all a').first().click();
  await page.waitForURL('**/site/shop');
  await isLive(page);
  await page.keyboard.press('g');
  await page.waitForURL(`http://${s.http}/`);
  await show(['blog', '9'], ['shop', '3']);
  assert.deepEqual(said, []);
});

/** How high each bar of a site's card is, of 30, the running minute's last. */
const barsOf = (card) =>
  card.evaluate((node) => {
    const [past, running] = [...node.querySelectorAll('path')].map((path) => path.getAttribute('d'));
    const minutes = Number(node.querySelector('svg').getAttribute('viewBox').split(' ')[2]);
    const tops = Object.fromEntries([...(past + running).matchAll(/M(\d+)\.\d+ 30V([\d.]+)/g)].map(([, at, top]) => [at, top]));
    return Array.from({ length: minutes }, (_, i) => 30 - (tops[i] ?? 30));
  });

story('a card of the overview draws each minute as the API tells it, and says so', async (s) => {
  await s.start();
  const come = (u) => s.hit({ i: 'shop', p: '/', u, v: u });
  await come('alice');
  await s.redisCli('sadd', 'hc:sites', 'quiet');
  const { series } = await s.sees('shop', { currentVisitors: 1, flags: [] });
  const before = [12, 0, 3, 25, 1, ...Array(23).fill(0), 9];
  for (const [i, n] of before.entries()) await s.redisCli('hset', `hc:{shop}:b:${series[i].minute / 60_000}`, 'uniq', n);
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/`);
  const [shop, quiet] = [page.locator('#all a', { hasText: 'shop' }), page.locator('#all a', { hasText: 'quiet' })];
  for (const u of ['bob', 'carol', 'dave']) {
    await come(u);
    await eventually(async () => {
      const told = (await s.api('shop')).series.map(({ visitors }) => visitors);
      const [highest, now] = [Math.max(...told), told.at(-1)];
      assert.deepEqual((await barsOf(shop)).map((high) => Math.round((high * highest) / 30)), told);
      assert.equal(await shop.locator('title').textContent(), `Visitors in each of 30 minutes: highest ${highest}, ${now} so far in this one`);
      assert.equal(await text(page, '#all li:has-text("shop") svg + p'), `29 minutes ago highest ${highest} now`);
    });
  }
  assert.deepEqual(await barsOf(quiet), Array(30).fill(0));
  const running = await shop.locator('path').evaluateAll((paths) => paths.map((path) => getComputedStyle(path).vectorEffect));
  assert.deepEqual(running, ['none', 'non-scaling-stroke'], 'the running minute is in outline');
  await page.getByRole('link', { name: /^shop 4 .* Visitors in each of 30 minutes: highest 25, \d so far in this one$/ }).waitFor();
  assert.deepEqual(said, []);
});
