// The dialect of ts-analytics: what its trackers post, byte by byte and from real pages of
// another origin, and what its dashboards ask for.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import vm from 'node:vm';
import { WebSocket } from 'ws';
import { Browser } from './browser.mjs';
import { AnalyticsClient, createRealtimePoller, fetchDashboardData } from './clients/ts_analytics.mjs';
import { eventually, story } from './harness.mjs';
import { Sse } from './sse.mjs';

const CLIENT = new URL('clients/ts_analytics.mjs', import.meta.url);
const PROXY = { collector: ['--trusted-proxy', '127.0.0.1'] };
const URL_OF = (path) => `https://shop.example${path}`;
const SLACK_S = 60;

const body = (more) => JSON.stringify({ s: 'shop', sid: 'x1', e: 'pageview', u: URL_OF('/'), r: '', t: 'Shop', ...more });
const post = (s, more, { target = '/collect', headers = {} } = {}) =>
  s.request(target, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: body(more) });
const json = (answer) => JSON.parse(answer.body);

async function get(s, target, headers) {
  const answer = await s.request(target, { headers });
  assert.equal(answer.status, 200, `${target}: ${answer.body}`);
  return json(answer);
}

/** A pageview of visitor number k, as a proxy hands it on. */
async function visit(s, k, path = '/', more = {}, headers = {}) {
  const answer = await post(s, { u: URL_OF(path), ...more }, { headers: { 'x-forwarded-for': `203.0.113.${k}`, ...headers } });
  assert.equal(answer.status, 204);
}

/** Sends the text as it is and waits for one answer with this status line; returns its text. */
async function raw(s, text, status) {
  const wire = s.wire().send(text);
  await eventually(() => assert.match(wire.text, new RegExp(`^HTTP/1.1 ${status} [^]*\r\n\r\n`)));
  const [head, rest] = [wire.text.slice(0, wire.text.indexOf('\r\n\r\n')), wire.text.slice(wire.text.indexOf('\r\n\r\n') + 4)];
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  if (rest.length < length) await eventually(() => assert.ok(wire.text.length >= head.length + 4 + length));
  wire.destroy();
  return { head, body: wire.text.slice(head.length + 4) };
}

const bytes = (text, type) =>
  `POST /collect HTTP/1.1\r\nHost: stats.example\r\nUser-Agent: x\r\n${type ? `Content-Type: ${type}\r\n` : ''}` +
  `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;

story('T1: a body is JSON whatever its type says, and answered 204 with nothing', async (s) => {
  await s.start();
  for (const type of ['application/json', 'text/plain;charset=UTF-8', '', 'application/x-www-form-urlencoded']) {
    const { head, body: rest } = await raw(s, bytes(body(), type), 204);
    assert.equal(rest, '');
    assert.match(head, /\r\nAccess-Control-Allow-Origin: \*(\r\n|$)/);
    assert.match(head, /\r\nCache-Control: no-store/);
    assert.doesNotMatch(head, /\r\nContent-/);
  }
  await s.sees('shop', { pageViews: 4, currentVisitors: 1 });
});

story('T1: what is missing or wrong is answered in the words of the original', async (s) => {
  await s.start();
  const missing = { error: 'Missing required fields: s, e, u' };
  const rows = [
    [body({ s: undefined }), missing], [body({ e: '' }), missing], [body({ u: undefined }), missing], ['[]', missing], ['5', missing],
    [body({ u: '/just/a/path' }), { error: 'Invalid URL' }], [body({ u: 'https://' }), { error: 'Invalid URL' }],
    [body({ u: URL_OF(`/${'x'.repeat(3000)}`) }), { error: 'Invalid URL' }],
    [body({ s: 'no site' }), { error: 'Invalid site' }],
    ['', { error: 'Invalid JSON' }], ['s=shop&e=pageview', { error: 'Invalid JSON' }], ['{"s":', { error: 'Invalid JSON' }],
  ];
  for (const [text, error] of rows) {
    const { head, body: rest } = await raw(s, bytes(text, 'text/plain'), 400);
    assert.deepEqual(JSON.parse(rest), error, text);
    assert.match(head, /\r\nContent-Type: application\/json\r\n/);
    assert.match(head, /\r\nAccess-Control-Allow-Origin: \*\r\n/);
  }
  const told = await s.counters(s.collector);
  assert.deepEqual([told.hits, told.no_site, told.bad_kind, told.bad_path, told.bad_site, told.bad_body], [0, 3, 1, 4, 1, 3]);
});

story('T2: preflights are granted as the original does, and --origin says to whom', async (s) => {
  await s.start();
  const grant = (origin, target) => s.request(target, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
  });
  for (const target of ['/collect', '/t', '/api/p', '/api/analytics/sites/shop/stats', '/x/sites/shop/realtime']) {
    const { status, headers } = await grant('https://shop.example', target);
    assert.equal(status, 204);
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-methods'], 'GET, POST, PUT, DELETE, OPTIONS');
    assert.equal(headers['access-control-allow-headers'], 'Content-Type, Authorization');
    assert.equal(headers['access-control-max-age'], '86400');
  }
  await s.collector.stop();
  await s.startCollector(['--origin', 'https://shop.example', '--origin', 'https://b.example']);
  for (const origin of ['https://shop.example', 'https://b.example', 'https://c.example']) {
    const allowed = origin === 'https://c.example' ? undefined : origin;
    const { status, headers } = await grant(origin, '/collect');
    assert.deepEqual([status, headers['access-control-allow-origin'], headers.vary], [204, allowed, 'Origin']);
    const answer = await post(s, {}, { headers: { origin } });
    assert.deepEqual([answer.status, answer.headers['access-control-allow-origin']], [204, allowed]);
  }
});

story('T3: the other names of /collect, and any prefix', async (s) => {
  await s.start();
  const targets = ['/collect', '/t', '/p', '/api/analytics/collect', '/a/b/c/t', '/x/p'];
  for (const target of ['/a/b/collects', '/a/b/collect/', '/a/b/xcollect'])
    assert.equal((await post(s, {}, { target })).status, 404, target);
  for (const target of targets) assert.equal((await post(s, {}, { target })).status, 204, target);
  assert.equal((await s.request('/a/b/t')).status, 405);
  await s.sees('shop', { pageViews: targets.length });
  await s.collector.stop();
  await s.startCollector(['--dialects', 'none']);
  assert.equal((await post(s, {})).status, 404);
});

story('T4: every kind is taken; events have names, and a movement needs no whole URL', async (s) => {
  await s.start();
  const kinds = [
    { e: 'pageview' }, { e: 'event', en: 'signup', ec: 'plan', ev: 3, p: { plan: 'free' } },
    { e: 'event', p: { name: 'goal', value: 100 } }, { e: 'event' }, { e: 'outbound', p: { url: 'https://other.example/' } },
    { e: 'error', p: { message: 'x is not defined' } }, { e: 'vitals', p: { LCP: 1200.5 } },
    { e: 'hm_click', u: '/cart' }, { e: 'hm_move', u: '/cart' }, { e: 'hm_scroll', u: URL_OF('/cart') },
  ];
  for (const kind of kinds) assert.equal((await post(s, kind)).status, 204, kind.e);
  await s.sees('shop', { pageViews: 1, currentVisitors: 1 });
  const { recentEvents, activePages } = await eventually(async () => {
    const answer = await s.api('shop');
    assert.equal(answer.recentEvents.length, 6);
    return answer;
  });
  assert.deepEqual(recentEvents.map(({ type, name }) => name ?? type).reverse(),
    ['pageview', 'signup', 'goal', 'event', 'outbound', 'error']);
  assert.deepEqual(activePages.map(({ path }) => path), ['/']);
  assert.equal((await s.counters(s.collector)).dialect_ignored, 4);
});

story('T5: the realtime answer is the same superset under every path, for every ?minutes=', async (s) => {
  await s.start();
  await visit(s, 1, '/a');
  await s.sees('shop', { pageViews: 1 });
  const whole = async (target) => {
    const { timestamp, asOf, rev, series, windows, ...rest } = await get(s, target); // what a turn of the minute changes
    assert.equal(series.length, 30);
    assert.equal(timestamp, new Date(asOf).toISOString());
    return rest;
  };
  const native = await whole('/sites/shop/realtime');
  assert.equal(native.minutes, 5);
  assert.equal(native.pageViewsLastHour, 1);
  assert.deepEqual(native.topActivePages, [{ name: '/a', value: 1, percentage: 100 }]);
  for (const path of ['/api/sites/shop/realtime', '/api/analytics/sites/shop/realtime', '/api/p/shop/pulse',
    '/api/analytics/api/analytics/sites/shop/realtime', '/anything/sites/shop/realtime'])
    assert.deepEqual(await whole(path), native, path);
  for (const [asked, minutes] of [['', 5], ['1', 1], ['30', 30], ['1000000', 30]])
    assert.equal((await get(s, `/api/p/shop/pulse?minutes=${asked}`)).minutes, minutes);
  for (const asked of ['0', '-5', 'five', '2.5', '1e3'])
    assert.equal((await s.request(`/x/sites/shop/realtime?minutes=${asked}`)).status, 400, asked);
});

story('T6, T7: visitors are a union, views a sum, pages all there are, and percentages make 100', async (s) => {
  await s.start(PROXY);
  for (let k = 1; k <= 3; k++) for (const path of ['/', `/p${k}`]) await visit(s, k, path);
  for (let k = 11; k <= 25; k++) await visit(s, k, `/q${k}`);
  await visit(s, 30, '/q11');
  const answer = await s.sees('shop', { pageViews: 22, currentVisitors: 19 });
  assert.equal(answer.activePages.length, 18);
  const { topActivePages } = answer;
  assert.equal(topActivePages.length, 10);
  assert.deepEqual(topActivePages[0], { name: '/q11', value: 2, percentage: 19 });
  const { pages } = await get(s, '/sites/shop/pages');
  const all = await get(s, '/sites/shop/pages?limit=100');
  assert.deepEqual([pages.length, all.pages.length], [10, 18]);
  for (const list of [topActivePages, pages, all.pages]) {
    const values = list.map(({ value }) => value);
    assert.deepEqual(values, [...values].sort((a, b) => b - a));
    assert.equal(list.reduce((sum, { percentage }) => sum + percentage, 0), 100);
  }
});

story('T8: a minute of UTC is one key, gone a minute after it has left the window', async (s) => {
  await s.start({ window: 5 });
  const from = Math.floor(Date.now() / 60_000);
  await visit(s, 1);
  await s.sees('shop', { pageViews: 1 });
  const [key, ...others] = await s.keys('hc:{shop}:b:*');
  assert.deepEqual(others, []);
  const minute = Number(key.split(':').at(-1));
  assert.ok(minute >= from && minute <= Date.now() / 60_000, key);
  const ttl = Number(await s.redisCli('ttl', key));
  assert.ok(ttl >= 5 * 60 && ttl <= 5 * 60 + SLACK_S, `expires in ${ttl} s`);
});

story('T9: the newest events come first, and a trusted proxy says where a visitor is', async (s) => {
  await s.start(PROXY);
  await visit(s, 1, '/a', {}, { 'cf-ipcountry': 'DE' });
  await visit(s, 2, '/b', {}, { 'cf-ipcountry': 'FR' });
  await visit(s, 3, '/b', {}, { 'cf-ipcountry': 'DE' });
  await visit(s, 3, '/c', { e: 'event', en: 'signup' });
  await visit(s, 4, '/b', {}, { 'cf-ipcountry': 'XX' });
  await s.sees('shop', { pageViews: 4 });
  const answer = await eventually(async () => {
    const got = await s.api('shop');
    assert.equal(got.recentEvents.length, 5);
    return got;
  });
  assert.deepEqual(answer.recentEvents.map(({ type, path, name }) => [type, path, name]), [
    ['pageview', '/b', undefined], ['event', '/c', 'signup'], ['pageview', '/b', undefined], ['pageview', '/b', undefined],
    ['pageview', '/a', undefined],
  ]);
  const times = answer.recentEvents.map(({ timestamp }) => timestamp);
  assert.deepEqual(times, [...times].sort((a, b) => b - a));
  assert.deepEqual(answer.locations, [{ country: 'DE', visitors: 2 }, { country: 'FR', visitors: 1 }]);
  const { countries } = await get(s, '/api/sites/shop/countries');
  assert.deepEqual(countries, [{ name: 'DE', value: 2, percentage: 67 }, { name: 'FR', value: 1, percentage: 33 }]);
});

story('T10: the client, the poller and the dashboard are answered', async (s) => {
  await s.start(PROXY);
  await visit(s, 1, '/a', { r: 'https://news.example/x' }, { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' });
  await visit(s, 2, '/b');
  await visit(s, 2, '/a');
  await s.sees('shop', { pageViews: 3 });
  for (const baseUrl of [`http://${s.http}`, `http://${s.http}/api/analytics`, `http://${s.http}/`]) {
    const config = { baseUrl, siteId: 'shop' };
    const day = 24 * 3600_000;
    const data = await fetchDashboardData(config, { startDate: new Date(Date.now() - 7 * day), endDate: new Date() });
    const { window, requested, site, ...stats } = data.stats;
    assert.deepEqual(stats, {
      pageViews: 3, uniqueVisitors: 2, sessions: 2, events: 0, bounceRate: null, avgSessionDuration: null,
      avgPagesPerSession: 1.5, realtime: 2,
    });
    assert.deepEqual(requested, { minutes: null, range: true });
    assert.equal(window.minutes, 30);
    assert.ok(new Date(window.from) > Date.now() - 31 * 60_000 && new Date(window.to) <= Date.now() + 1000);
    assert.equal(data.realtime.currentVisitors, 2);
    assert.deepEqual(data.topPages.map(({ name, value, percentage }) => [name, value, percentage]), [['/a', 2, 100]]);
    assert.deepEqual(data.topReferrers, [{ name: '(direct)', value: 2, percentage: 67 }, { name: 'news.example', value: 1, percentage: 33 }]);
    assert.deepEqual(data.devices, [{ name: 'desktop', value: 1, percentage: 100 }]);
    assert.equal(data.timeSeries.length, 30);
    assert.equal(data.timeSeries.reduce((sum, row) => sum + row.pageViews, 0), 3);
    assert.match(data.timeSeries[0].date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/);
    const client = new AnalyticsClient(config);
    assert.deepEqual(await client.getBrowsers(), [{ name: 'Firefox', value: 1, percentage: 100 }]);
    assert.deepEqual([await client.getRegions(), await client.getCities(), await client.getGoals()], [[], [], []]);
  }
  const polled = [];
  const poller = createRealtimePoller({ baseUrl: `http://${s.http}`, siteId: 'shop' }, (data) => polled.push(data), 300);
  s.closing.push(() => poller.stop());
  poller.start();
  await eventually(() => assert.equal(polled.at(-1)?.currentVisitors, 2));
  await visit(s, 3);
  const from = polled.length;
  await eventually(() => assert.equal(polled.at(-1).currentVisitors, 3));
  assert.ok(polled.length - from <= 2, 'it moves within two polls');
  poller.stop();
  assert.equal((await s.request('/sites/shop/stats?minutes=0')).status, 400);
  assert.deepEqual((await get(s, '/sites/shop/stats?minutes=1')).requested, { minutes: 1, range: false });
});

story('T11: who a visitor is cannot be computed from what anybody knows, and no address is kept', async (s) => {
  await s.start({ ...PROXY, redis: ['--rdbcompression', 'no'] });
  const ip = '203.0.113.7';
  await visit(s, 7);
  await visit(s, 7, '/', { s: 'other' });
  const [shop] = (await eventually(async () => {
    const live = await get(s, '/sites/shop/live');
    assert.equal(live.visitors.length, 1);
    return live;
  })).visitors;
  const [other] = (await eventually(async () => {
    const live = await get(s, '/sites/other/live');
    assert.equal(live.visitors.length, 1);
    return live;
  })).visitors;
  assert.notEqual(shop.visitorId, other.visitorId, 'two sites do not share a visitor');
  for (const salt of ['analytics-salt-', 'analytics-']) {
    const day = new Date().toISOString().slice(0, 10);
    const known = crypto.createHash('sha256').update(`${ip}||shop|${salt}${day}`).digest('hex');
    assert.notEqual(shop.visitorId.slice(0, 8), known.slice(0, 8));
  }
  const keys = await s.keys();
  assert.ok(keys.length > 5);
  for (const key of keys) assert.ok(!(await s.redisCli('dump', key)).includes(ip), `${key} has the address`);
});

story('T12: an address handed on is believed of a trusted proxy only', async (s) => {
  await s.start();
  for (let k = 1; k <= 3; k++) await visit(s, k, '/', {}, { 'cf-connecting-ip': `198.51.100.${k}`, 'cf-ipcountry': 'DE' });
  const answer = await s.sees('shop', { pageViews: 3, currentVisitors: 1 });
  assert.deepEqual(answer.locations ?? [], [], 'and so is a country');
  await s.collector.stop();
  await s.startCollector(['--trusted-proxy', '127.0.0.1']);
  for (let k = 1; k <= 3; k++) await visit(s, k, '/', { s: 'second' });
  await s.sees('second', { pageViews: 3, currentVisitors: 3 });
});

/** Runs a script as a browser would, without one; returns the beacons that it sent. */
function runTracker(text, src, { dataset = {}, navigator = {} } = {}) {
  const sent = [];
  const location = new URL('https://shop.example/a');
  const window = {
    URL, URLSearchParams, Date, Math, location, setTimeout() {}, clearTimeout() {}, addEventListener() {}, localStorage: {},
    history: { pushState() {}, replaceState() {} }, Image: class {},
    document: { currentScript: { src, dataset }, hidden: false, hasFocus: () => true },
    navigator: { sendBeacon: (url) => sent.push(new URL(url)), ...navigator },
  };
  Object.assign(window, { window, self: window, top: window });
  vm.runInNewContext(text, window);
  return { sent, window };
}

story('T13: the script is served for a site, parses, knows its way and honours Do Not Track', async (s) => {
  await s.start();
  const targets = ['/sites/shop/script', '/sites/shop/tracker.js', '/api/sites/shop/tracker.js', '/api/analytics/sites/shop/script'];
  for (const target of targets) {
    const answer = await s.request(target);
    assert.equal(answer.status, 200);
    assert.match(answer.headers['content-type'], /^text\/javascript/);
    assert.equal(answer.headers['cache-control'], 'public, max-age=300');
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    const again = await s.request(target, { headers: { 'if-none-match': answer.headers.etag } });
    assert.equal(again.status, 304);
    for (const before of ['https://stats.example', 'https://shop.example/behind/a/proxy']) {
      const text = answer.body.toString();
      const { sent, window } = runTracker(text, `${before}${target}`);
      assert.equal(sent[0].origin + sent[0].pathname, `${before}/hc.gif`);
      assert.deepEqual([sent[0].searchParams.get('i'), sent[0].searchParams.get('k')], ['shop', 'v']);
      window.sa('event', 'signup');
      window.fathom.track('goal', 5);
      assert.deepEqual(sent.slice(1).map(({ searchParams }) => searchParams.get('e')), ['signup', 'goal']);
      assert.equal(runTracker(text, before + target, { navigator: { doNotTrack: '1' } }).sent.length, 0);
      assert.equal(runTracker(text, before + target, { navigator: { doNotTrack: '1' }, dataset: { ignoreDnt: '' } }).sent.length, 1);
    }
    const regardless = (await s.request(`${target}?honorDnt=false`)).body.toString();
    assert.equal(runTracker(regardless, `https://stats.example${target}`, { navigator: { doNotTrack: '1' } }).sent.length, 1);
  }
  assert.equal((await s.request('/sites/no%20site/tracker.js')).status, 400);
  await s.collector.stop();
  await s.startCollector(['--base-path', '/stats', '--pixel-name', 'dot.gif']);
  const { body: renamed } = await s.request('/stats/api/sites/shop/tracker.js');
  const { sent } = runTracker(renamed.toString(), 'https://shop.example/stats/api/sites/shop/tracker.js');
  assert.equal(sent[0].pathname, '/stats/dot.gif');
});

story('T14: what is posted is pushed, as Server-Sent Events and over WebSocket', async (s) => {
  await s.start();
  const stream = await Sse.open(s, '/sites/shop/stream');
  const frames = [];
  const ws = new WebSocket(`ws://${s.http}/sites/shop/ws`);
  s.closing.push(() => ws.terminate());
  ws.on('message', (text) => frames.push(JSON.parse(text)));
  await eventually(() => assert.ok(stream.state && frames.some(({ type }) => type === 'state')));
  await post(s, { u: URL_OF('/a') });
  await eventually(() => {
    const pushed = frames.findLast(({ type }) => type === 'state').data;
    for (const state of [stream.state, pushed]) assert.deepEqual([state.visitors[5], state.pv[5], state.pages[0].path], [1, 1, '/a']);
    assert.equal(stream.of('event').at(-1).data.path, '/a');
  });
});

story('T15: SIGTERM right behind many requests loses none that was answered', async (s) => {
  await s.start();
  const answers = await Promise.all(Array.from({ length: 200 }, () => post(s, {})));
  assert.ok(answers.every(({ status }) => status === 204));
  assert.deepEqual(await s.collector.stop(), { code: 0, signal: null });
  assert.deepEqual(await s.aggregator.stop(), { code: 0, signal: null });
  assert.equal((await s.cliJson('now', 'shop')).pageViews, 200);
});

story('T16: the visitors one by one, their ids cut off; of an unknown site nobody', async (s) => {
  await s.start(PROXY);
  const phone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
  await visit(s, 1, '/a');
  await visit(s, 2, '/b', {}, { 'user-agent': phone, 'cf-ipcountry': 'DE' });
  await visit(s, 1, '/c');
  await visit(s, 2, '/b', { e: 'event', en: 'signup' }, { 'user-agent': phone, 'cf-ipcountry': 'DE' });
  const live = await eventually(async () => {
    const got = await get(s, '/api/sites/shop/live?minutes=5');
    assert.equal(got.activities.length, 4);
    return got;
  });
  assert.deepEqual([live.count, live.pageviews, live.window.minutes], [2, 3, 5]);
  assert.deepEqual(live.visitors.map(({ path }) => path), ['/b', '/c']);
  for (const { visitorId, timestamp } of live.visitors) {
    assert.match(visitorId, /^[0-9a-f]{8}\.\.\.$/);
    assert.equal(new Date(timestamp).toISOString(), timestamp);
  }
  const { country, device, browser, deviceType, page } = live.activities.find(({ type, path }) => type === 'pageview' && path === '/b');
  assert.deepEqual({ country, device, browser, deviceType, page }, { country: 'DE', device: 'mobile', browser: 'Safari', deviceType: 'mobile', page: '/b' });
  assert.equal(live.activities[0].eventName, 'signup');
  for (const target of ['/sites/nobody/live', '/sites/nobody/stats', '/sites/nobody/pages', '/sites/nobody/timeseries', '/sites/nobody/devices']) {
    const nobody = await get(s, target);
    assert.ok(!/"(count|pageviews|pageViews|uniqueVisitors|sessions|realtime|value)":[1-9]/.test(JSON.stringify(nobody)), target);
    for (const list of ['visitors', 'activities', 'pages', 'devices']) assert.equal(nobody[list]?.length ?? 0, 0);
  }
  assert.equal((await s.request('/sites/no%20site/live')).status, 400);
});

/** A site of another origin whose pages load the client, and say what they found in `told`. */
async function site(s, script) {
  const files = { '/client.mjs': ['text/javascript', fs.readFileSync(CLIENT)] };
  const server = http.createServer((request, response) => {
    const [type, text] = files[request.url] ?? ['text/html; charset=utf-8', `<!doctype html><title>Shop</title>${script}`];
    response.writeHead(200, { 'content-type': type }).end(text);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${server.address().port}`;
}

story('T1, T2, T10, T13: real pages of another origin track, ask and are answered', async (s) => {
  await s.start();
  const origin = await site(s, `<script defer data-allow="local bot" src="http://${s.http}/api/sites/served/tracker.js"></script>`);
  const browser = await Browser.launch();
  s.closing.push(() => browser.kill());
  const person = await browser.person();
  const tab = await person.open(`${origin}/cart?q=1`);
  await s.sees('served', { pageViews: 1, currentVisitors: 1 });
  assert.equal((await s.api('served')).online.total, 1, 'the served script says that the page is open');
  const run = (code) => tab.run(`(async () => {
    const { AnalyticsClient, createRealtimePoller, fetchDashboardData, sendAsBeacon, sendAsXhr } = await import('/client.mjs');
    const api = 'http://${s.http}';
    ${code}
  })()`);
  assert.equal(await run("return sendAsBeacon(api, 'shop', 'pageview')"), true);
  await s.sees('shop', { pageViews: 1, currentVisitors: 1 });
  assert.equal(await run("return sendAsXhr(api + '/api/analytics', 'shop', 'pageview')"), 204);
  assert.equal(await run("return sendAsXhr(api, 'shop', 'event', { p: { name: 'goal', value: 1 } })"), 204);
  const answer = await s.sees('shop', { pageViews: 2, currentVisitors: 1 });
  assert.deepEqual(answer.activePages.map(({ path }) => path), ['/cart']);
  const data = await run("return fetchDashboardData({ baseUrl: api, siteId: 'shop' }, { startDate: new Date(0), endDate: new Date() })");
  assert.deepEqual([data.stats.pageViews, data.realtime.currentVisitors, data.topPages[0].name], [2, 1, '/cart']);
  const polls = await run(`return new Promise((resolve) => {
    const poller = createRealtimePoller({ baseUrl: api, siteId: 'shop' }, ({ pageViews }) => (poller.stop(), resolve(pageViews)), 100);
    poller.start();
  })`);
  assert.equal(polls, 2);
});
