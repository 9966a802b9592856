// What a browser, a proxy and a server-side sender get back from the beacon endpoints, and
// that each answer that says "counted" is found again in the realtime answer.
//
// PROTOCOL.md, section HTTP, is what this file holds the collector to.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';

const GIF_BYTES = 43;

function isPixel(answer, status = 200) {
  assert.equal(answer.status, status);
  assert.equal(answer.headers['content-type'], 'image/gif');
  assert.equal(answer.headers['content-length'], String(GIF_BYTES));
  assert.match(answer.headers['cache-control'], /no-store/);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  assert.equal(answer.headers['cross-origin-resource-policy'], 'cross-origin');
}

function hasImage(answer) {
  assert.equal(answer.body.length, GIF_BYTES);
  assert.equal(answer.body.toString('latin1', 0, 6), 'GIF89a');
}

story('H1: a pixel is a 43-byte GIF that nobody may keep, and counts once', async (s) => {
  await s.start();
  const answer = await s.hit({ i: 'shop', p: '/cart?x=1#y', u: 'alice' });
  isPixel(answer);
  hasImage(answer);
  await s.sees('shop', {
    site: 'shop',
    currentVisitors: 1,
    pageViews: 1,
    activePages: [{ path: '/cart', visitors: 1, online: 0 }],
    flags: [],
  });
});

story('HEAD has the head of the GIF, no body, and counts nobody', async (s) => {
  await s.start();
  const answer = await s.request('/hc.gif?i=shop&p=/a&u=alice', { method: 'HEAD' });
  isPixel(answer);
  assert.equal(answer.body.length, 0);
  await s.hit({ i: 'shop', p: '/b', u: 'bob' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
});

story('send_image=0 is answered 204 and counts the same', async (s) => {
  await s.start();
  const answer = await s.request('/hc.gif?i=shop&p=/a&u=alice&send_image=0');
  assert.equal(answer.status, 204);
  assert.equal(answer.body.length, 0);
  assert.match(answer.headers['cache-control'], /no-store/);
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
});

story('without p the Referer is the page, without either it is /', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', u: 'a' }, { referer: 'https://shop.example/from/referer?q' });
  await s.hit({ i: 'shop', u: 'b' });
  await s.sees('shop', {
    activePages: [
      { path: '/', visitors: 1, online: 0 },
      { path: '/from/referer', visitors: 1, online: 0 },
    ],
  });
});

story('T12: without u a visitor is an address with its browser, and a proxy is believed only when trusted', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.0/8'] });
  const from = (ip, agent) => s.hit({ i: 'shop', p: '/' }, { 'x-forwarded-for': ip, 'user-agent': agent });
  await from('192.0.2.1', 'one');
  await from('192.0.2.1', 'one');
  await from('192.0.2.1', 'two');
  await from('192.0.2.2', 'one');
  await from('2001:db8:1:2::1', 'one');
  await from('2001:db8:1:2:ffff::9', 'one'); // the same /64
  await from('2001:db8:1:3::1', 'one');
  await s.sees('shop', { currentVisitors: 5, pageViews: 7 });
});

story('T12: nobody else can choose their address', async (s) => {
  await s.start();
  for (const ip of ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    await s.hit({ i: 'shop', p: '/' }, { 'x-forwarded-for': ip, 'user-agent': 'one' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 3 });
});

story('a heartbeat keeps a visitor without a view, an event has a name, a leave counts nothing', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/read', k: 'h', u: 'alice', v: 'tab1', a: 'r' });
  await s.hit({ i: 'shop', p: '/read', e: 'signup', u: 'bob' });
  await s.hit({ i: 'shop', p: 'download', e: '1', u: 'carol' });
  await s.hit({ i: 'shop', p: '/read', k: 'l', u: 'dora', v: 'tab2' });
  const answer = await eventually(async () => {
    const now = await s.sees('shop', { currentVisitors: 3, pageViews: 0 });
    const named = now.recentEvents.map(({ type, name }) => ({ type, name }));
    assert.deepEqual(named, [
      { type: 'event', name: 'download' },
      { type: 'event', name: 'signup' },
    ]);
    return now;
  });
  assert.equal(answer.windows.find((w) => w.minutes === 5).events, 2);
});

story('a malformed beacon still gets its GIF, with 400 and the reason, and is not counted', async (s) => {
  await s.start();
  const long = 'x'.repeat(2049);
  const table = [
    ['', 'no_site'],
    ['p=/a', 'no_site'],
    ['i=&p=/a', 'no_site'],
    ['i=no%20blanks&p=/a', 'bad_site'],
    [`i=${'s'.repeat(65)}`, 'bad_site'],
    ['i={shop}', 'bad_site'],
    ['i=.', 'bad_site'],
    ['i=..', 'bad_site'],
    ['i=shop&k=z', 'bad_kind'],
    ['i=shop&a=q', 'bad_state'],
    [`i=shop&p=${long}`, 'bad_path'],
    ['i=shop&k=e', 'bad_name'],
    [`i=shop&u=${'u'.repeat(65)}`, 'bad_visitor'],
    [`i=shop&v=${'v'.repeat(65)}`, 'bad_visitor'],
  ];
  for (const [query, reason] of table) {
    const answer = await s.request(`/hc.gif?${query}`);
    isPixel(answer, 400);
    hasImage(answer);
    assert.match(answer.headers['x-headcount'], new RegExp(`\\b${reason}\\b`), query);
  }
  await s.hit({ i: 'shop', p: '/good', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
  const counters = await s.counters(s.collector);
  assert.equal(counters.hits, 1);
  assert.equal(counters.no_site, 3);
  assert.equal(counters.bad_site, 5);
  assert.equal(counters.bad_visitor, 2);
});

story('POST /e takes a form, JSON, and JSON that calls itself text', async (s) => {
  await s.start();
  const post = (type, body) => s.request('/e', { method: 'POST', headers: { 'content-type': type }, body });
  const form = await post('application/x-www-form-urlencoded', 'i=shop&p=%2Fform&u=a');
  const json = await post('application/json', JSON.stringify({ i: 'shop', p: '/json', u: 'b' }));
  const text = await post('text/plain;charset=UTF-8', JSON.stringify({ i: 'shop', p: '/text', u: 'c' }));
  for (const answer of [form, json, text]) {
    assert.ok([202, 204].includes(answer.status), `${answer.status} ${answer.body}`);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.match(answer.headers['cache-control'], /no-store/);
  }
  assert.equal(json.status, 202);
  await s.sees('shop', {
    currentVisitors: 3,
    pageViews: 3,
    activePages: ['/form', '/json', '/text'].map((path) => ({ path, visitors: 1, online: 0 })),
  });
});

story('a batch counts its good events and names its bad ones by their index', async (s) => {
  await s.start();
  const events = [
    { i: 'shop', p: '/a', u: 'a' },
    { p: '/nowhere', u: 'b' },
    { i: 'shop', p: '/b', u: 'b' },
    { i: 'shop', k: 'nonsense', u: 'c' },
    { i: 'other', p: '/c', u: 'a' },
  ];
  const answer = await s.request('/e', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  const said = JSON.parse(answer.body);
  assert.equal(said.accepted, 3);
  assert.deepEqual(said.rejected, [
    { index: 1, reason: 'no_site' },
    { index: 3, reason: 'bad_kind' },
  ]);
  await s.sees('shop', { currentVisitors: 2, pageViews: 2 });
  await s.sees('other', { currentVisitors: 1, pageViews: 1 });
});

story('500 events are a batch, 501 are refused whole', async (s) => {
  await s.start();
  const batch = (n) => JSON.stringify({ hits: Array.from({ length: n }, (_, k) => ({ i: 'shop', p: `/${k % 7}`, u: `v${k}` })) });
  const post = (body) => s.request('/e', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const refused = await post(batch(501));
  assert.equal(refused.status, 400);
  assert.match(`${refused.headers['x-headcount']}`, /too_many|batch/);
  const taken = await post(batch(500));
  assert.equal(taken.status, 202);
  assert.equal(JSON.parse(taken.body).accepted, 500);
  await s.sees('shop', { currentVisitors: 500, pageViews: 500 });
});

story('a body that is neither form nor JSON is 400 bad_body', async (s) => {
  await s.start();
  for (const body of ['{"i":"shop"', '[1,2]', '{"i":"shop"} trailing', '\u0000\u0001', '']) {
    const answer = await s.request('/e', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    assert.equal(answer.status, 400, body);
    assert.ok(answer.headers['x-headcount'], body);
  }
  assert.equal((await s.counters(s.collector)).hits, 0);
});

story('a preflight is allowed for any origin and remembered for a day', async (s) => {
  await s.start();
  const answer = await s.request('/e', {
    method: 'OPTIONS',
    headers: {
      origin: 'https://shop.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    },
  });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.match(answer.headers['access-control-allow-methods'], /POST/);
  assert.match(answer.headers['access-control-allow-headers'], /content-type/i);
  assert.equal(answer.headers['access-control-max-age'], '86400');
});

story('T5: minutes= takes whole numbers from 1, cuts large ones to the window, refuses the rest', async (s) => {
  await s.start({ window: 10 });
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await s.sees('shop', { minutes: 5, window: 10, currentVisitors: 1 });
  for (const [asked, used] of [['1', 1], ['5', 5], ['10', 10], ['11', 10], ['64', 10], ['99999999999999999999', 10], ['', 5]])
    assert.equal((await s.api('shop', `?minutes=${asked}`)).minutes, used, `minutes=${asked}`);
  for (const asked of ['0', '-1', '+5', '1.5', 'five', '5%20', '0x5', '00']) {
    const answer = await s.request(`/sites/shop/realtime?minutes=${asked}`);
    assert.equal(answer.status, 400, `minutes=${asked}`);
    assert.match(answer.headers['content-type'], /json/);
    assert.match(JSON.parse(answer.body).error, /minutes/);
  }
});

story('the realtime answer has a row for each minute of the window and labelled sums', async (s) => {
  await s.start({ window: 30 });
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  const answer = await s.sees('shop', { currentVisitors: 1 });
  assert.equal(answer.series.length, 30);
  assert.deepEqual(answer.windows.map((w) => w.minutes), [1, 5, 30]);
  assert.equal(answer.series.at(-1).partial, true);
  assert.equal(answer.series.reduce((sum, row) => sum + row.pageViews, 0), 1);
  for (let k = 1; k < answer.series.length; k++)
    assert.equal(answer.series[k].minute - answer.series[k - 1].minute, 60_000);
  assert.match(answer.rev, /^\d+\.\d+$/);
  assert.ok(Math.abs(answer.asOf - Date.now()) < 5_000);
});

story('T16: a site nobody has seen is an empty answer that says so; what is no site is 400', async (s) => {
  await s.start();
  const answer = await s.api('nobody');
  assert.equal(answer.currentVisitors, 0);
  assert.deepEqual(answer.activePages, []);
  assert.deepEqual(answer.flags, ['unknown']);
  const bad = await s.request('/sites/no%20site/realtime');
  assert.ok([400, 404].includes(bad.status));
});

story('what is not there is 404, what is not allowed 405, robots stay out, health is told', async (s) => {
  await s.start();
  for (const at of ['/nothing/here', '/nothing/is/here', '/nothing.php'])
    assert.equal((await s.request(at)).status, 404, at);
  assert.equal((await s.request('/nothing', { headers: { accept: 'text/html' } })).status, 404);
  const wrong = await s.request('/sites/shop/realtime', { method: 'POST', body: '' });
  assert.equal(wrong.status, 405);
  assert.match(wrong.headers.allow, /GET/);
  const robots = await s.request('/robots.txt');
  assert.equal(robots.status, 200);
  assert.match(robots.body.toString(), /Disallow: \//);
  assert.equal((await s.request('/livez')).status, 200);
  assert.equal((await s.request('/readyz')).status, 200);
});
