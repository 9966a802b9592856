// The map: the file is what its generator draws, and the element shows each country's share in a
// real browser, under the policy that our pages have.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import zlib from 'node:zlib';
import { worldJson } from '../map/world.mjs';
import { Browser } from './browser.mjs';
import { eventually } from './program.mjs';

const web = new URL('../../collector/web/', import.meta.url);
const world = fs.readFileSync(new URL('world.json', web), 'utf8');
const { lands, dots } = JSON.parse(world);
const codes = new Set(`${lands}|${dots}`.split('|').map((country) => country.slice(0, 2)));
const TYPES = { js: 'text/javascript', json: 'application/json', svg: 'image/svg+xml' };
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'";

test('the file is what the generator draws', async (t) => {
  let drawn;
  try {
    drawn = await worldJson();
  } catch (e) {
    if (e.code !== 'ERR_MODULE_NOT_FOUND' && e.code !== 'MODULE_NOT_FOUND') throw e;
    return t.skip('the data packages are not installed');
  }
  assert.equal(world === drawn, true, 'make map');
});

test('every country has a place, and all of it is small', () => {
  for (const code of ['DE', 'US', 'FR', 'GF', 'SG', 'MT', 'HK', 'XK', 'SO', 'CY', 'TW', 'GI', 'VA']) assert.ok(codes.has(code), code);
  assert.ok(codes.size > 240, codes.size);
  assert.ok(!codes.has('AQ'));
  assert.ok(zlib.gzipSync(world, { level: 9 }).length <= 8 * 1024);
});

/** The modules from where they are written, and a page with the element. */
async function serve(t, missing) {
  const server = http.createServer(({ url }, response) => {
    const name = url.split('/').at(-1);
    const file = new URL(name, web);
    const isThere = name && name !== missing && fs.existsSync(file);
    const page = '<!doctype html><title>map</title><link rel="icon" href="/web/icon.svg"><headcount-map></headcount-map><script type="module" src="/web/headcount-map.js"></script>';
    response.writeHead(isThere || !name ? 200 : 404, {
      'content-type': TYPES[name.split('.').at(-1)] ?? 'text/html', 'content-security-policy': POLICY,
    });
    response.end(isThere ? fs.readFileSync(file) : page);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => (server.closeAllConnections(), server.close()));
  return `http://127.0.0.1:${server.address().port}/`;
}

const COUNTRIES = [
  ['DE', 60], ['SG', 25], ['FR', 10], ['BR', 4], ['XZ', 3], ['(other)', 2], ['MT', 1],
].map(([name, views]) => ({ name, views }));

const IN_PAGE = `
  globalThis.map = document.querySelector('headcount-map');
  globalThis.$ = (selector) => map.shadowRoot.querySelector(selector);
  globalThis.give = (countries, pageViews) => (map.view = { site: 'shop', status: 'live', since: Date.now(), events: [], rev: 1,
    numbers: { minutes: 5, pageViews, countries } });
  customElements.whenDefined('headcount-map').then(() => give(${JSON.stringify(COUNTRIES)}, 110))`;

/** A tab in which the element has been given its numbers. */
async function open(t, missing) {
  const url = await serve(t, missing);
  const s = { closing: [] };
  const browser = await Browser.of(s);
  t.after(() => Promise.all(s.closing.map((end) => end())));
  const said = [];
  browser.listeners.push((method, params) => {
    if (method === 'Log.entryAdded') said.push(params.entry.text);
    if (method === 'Runtime.exceptionThrown') said.push(params.exceptionDetails.exception?.description);
  });
  const tab = await (await browser.person()).open('about:blank');
  await tab.call('Log.enable');
  await tab.call('Runtime.enable');
  await tab.goto(url);
  await eventually(async () => assert.equal(await tab.run("!!document.querySelector('headcount-map')"), true));
  await tab.run(IN_PAGE);
  return { tab, said };
}

const drawn = (tab) => eventually(async () => assert.ok((await tab.run("$('path[data-code=DE]')?.getAttribute('class')"))?.includes(' s')));

test('countries are shaded by their share, and what has no shape is said in words', async (t) => {
  const { tab, said } = await open(t);
  await drawn(tab);
  const steps = await tab.run(`Object.fromEntries([...map.shadowRoot.querySelectorAll('path[class*=" s"]')]
    .map((path) => [path.dataset.code, path.getAttribute('class')]))`);
  assert.deepEqual(steps, { DE: 'land s5', SG: 'dot s4', FR: 'land s3', BR: 'land s2', MT: 'dot s1' });
  const lines = await tab.run("[...map.shadowRoot.querySelectorAll('.sr li')].map((line) => line.textContent)");
  assert.deepEqual(lines.slice(0, 2), ['Germany: 60 views, 57 %', 'Singapore: 25 views, 24 %']);
  assert.equal(lines.length, COUNTRIES.length);
  assert.match(await tab.run("$('.rest').textContent"), /^Not on the map: XZ: 3 views, 3 %; all others: 2 views, 2 %\. The country of 5 more views is not known\.$/);
  assert.match(await tab.run("$('.map').ariaLabel"), /^World map\. Germany: 60 views, 57 %; Singapore/);
  const fills = await tab.run("['DE', 'FR', 'BR', 'PL'].map((code) => getComputedStyle($(`path[data-code=${code}]`)).fill)");
  assert.equal(new Set(fills).size, 4, fills.join());
  await tab.run('give([], 0)');
  assert.equal(await tab.run("$('path[class*=\" s\"]')"), null);
  assert.equal(await tab.run("$('.rest').hidden"), true);
  await tab.run('give([], 7)');
  assert.match(await tab.run("$('.rest').textContent"), /^No country is known/);
  assert.deepEqual(said, []);
});

test('every outline is drawn, and neighbours meet at the same points', async (t) => {
  const { tab } = await open(t);
  await drawn(tab);
  const paths = await tab.run(`[...map.shadowRoot.querySelectorAll('path[data-code]')]
    .map((path) => [path.dataset.code, path.getAttribute('class').split(' ')[0], path.getAttribute('d')])`);
  assert.deepEqual(new Set(paths.map(([code]) => code)), codes);
  for (const [code, kind, d] of paths)
    assert.match(d, kind === 'dot' ? /^M-?\d+,-?\d+h0$/ : /^(M\d+,\d+(L\d+,\d+){2,}z)+$/, code);
  const pointsOf = (code) => new Set(paths.find((path) => path[0] === code)[2].match(/\d+,\d+/g));
  const shared = (one, other) => [...pointsOf(one)].filter((point) => pointsOf(other).has(point)).length;
  for (const [one, other] of [['DE', 'FR'], ['DE', 'PL'], ['US', 'CA'], ['CN', 'RU'], ['BR', 'GF'], ['NO', 'RU'], ['SO', 'ET']])
    assert.ok(shared(one, other) >= 2, `${one} ${other}`);
  assert.equal(shared('LS', 'ZA'), pointsOf('LS').size);
  assert.equal(shared('DE', 'ES'), 0);
});

/** Thousands of square kilometres, lakes and all. */
const AREAS = {
  RU: 17_098, CA: 9_985, US: 9_834, CN: 9_597, BR: 8_516, AU: 7_692, IN: 3_287, AR: 2_780, KZ: 2_725, DZ: 2_382, CD: 2_345,
  GL: 2_166, SA: 2_150, MX: 1_964, LY: 1_760, IR: 1_648, MN: 1_564, ZA: 1_221, EG: 1_002, FR: 549, SE: 450, DE: 358,
};

test('areas compare on the map as they do on the globe', async (t) => {
  const { tab } = await open(t);
  await drawn(tab);
  const outlines = await tab.run(`[...map.shadowRoot.querySelectorAll('path[data-code]')].map((path) => [path.dataset.code, path.getAttribute('d')])`);
  const area = (ring) => {
    const points = [...ring.matchAll(/(\d+),(\d+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    return points.reduce((sum, [x, y], i) => sum + x * points[(i + 1) % points.length][1] - points[(i + 1) % points.length][0] * y, 0) / 2;
  };
  const drawnAs = new Map(outlines.map(([code, d]) => [code, Math.abs(d.split('z').reduce((sum, ring) => sum + area(ring), 0))]));
  const scale = Object.entries(AREAS).map(([code, km]) => [code, drawnAs.get(code) / km]).sort(([, a], [, b]) => a - b);
  const [, middle] = scale[Math.floor(scale.length / 2)];
  for (const [code, one] of scale) assert.ok(Math.abs(one / middle - 1) < 0.15, `${code} is ${(one / middle).toFixed(2)} times too large`);
});

test('pointing at a country and the arrow keys tell its numbers', async (t) => {
  const { tab, said } = await open(t);
  await drawn(tab);
  const tip = () => tab.run("$('.tip').hidden ? '' : $('.tip').innerText.replace('\\n', ': ')");
  const at = (code) => tab.run(`(() => {
    const box = $('path[data-code=${code}]').getBoundingClientRect();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  })()`);
  const point = async (place) => tab.call('Input.dispatchMouseEvent', { type: 'mouseMoved', ...place });
  await point(await at('BR'));
  await eventually(async () => assert.equal(await tip(), 'Brazil: 4 views, 4 %'));
  await point(await at('DZ'));
  await eventually(async () => assert.equal(await tip(), 'Algeria: no views'));
  await point({ x: 1, y: 1 });
  await eventually(async () => assert.equal(await tip(), ''));
  const press = (key) => tab.run(`$('.map').dispatchEvent(new KeyboardEvent('keydown', { key: '${key}' }))`);
  const told = [];
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowLeft', 'ArrowLeft', 'Escape']) {
    await press(key);
    told.push((await tip()).split(':')[0]);
  }
  assert.deepEqual(told, ['Germany', 'Singapore', 'Germany', 'Malta', '']);
  assert.deepEqual(said, []);
});

test('without the file the countries are a list that can be seen', async (t) => {
  const { tab } = await open(t, 'world.json');
  await eventually(async () => assert.equal(await tab.run("$('.map').hidden"), true));
  assert.match(await tab.run("$('ul.rest').innerText"), /^Germany: 60 views, 57 %\n/);
});
