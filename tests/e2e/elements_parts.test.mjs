// The larger elements in somebody else's page, of another origin and under a strict policy: what
// they show is what the API says, the map finds its file, and each can be had alone.
import assert from 'node:assert/strict';
import http from 'node:http';
import { eventually, story } from './harness.mjs';
import { browse, line, open } from './pages.mjs';

const ELEMENTS = ['badge', 'bars', 'counter', 'feed', 'list', 'map', 'pages', 'states'].map((name) => `headcount-${name}`);
const HOSTILE = '<img src=x onerror=alert(1)>';

/** A page with these elements, whose modules come from the collector. */
async function site(s, modules, body) {
  const origin = `http://${s.http}`;
  const policy = `default-src 'none'; script-src ${origin}; img-src ${origin}; connect-src ${origin}`;
  const scripts = modules.map((name) => `<script type="module" src="${origin}/web/${name}.js"></script>`).join('');
  const server = http.createServer((_, res) => {
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy });
    res.end(`<!doctype html><html lang="en"><title>a page</title><link rel="icon" href="${origin}/icon.svg">${body}${scripts}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${server.address().port}/`;
}

const inside = (page, selector, fn) => page.locator(selector).evaluate(fn);

story('feed, pages, bars, lists and the map show what the API says in a page of another origin', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  for (const [i, u] of ['a', 'b', 'a'].entries())
    await s.hit({ i: 'shop', p: `/${i}`, t: i ? `Page ${i}` : HOSTILE, u, v: u, r: 'https://news.example/' }, { 'cf-ipcountry': 'DE' });
  await s.hit({ i: 'shop', k: 'e', e: HOSTILE, p: '/0', u: 'a', v: 'a' });
  await s.sees('shop', { currentVisitors: 2, pageViews: 3 });
  const { context, said } = await browse(s);
  const page = await open(context, await site(s, ['headcount-elements'], `
    <headcount-feed site="shop" max="3"></headcount-feed> <headcount-pages site="shop"></headcount-pages>
    <headcount-bars site="shop"></headcount-bars> <headcount-map site="shop"></headcount-map>
    <headcount-list site="shop" kind="referrers" label="From where"></headcount-list>`));
  const cells = (selector) => page.locator(`${selector} tbody tr`).evaluateAll((rows) =>
    rows.map((row) => [row.querySelector('bdi').textContent, ...[...row.children].slice(1).map((cell) => cell.textContent)]));
  await eventually(async () => {
    const { activePages } = await s.api('shop');
    assert.deepEqual(await cells('headcount-pages'), activePages.map(({ title, path, visitors, online }) => [title ?? path, `${visitors}`, `${online}`]));
  });
  await eventually(async () => assert.deepEqual(await cells('headcount-list'), [['news.example', '3', '100 %']]));
  assert.equal(line(await page.locator('headcount-list h2').innerText()), 'From where');
  const feed = () => page.locator('headcount-feed li bdi:first-child').allTextContents();
  await eventually(async () => assert.deepEqual(await feed(), [HOSTILE, '/2', '/1'])); // no more than max
  await eventually(async () => {
    const { series } = await s.api('shop');
    const bars = await inside(page, 'headcount-bars', ({ shadowRoot }) => [...shadowRoot.querySelectorAll('.minute')].map((bar) => !bar.firstChild.hidden));
    assert.deepEqual(bars, series.map(({ pageViews }) => pageViews > 0));
  });
  await eventually(async () => assert.equal(await inside(page, 'headcount-map', ({ shadowRoot }) => shadowRoot.querySelector('path[data-code=DE]')?.getAttribute('class')), 'land s5'));
  assert.deepEqual(said, []);
});

story('an attribute that is changed takes effect at once', async (s) => {
  await s.start();
  for (const k of [1, 2, 3]) await s.hit({ i: 'shop', p: `/${k}`, u: 'a', v: 'a', r: `https://news-${k}.example/`, q: 'utm_campaign=spring' });
  await s.sees('shop', { pageViews: 3 });
  const { context } = await browse(s);
  const page = await open(context, await site(s, ['headcount-elements'], `
    <headcount-list site="shop"></headcount-list> <headcount-bars site="shop"></headcount-bars>`));
  /** What is there after these attributes, before anything else can have happened. */
  const after = (tag, attributes) => page.locator(tag).evaluate((element, all) => {
    for (const [name, value] of Object.entries(all)) element.setAttribute(name, value);
    const texts = (selector) => [...element.shadowRoot.querySelectorAll(selector)].map((node) => node.textContent);
    const labels = [element, ...element.shadowRoot.querySelectorAll('.why, table')].map((node) => node.ariaLabel);
    return [...texts('h2'), ...labels, ...texts('thead th:first-child, tbody bdi:first-child, .rest'), texts('.note')[0]?.split(' ').slice(0, 3).join(' ')];
  }, attributes);
  const head = (name) => [name, name, `What is “${name}”?`];
  await eventually(async () => assert.deepEqual((await after('headcount-list', {})).slice(0, 5), [...head('Referrers'), 'Referrers', 'came from']));
  await page.locator('headcount-list tbody tr').nth(2).waitFor();
  const few = await after('headcount-list', { max: 2, label: 'From where' });
  assert.deepEqual([...few.slice(0, 5), ...few.slice(7)], [...head('From where'), 'From where', 'came from', 'and 1 more', 'Which site led']);
  assert.deepEqual(await after('headcount-list', { kind: 'campaigns', label: 'Letters' }),
    [...head('Letters'), 'Letters', 'utm_campaign', 'spring', '', 'Page views by']);
  assert.deepEqual((await after('headcount-bars', { label: 'Minutes' })).slice(0, 3), head('Minutes'));
});

story('each element can be had by its own module alone', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await s.hit({ i: 'shop', p: '/tea', u: 'a', v: 'a', a: 'r' }, { 'cf-ipcountry': 'DE' });
  await s.sees('shop', { currentVisitors: 1 });
  const { context, said } = await browse(s);
  const shows = {
    'headcount-badge': /^1 ?online/, 'headcount-counter': /^1 ?online/, 'headcount-states': /total.*1.*reading.*1.*writing.*0/,
    'headcount-feed': /view ?\/tea/, 'headcount-pages': /\/tea ?1 ?1/, 'headcount-bars': /This minute 1 visitor, [01] page views? so far/,
    'headcount-list': /Direct ?1 ?100 %/, 'headcount-map': /Germany: 1 view, 100 %/,
  };
  for (const name of ELEMENTS) {
    const page = await open(context, await site(s, [name], `<${name} site="shop"></${name}>`));
    await eventually(async () => {
      await s.hit({ i: 'shop', k: 'h', p: '/tea', u: 'a', v: 'a', a: 'r' }); // is still there, in any minute
      const words = await inside(page, name, ({ shadowRoot }) => shadowRoot.textContent);
      assert.match(line(words), shows[name], name);
    });
    assert.equal(await page.locator(name).getAttribute('status'), 'live', name);
    await page.close();
  }
  assert.deepEqual(said, []);
}, { ms: 120_000 });
