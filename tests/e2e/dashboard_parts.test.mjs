// Each part of the dashboard in a real browser: that its numbers are the API's, that it says of
// which minutes they are and what they mean, and how it moves, is pointed at and is focused.
import assert from 'node:assert/strict';
import path from 'node:path';
import { cable } from './cable.mjs';
import { eventually, story } from './harness.mjs';
import { browse, isLive, line, open, problemsOf, shows, text, WIDE } from './pages.mjs';

const headcount = path.resolve(process.env.HEADCOUNT_BIN ?? 'build/bin', 'headcount');

const PHONE = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36';
const DESKTOP = 'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0';

const goal = (s, ...words) => s.cliJson('site', 'goal', 'shop', ...words);

/** The rows of a list, each on one line. */
const rowsOf = async (page, kind) => (await page.locator(`headcount-list[kind=${kind}] tbody tr`).allInnerTexts()).map(line);

story('each list says what the API says, compares by bars, and the map is shaded by it', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await goal(s, 'add', 'order', '--path', '/thanks*');
  await goal(s, 'add', 'never', '--path', '/never');
  const q = 'utm_campaign=spring&utm_term=green+tea';
  for (const u of ['a', 'b', 'c'])
    await s.hit({ i: 'shop', p: '/', u, v: u, q, r: 'https://www.google.de/' }, { 'user-agent': PHONE, 'cf-ipcountry': 'DE' });
  await s.hit({ i: 'shop', p: '/thanks/7', u: 'd', v: 'd', q: 'utm_campaign=%3Cb%3Eautumn' }, { 'user-agent': DESKTOP, 'cf-ipcountry': 'BR' });
  const answer = await s.sees('shop', { pageViews: 4, goals: [{ name: 'order', count: 1 }, { name: 'never', count: 0 }] });
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  const expected = {
    referrers: ['google.de 3 75 %', 'Direct 1 25 %'],
    sources: ['Search 3 75 %', 'Direct 1 25 %'],
    campaigns: ['spring 3 75 %', '<b>autumn 1 25 %'],
    terms: ['green tea 3 100 %'],
    countries: ['Germany 3 75 %', 'Brazil 1 25 %'],
    devices: ['Phone 3 75 %', 'Desktop 1 25 %'],
    browsers: ['Chrome 3 75 %', 'Firefox 1 25 %'],
    goals: ['order 1 100 %', 'never 0 0 %'],
  };
  for (const [kind, rows] of Object.entries(expected)) {
    await eventually(async () => assert.deepEqual(await rowsOf(page, kind), rows, kind));
    assert.deepEqual(answer[kind].map(({ views, count }) => views ?? count), rows.map((row) => Number(/ (\d+) \d+ %$/.exec(row)[1])));
  }
  const bars = await page.locator('headcount-list[kind=campaigns] tbody td:first-child').evaluateAll((cells) =>
    cells.map((cell) => parseFloat(getComputedStyle(cell, '::before').width)));
  assert.ok(Math.abs(bars[1] / bars[0] - 1 / 3) < 0.02, String(bars));

  await page.locator('headcount-map svg').waitFor();
  await eventually(async () => {
    const shades = await page.locator('headcount-map path[class*=" s"]').evaluateAll((paths) => paths.map((one) => [one.dataset.code, one.getAttribute('class')]));
    assert.deepEqual(Object.fromEntries(shades), { DE: 'land s5', BR: 'land s4' });
  });
  assert.deepEqual(said, []);
});

story('the feed has a word for each kind of what happens, newest first', async (s) => {
  await s.start();
  await goal(s, 'add', 'order', '--path', '/thanks*');
  const { out: token } = await s.cli(['site', 'token', 'shop', 'add', 'bot', '--scope', 'send', '--redis', s.redisAddress]);
  const post = async (target, body) => {
    const headers = { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' };
    assert.equal((await s.request(target, { method: 'POST', headers, body: JSON.stringify(body) })).status, 202);
  };
  const steps = [
    [() => s.hit({ i: 'shop', p: '/tea', u: 'a' }), 'view /tea'],
    [() => s.hit({ i: 'shop', k: 'e', e: 'signup', p: '/tea', u: 'a' }), 'event signup on /tea'],
    [() => s.hit({ i: 'shop', k: 'e', e: 'outbound other.example/x', p: '/tea', u: 'a' }), 'outbound other.example/x on /tea'],
    [() => s.hit({ i: 'shop', p: '/thanks', u: 'a' }), 'goal order on /thanks'],
    [() => post('/e', { i: 'shop', k: 'query', text: 'SELECT 1', name: 'api', ms: 12 }), 'query 12 ms by api'],
    [() => post('/sites/shop/messages', { text: '<b>deployed</b>', name: 'ci' }), 'message ci: <b>deployed</b>'],
  ];
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  const rows = () => page.locator('headcount-feed li').evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll('i, span')].map((part) => part.textContent).join(' ')));
  const told = [];
  for (const [step, row] of steps) {
    await step();
    told.unshift(row);
    await eventually(async () => assert.deepEqual(await rows(), told));
  }
  await page.mouse.move(5, 5);
  for (const [i, chip] of ['messages', 'queries', 'goals', 'outbound', 'events', 'views'].entries()) {
    await page.locator('headcount-feed .chip', { hasText: chip }).click();
    await page.mouse.move(5, 5);
    await eventually(async () => assert.deepEqual(await rows(), told.slice(i + 1), `without ${chip}`));
  }
  assert.deepEqual(said, []);
});

story('each bar is a minute of the API, the last one is running, and pointing at one tells it', async (s) => {
  await s.start();
  await eventually(() => assert.ok(Date.now() % 60_000 < 30_000), 35_000); // it is about this minute
  for (const [i, u] of ['a', 'a', 'b'].entries()) await s.hit({ i: 'shop', p: `/${i}`, u, v: u });
  await s.sees('shop', { currentVisitors: 2, pageViews: 3 });
  const { context, said } = await browse(s, { ...WIDE, reducedMotion: 'reduce' });
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  const minutes = page.locator('headcount-bars .minute');
  await eventually(async () => {
    const bars = await minutes.evaluateAll((all) => all.map((bar) => {
      const [views, visitors] = [...bar.children].map(({ hidden, style }) => (hidden ? 0 : parseFloat(style.getPropertyValue('--part'))));
      return { visitors, views, running: bar.classList.contains('running') };
    }));
    const { series } = await s.api('shop');
    const most = Math.max(...series.map(({ pageViews }) => pageViews));
    assert.equal(bars.length, 30);
    assert.deepEqual(bars, series.map(({ visitors, pageViews, partial }) => ({
      visitors: (100 * visitors) / most, views: (100 * pageViews) / most, running: !!partial,
    })));
    assert.deepEqual(bars.map(({ running }) => running), series.map((_, i) => i === 29));
  });
  const look = (which) => which.evaluate((bar) => getComputedStyle(bar.lastChild).backgroundColor);
  assert.equal(await look(minutes.last()), 'rgba(0, 0, 0, 0)', 'the running one is an outline');
  assert.notEqual(await look(minutes.first()), 'rgba(0, 0, 0, 0)');
  const told = (words) => eventually(async () => assert.match(await text(page, 'headcount-bars .told > span'), words));
  await minutes.first().hover();
  await told(/^\d\d:\d\d 0 visitors, 0 page views$/);
  await minutes.last().hover();
  await told(/^This minute 2 visitors, 3 page views so far$/);
  assert.deepEqual(said, []);
});

story('each number says of which minutes it is, and beside each stands what it means', async (s) => {
  await s.start({ window: 20 });
  for (const u of ['a', 'b']) await s.hit({ i: 'shop', p: '/', u, v: u });
  await s.hit({ i: 'shop', k: 'h', p: '/', u: 'a', v: 'a', a: 'r', d: 9_000 });
  await s.sees('shop', { currentVisitors: 2, engagedTime: 4.5 });
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  const figure = (name) => text(page, `[data-figure=${name}]`);
  await eventually(async () => assert.match(await figure('current'), /^Visitors ?\? ?last 5 minutes 2$/));
  assert.match(await figure('last30'), /^Visitors ?\? ?last 20 minutes 2$/);
  assert.match(await figure('views'), /^Page views ?\? ?last 5 minutes 2$/);
  assert.match(await figure('engaged'), /^Engaged ?\? ?5 min, per visitor 5 s$/);
  assert.match(await figure('day'), /^Peak today ?\? ?at \d\d:\d\d 2$/);
  assert.match(await figure('all'), /^Peak ever ?\? ?on .*\d{4} 2$/);
  for (const [element, span] of [['bars', 'last 20 minutes'], ['pages', 'last 5 minutes'], ['list[kind=referrers]', 'last 5 minutes'], ['map', 'last 5 minutes']])
    await shows(page, `headcount-${element} small`, span);
  assert.equal(await page.locator('headcount-bars .minute').count(), 20);

  const headings = page.locator('main :is(h2, h3):visible');
  const names = await headings.evaluateAll((all) => all.map((heading) => {
    const why = heading.nextElementSibling;
    const note = why?.matches('.why') && heading.getRootNode().getElementById(why.getAttribute('aria-describedby'));
    return [heading.textContent, note ? note.textContent.replace(/\s+/g, ' ').trim() : ''];
  }));
  assert.ok(names.length >= 20, names.join('\n'));
  for (const [name, note] of names) assert.match(note, /^.{30,}\.$/, `what ${name} is`);
  for (let i = 0; i < names.length; i++) {
    const heading = headings.nth(i);
    await heading.locator('xpath=following-sibling::button[1]').focus();
    const seen = await heading.evaluate((node) => node.getRootNode().getElementById(node.nextElementSibling.getAttribute('aria-describedby')).checkVisibility());
    assert.ok(seen, `the note of ${names[i][0]} is shown`);
  }
  assert.deepEqual(said, []);
});

/** Notes what is animated, by id or name; CSS transitions too. */
const watchMotion = (page) =>
  page.addInitScript(() => {
    window.moved = new Set();
    const { animate } = Element.prototype;
    Element.prototype.animate = function (...how) {
      window.moved.add(this.id || `${this.parentElement?.id} ${this.localName}`);
      return animate.apply(this, how);
    };
    addEventListener('transitionrun', (e) => window.moved.add(`transition of ${e.target.localName}`), true);
  });

story('a number that changes rolls and its dot beats, unless motion is not wanted', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const { browser } = await browse(s);
  const pages = [];
  for (const reducedMotion of ['no-preference', 'reduce']) {
    const page = await (await browser.newContext({ ...WIDE, reducedMotion })).newPage();
    await watchMotion(page);
    await page.goto(`http://${s.http}/site/shop`);
    await isLive(page);
    await page.evaluate(() => window.moved.clear());
    pages.push(page);
  }
  await s.hit({ i: 'shop', p: '/', u: 'b', v: 'b' });
  for (const page of pages) await shows(page, '#online', '2');
  const [moved, still] = await Promise.all(pages.map((page) => page.evaluate(() => [...window.moved])));
  assert.ok(moved.includes('pulse') && moved.includes('online span'), String(moved));
  assert.deepEqual(still, []);
});

story('whatever has the focus can be seen to have it; letters can be switched off', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  await page.locator('headcount-map svg').waitFor();
  const at = () => page.evaluate(() => {
    let node = document.activeElement;
    while (node.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(node);
    const isSeen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 && !/, 0\)$/.test(outlineColor);
    return [node.ariaLabel || node.placeholder || node.textContent.trim(), node === document.body || isSeen];
  });
  const seen = new Map();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press('Tab');
    const [name, isSeen] = await at();
    if (seen.has(name) && i > 30) break;
    seen.set(name, isSeen);
  }
  assert.ok(seen.size > 30, String([...seen.keys()]));
  assert.deepEqual([...seen].filter(([, isSeen]) => !isSeen), []);

  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('?');
  await page.locator('#letters').uncheck();
  await page.keyboard.press('Escape');
  await page.locator('#help').waitFor({ state: 'hidden' });
  for (const again of [false, true]) {
    if (again) await page.reload();
    if (again) await isLive(page);
    for (const key of ['w', 't', 'p', '/', '?', 'g']) await page.keyboard.press(key);
    assert.equal(page.url(), `http://${s.http}/site/shop`);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), undefined);
    assert.equal(await page.locator('#help').isVisible(), false);
    assert.equal(await text(page, 'headcount-feed .pause'), 'Pause');
  }
  await page.locator('#keys').click(); // by hand they come back
  await page.locator('#letters').check();
  await page.keyboard.press('Escape');
  await page.keyboard.press('t');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  assert.deepEqual(said, []);
});

story('a demo is seen at once, and the page says that it is one', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.0/8'] });
  const { context, said } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  assert.equal(await text(page, '#flags'), 'nobody was here lately');
  const to = ['--collector', `http://${s.http}`, '--redis', s.redisAddress];
  s.run('demo', headcount, ['replay', '--demo', '--site', 'shop', ...to, '--visitors', '100000', '--speed', '60', '--day-from', '09:40']);
  await eventually(async () => assert.ok(Number((await text(page, '#online')).replace(/\D/g, '')) > 20), 20_000);
  await shows(page, '#flags', 'This is a demo: its visitors are invented.', 20_000);
  for (const part of ['headcount-pages tbody tr', 'headcount-feed li', 'headcount-list[kind=campaigns] tbody tr', 'headcount-list[kind=countries] tbody tr'])
    await page.locator(part).first().waitFor();
  assert.deepEqual(said, []);
}, { ms: 60_000 });

story('who hears the page instead of seeing it is told what each number is', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await s.hit({ i: 'shop', p: '/tea', t: 'Tea', u: 'a', v: 'a', a: 'w' }, { 'user-agent': PHONE, 'cf-ipcountry': 'DE' });
  await s.hit({ i: 'shop', p: '/tea', t: 'Tea', u: 'b', v: 'b', a: 'b' }, { 'user-agent': PHONE, 'cf-ipcountry': 'DE' });
  await s.sees('shop', { currentVisitors: 2 });
  const { context } = await browse(s);
  const page = await open(context, `http://${s.http}/site/shop`);
  await isLive(page);
  await page.locator('headcount-map svg').waitFor();
  const heard = await page.locator('body').ariaSnapshot();
  for (const words of [
    /heading "Online now"/, /heading "writing"/, /heading "background"/,
    /group "Active pages":/, /table "Active pages":/, /columnheader "visitors"/, /columnheader "online"/,
    /row "(Tea.*|\/tea.*) 2 2"/, /table "Referrers"/, /columnheader "came from"/, /row "Direct 2 100 %"/,
    /row "Germany 2 100 %"/, /row "Phone 2 100 %"/, /World map\. Germany: 2 views, 100 %/, /slider "Minute"/,
    /region "Entries, newest first"/,
  ])
    assert.match(heard, words);
  assert.match(line(await page.locator('#states').textContent()), /^1 50 %writing.* 0 0 %reading.* 0 0 %idle.* 1 50 %background/);
});

story('sheets, the wall, and a page that is not live have nothing wrong for who cannot see well', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await s.hit({ i: 'shop', p: '/tea', t: 'Tea', u: 'a', v: 'a', q: 'utm_campaign=spring&utm_term=tea' }, { 'user-agent': PHONE, 'cf-ipcountry': 'DE' });
  await s.hit({ i: 'shop', k: 'e', e: 'signup', p: '/tea', u: 'a', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const { base, cut, mend } = await cable(s);
  const { browser } = await browse(s);
  for (const colorScheme of ['light', 'dark']) {
    const problems = () => problemsOf(page, { colours: colorScheme === 'dark' });
    const page = await open(await browser.newContext({ ...WIDE, colorScheme, reducedMotion: 'reduce' }), `${base}site/shop`);
    await isLive(page);
    await page.locator('headcount-map svg').waitFor();
    await page.keyboard.press('?');
    await page.locator('#help').waitFor();
    assert.deepEqual(await problems(), [], `help ${colorScheme}`);
    await page.keyboard.press('Escape');
    await page.evaluate(() => document.getElementById('ask').showModal());
    assert.deepEqual(await problems(), [], `token ${colorScheme}`);
    await page.keyboard.press('Escape');
    await page.keyboard.press('w');
    assert.deepEqual(await problems(), [], `wall ${colorScheme}`);
    await page.keyboard.press('w');
    cut();
    await eventually(async () => assert.match(await text(page, '#status'), /^reconnecting/));
    assert.deepEqual(await problems(), [], `reconnecting ${colorScheme}`);
    mend();
    await page.close();
  }
}, { ms: 180_000 });
