// The widget in a real browser, on pages of somebody else's origin: however many tabs are
// open, one stream carries the numbers to all of them.
import assert from 'node:assert/strict';
import http from 'node:http';
import { eventually, story } from './harness.mjs';
import { theBrowser } from './pages.mjs';

// A strict page: what the widget needs of a policy is what is here.
const policy = (origin) =>
  `default-src 'none'; script-src ${origin}; img-src ${origin}; connect-src ${origin}`;

/** Another site's pages: ?tab=N counts itself as that tab, and has a badge. */
async function site(s, body = '<headcount-badge site="shop"></headcount-badge>') {
  const server = http.createServer((req, res) => {
    const tab = new URL(req.url, 'http://x').searchParams.get('tab');
    const origin = `http://${s.http}`;
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(origin) });
    res.end(`<!doctype html><title>a page</title>
      ${tab ? `<img src="${origin}/hc.gif?i=shop&p=/&u=me&v=${tab}" alt="">` : ''}
      ${body}<script src="${origin}/widget.js" async></script>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  }));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** A browser whose requests to the collector are written down. */
async function browse(s, prepare) {
  const context = await (await theBrowser(s)).newContext();
  if (prepare) await context.addInitScript(prepare);
  const asked = [];
  context.on('request', (request) => asked.push(new URL(request.url()).pathname));
  const errors = [];
  context.on('weberror', (error) => errors.push(String(error.error())));
  const count = (path) => asked.filter((one) => one === path).length;
  return { context, count, errors };
}

const shown = (tab) =>
  tab.evaluate(() => [...document.querySelectorAll('headcount-badge')].map((badge) => badge.shadowRoot?.textContent));
const shows = (tab, ...texts) => eventually(async () => assert.deepEqual(await shown(tab), texts), 20_000);
const streams = async (s) => (await s.counters(s.collector)).streams_open;

async function open(context, url) {
  const tab = await context.newPage();
  await tab.goto(url, { waitUntil: 'load' });
  return tab;
}

story('the script is small, and any page may load it', async (s) => {
  await s.start();
  const answer = await s.request('/widget.js', { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /^text\/javascript/);
  assert.equal(answer.headers['access-control-allow-origin'], '*');
  assert.equal(answer.headers['cross-origin-resource-policy'], 'cross-origin');
  assert.equal(answer.headers['content-encoding'], 'gzip');
  assert.ok(answer.body.length <= 2560, `${answer.body.length} bytes`);
});

for (const n of [8, 20])
  story(`${n} tabs load, show the same number, and use one stream`, async (s) => {
    await s.start();
    const url = await site(s);
    const { context, count, errors } = await browse(s);
    const tabs = [];
    for (let i = 0; i < n; i++) tabs.push(await open(context, `${url}?tab=t${i}`));
    for (const tab of tabs) await shows(tab, '1online'); // one visitor, however many tabs
    await s.hit({ i: 'shop', p: '/', u: 'somebody else', v: 'x' });
    for (const tab of tabs) await shows(tab, '2online');
    assert.equal(count('/sites/shop/stream'), 1);
    assert.equal(count('/sites/shop/realtime'), 0);
    assert.equal(await streams(s), 1);
    assert.deepEqual(errors, []);
  }, { ms: 120_000 });

story('when the tab that listens is closed, another goes on at once with what was known', async (s) => {
  await s.start();
  const url = await site(s);
  const { context, count } = await browse(s);
  const tabs = [];
  for (let i = 0; i < 4; i++) {
    tabs.push(await open(context, url));
    const inLine = () => tabs[i].evaluate(async () => (await navigator.locks.query()).pending.length);
    await eventually(async () => assert.equal(await inLine(), i)); // so the next one is behind it
  }
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  for (const tab of tabs) await shows(tab, '1online');
  for (let i = 0; i < 3; i++) {
    await tabs.shift().close();
    for (const tab of tabs) assert.deepEqual(await shown(tab), ['1online']);
    await eventually(() => assert.equal(count('/sites/shop/stream'), 2 + i));
    await eventually(async () => assert.equal(await streams(s), 1));
  }
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await shows(tabs[0], '2online');
  const late = await open(context, url);
  await shows(late, '2online');
  await late.close();
  await tabs[0].goto('about:blank');
  await eventually(async () => assert.equal(await streams(s), 0));
}, { ms: 120_000 });

story('a visitor sees the own visit in the own badge', async (s) => {
  await s.start();
  const url = await site(s);
  const { context } = await browse(s);
  const tab = await open(context, `${url}?tab=mine`);
  await shows(tab, '1online');
});

story('H8: a badge shows what it is asked to, in its own words, and nothing runs', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await s.hit({ i: 'shop', p: '/', u: 'bob' }); // in the window, not online
  await s.hit({ i: 'shop', p: '/', u: 'carol', v: 'c', a: 'b' }); // in the background
  const url = await site(s, `
    <headcount-badge site="shop" label="here"></headcount-badge>
    <headcount-badge site="shop" show="active" label="<img src=x onerror=alert(1)>"></headcount-badge>
    <headcount-badge site="shop" show="current" label=""></headcount-badge>
    <headcount-badge site="shop" show="total"></headcount-badge>
    <headcount-badge site="quiet"></headcount-badge>
    <headcount-badge></headcount-badge>`);
  const { context, count, errors } = await browse(s);
  const tab = await open(context, url);
  await shows(tab, '2here', '1<img src=x onerror=alert(1)>', '3', '3visits', '0online', '–online');
  assert.equal(count('/sites/shop/stream'), 1, 'four badges of a site, one stream');
  assert.equal(count('/sites/quiet/stream'), 1);

  await tab.evaluate(() => {
    document.querySelectorAll('headcount-badge')[0].setAttribute('label', 'now');
    document.querySelectorAll('headcount-badge')[5].setAttribute('site', 'shop');
    document.querySelectorAll('headcount-badge')[4].remove();
  });
  await shows(tab, '2now', '1<img src=x onerror=alert(1)>', '3', '3visits', '2online');
  await eventually(async () => assert.equal(await streams(s), 1, 'nobody watches the quiet one any more'));
  const style = await tab.evaluate(() => {
    const badge = document.querySelector('headcount-badge');
    return getComputedStyle(badge.shadowRoot.querySelector('i')).borderRadius;
  });
  assert.equal(style, '50%', 'the sheet applies under a strict policy');
  assert.deepEqual(errors, []);
});

story('H8: subscribe tells a page\'s own code, until it ends', async (s) => {
  await s.start();
  const url = await site(s, '');
  const { context } = await browse(s);
  const tab = await open(context, url);
  await tab.waitForFunction(() => window.headcountWidget);
  await tab.evaluate(() => {
    window.states = [];
    window.end = window.headcountWidget.subscribe('shop', (state) => window.states.push(state));
    window.headcountWidget.subscribe('shop', () => { throw new Error('of the page'); });
  });
  const last = () => tab.evaluate(() => window.states.at(-1));
  await eventually(async () => assert.equal((await last()).online, 0));
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await eventually(async () => {
    const { at, lost, ...state } = await last();
    assert.ok(Math.abs(Date.now() - at) < 60_000 && !lost);
    assert.deepEqual(state, { online: 1, active: 1, current: 1, total: 1, stale: false });
  });
  await tab.evaluate(() => {
    window.end();
    window.end();
    window.states = [];
  });
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await s.sees('shop', { currentVisitors: 2 });
  assert.equal(await last(), undefined);
});

const without = {
  EventSource: () => delete window.EventSource,
  'Web Locks': () => Object.defineProperty(navigator, 'locks', { value: undefined }),
  BroadcastChannel: () => delete window.BroadcastChannel,
};
for (const [what, prepare] of Object.entries(without))
  story(`a browser without ${what} asks every few seconds`, async (s) => {
    await s.start();
    await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
    const url = await site(s);
    const { context, count } = await browse(s, prepare);
    const tab = await open(context, url);
    await shows(tab, '1online');
    await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
    await shows(tab, '2online');
    assert.ok(count('/sites/shop/realtime') >= 2);
    assert.equal(count('/sites/shop/stream'), 0);
  });

story('where streams are off, the number is asked for', async (s) => {
  await s.start({ collector: ['--streams', '0'] });
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const url = await site(s);
  const { context, count } = await browse(s);
  const tabs = [await open(context, url), await open(context, url)];
  for (const tab of tabs) await shows(tab, '1online');
  assert.equal(count('/sites/shop/stream'), 1);
});

/** A tab whose time stands still but for clock.fastForward, with a badge. */
async function openAtRest(s) {
  const url = await site(s);
  const { context } = await browse(s);
  const tab = await context.newPage();
  await tab.clock.install();
  await tab.clock.pauseAt(Date.now() + 1000);
  await tab.goto(url, { waitUntil: 'load' });
  return tab;
}

const isStale = (tab) => tab.evaluate(() => document.querySelector('headcount-badge').hasAttribute('stale'));
const becomesStale = (tab, is) => eventually(async () => assert.equal(await isStale(tab), is));

story('a number that nobody has confirmed for a minute is old, until somebody does', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const tab = await openAtRest(s);
  await shows(tab, '1online');
  await tab.clock.fastForward(120_000);
  assert.equal(await isStale(tab), false, 'a quiet stream is not old');
  await s.collector.stop();
  await eventually(async () => assert.equal(await tab.evaluate(async () => {
    let lost;
    window.headcountWidget.subscribe('shop', (state) => (lost = state.lost))();
    return lost > 0;
  }), true));
  assert.equal(await isStale(tab), false);
  await tab.clock.fastForward(61_000);
  await becomesStale(tab, true);
  assert.deepEqual(await shown(tab), ['1online'], 'the last number stays');
  await s.startCollector();
  await eventually(async () => {
    await tab.clock.fastForward(1000);
    assert.equal(await isStale(tab), false);
  }, 30_000);
}, { ms: 90_000 });

story('a stream that is open and tells nothing is old after 150 s, until it tells a number', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const tab = await openAtRest(s);
  await shows(tab, '1online');
  await tab.clock.fastForward(149_000);
  assert.equal(await isStale(tab), false);
  await tab.clock.fastForward(1_000);
  await becomesStale(tab, true);
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await shows(tab, '2online');
  await becomesStale(tab, false);

  await s.redis.kill();
  await s.collector.stop();
  await s.startCollector(); // streams are opened, but nothing is known to tell
  await eventually(async () => assert.equal(await streams(s), 1), 30_000);
  await tab.clock.fastForward(150_000);
  await becomesStale(tab, true);
  await s.startRedis();
  await becomesStale(tab, false);
}, { ms: 90_000 });
