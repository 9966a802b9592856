// The elements in a real browser, on pages of somebody else's origin that load the modules
// from the collector.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Browser } from './browser.mjs';
import { cable, relay } from './cable.mjs';
import { eventually, story } from './harness.mjs';
import { theBrowser } from './pages.mjs';

// A strict page: what the elements need of a policy is what is here.
const policy = (origin, base) =>
  `default-src 'none'; script-src ${origin}; img-src ${origin}; connect-src ${origin} ${base}`;

/** Another site's pages. ?tab=N counts itself as that tab; /empty is one with nothing on it. */
async function site(s, body, modules = ['headcount-elements.js'], base = '') {
  const server = http.createServer((req, res) => {
    const tab = new URL(req.url, 'http://x').searchParams.get('tab');
    const origin = `http://${s.http}`;
    res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(origin, base) });
    if (req.url === '/empty') return res.end('<!doctype html><title>empty</title>');
    const scripts = modules.map((name) => `<script type="module" src="${origin}/web/${name}"></script>`);
    res.end(`<!doctype html><html lang="en"><title>a page</title><link rel="icon" href="${origin}/icon.svg">
      ${tab ? `<img src="${origin}/hc.gif?i=shop&p=/&u=me&v=${tab}" alt="">` : ''}${body}${scripts.join('')}`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  }));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** A browser whose requests to the collector, and whatever it has to say, are written down. */
async function browse(s, options) {
  const context = await (await theBrowser(s)).newContext(options);
  const asked = [];
  const said = [];
  const queries = [];
  context.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    asked.push(pathname);
    queries.push(search);
  });
  context.on('weberror', (error) => said.push(String(error.error())));
  context.on('console', (message) => said.push(message.text()));
  const count = (path) => asked.filter((one) => one === path).length;
  return { context, asked, queries, said, count };
}

async function open(context, url) {
  const tab = await context.newPage();
  await tab.goto(url, { waitUntil: 'load' });
  return tab;
}

/** What parts of the first such element say: { number: '2', label: 'online' }. */
const parts = (tab, selector) =>
  tab.evaluate((selector) => {
    const root = document.querySelector(selector).shadowRoot;
    return Object.fromEntries([...root.querySelectorAll('[part]')].map((one) => [one.part.value, one.textContent]));
  }, selector);
const shows = (tab, selector, expected, ms = 20_000) =>
  eventually(async () => {
    const { number, label } = await parts(tab, selector);
    assert.deepEqual([number, label], expected);
  }, ms);
const status = (tab) => tab.evaluate(() => document.querySelector('[site]').getAttribute('status'));
const becomes = (tab, expected, ms = 20_000) => eventually(async () => assert.equal(await status(tab), expected), ms);
const streams = async (s) => (await s.counters(s.collector)).streams_open;

const COUNTER = '<headcount-counter site="shop"></headcount-counter>';

story('eight tabs show the same number, and hold one stream', async (s) => {
  await s.start();
  const url = await site(s, COUNTER, ['headcount-counter.js']);
  const { context, count, said } = await browse(s);
  const tabs = [];
  for (let i = 0; i < 8; i++) tabs.push(await open(context, `${url}?tab=t${i}`));
  for (const tab of tabs) await shows(tab, 'headcount-counter', ['1', 'online']);
  await s.hit({ i: 'shop', p: '/', u: 'somebody else', v: 'x' });
  for (const tab of tabs) await shows(tab, 'headcount-counter', ['2', 'online']);
  assert.equal(count('/sites/shop/stream'), 1);
  assert.equal(count('/sites/shop/realtime'), 0, 'states say all that is shown');
  assert.equal(await streams(s), 1);
  for (const tab of tabs.slice(0, 7)) {
    await tab.close(); // the first leads, then the next
    assert.deepEqual(await status(tabs[7]), 'live');
  }
  await s.hit({ i: 'shop', p: '/', u: 'yet another', v: 'y' });
  await eventually(async () => assert.equal(await streams(s), 1));
  await shows(tabs[7], 'headcount-counter', ['3', 'online']);
  assert.deepEqual(said, []);
}, { ms: 120_000 });

story('H8: every element shows what it is asked to, in its own words, and nothing runs', async (s) => {
  await s.start();
  const hostile = '<img src=x onerror=alert(1)>';
  await s.hit({ i: 'shop', p: `/${hostile}`, u: 'alice', v: 'a', a: 'w', t: hostile });
  await s.hit({ i: 'shop', p: '/', u: 'bob' }); // in the window, not online
  await s.hit({ i: 'shop', p: '/', u: 'carol', v: 'c', a: 'b' });
  const url = await site(s, `${COUNTER}
    <headcount-counter class="two" site="shop" show="last30" label="${hostile.replaceAll('<', '&lt;')}"></headcount-counter>
    <headcount-counter class="three" site="shop" show="current" minutes="7"></headcount-counter>
    <headcount-badge site="shop" show="active"></headcount-badge>
    <headcount-badge class="total" site="shop" show="total"></headcount-badge>
    <headcount-badge class="quiet" site="quiet"></headcount-badge>
    <headcount-badge class="none"></headcount-badge>
    <headcount-states site="shop"></headcount-states>
    <headcount-pages site="shop"></headcount-pages>
    <headcount-bars site="shop"></headcount-bars>
    <headcount-feed site="shop"></headcount-feed>`);
  const { context, count, said } = await browse(s);
  const tab = await open(context, url);
  await shows(tab, 'headcount-counter', ['2', 'online']);
  await shows(tab, '.two', ['3', hostile]);
  await shows(tab, '.three', ['3', 'in 7 minutes']);
  await shows(tab, 'headcount-badge', ['1', 'active']);
  await shows(tab, '.total', ['3', 'visits']);
  await shows(tab, '.quiet', ['0', 'online']);
  await shows(tab, '.none', ['–', 'online']);
  const states = () => tab.evaluate(() =>
    [...document.querySelector('headcount-states').shadowRoot.querySelectorAll('dd')].map((dd) => dd.textContent));
  await eventually(async () => assert.deepEqual(await states(), ['2', '0', '1', '0', '1']));
  assert.equal(count('/sites/shop/stream') <= 2, true, 'one stream of a site, twice at most: when events are wanted');
  assert.equal(await streams(s), 2);

  // In words, for who cannot see it.
  const spoken = await tab.evaluate(() => document.querySelector('headcount-counter').shadowRoot.querySelector('.sr').textContent);
  assert.match(spoken, /^2 online\. People who have a page open/);
  assert.match(await tab.evaluate(() => document.querySelector('headcount-counter').title), /^People who/);

  await tab.evaluate(() => {
    document.querySelector('.none').setAttribute('site', 'shop');
    document.querySelector('.two').setAttribute('label', 'seen');
    document.querySelector('.two').setAttribute('show', 'active');
    document.querySelector('.quiet').remove();
  });
  await shows(tab, '.none', ['2', 'online']);
  await shows(tab, '.two', ['1', 'seen']);
  await eventually(async () => assert.equal(await streams(s), 1, 'nobody watches the quiet one any more'));
  const style = await tab.evaluate(() =>
    getComputedStyle(document.querySelector('headcount-badge').shadowRoot.querySelector('.dot')).borderRadius);
  assert.equal(style, '50%', 'the sheets apply under a strict policy');
  assert.deepEqual(said, []);
});

story('an element that is moved goes on, and one that is asked for another site shows that', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const url = await site(s, COUNTER, ['headcount-counter.js']);
  const { context, count } = await browse(s);
  const tab = await open(context, url);
  await shows(tab, 'headcount-counter', ['1', 'online']);
  await tab.evaluate(() => document.body.prepend(document.querySelector('headcount-counter')));
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await shows(tab, 'headcount-counter', ['2', 'online']);
  assert.equal(count('/sites/shop/stream'), 1);
  await tab.evaluate(() => {
    const counter = document.querySelector('headcount-counter');
    counter.remove();
    counter.setAttribute('site', 'quiet');
    document.body.append(counter);
  });
  await shows(tab, 'headcount-counter', ['0', 'online']);
  assert.equal(await streams(s), 1);
  await tab.evaluate(() => document.querySelector('headcount-counter').remove());
  await eventually(async () => assert.equal(await streams(s), 0));
});

story('an element of a site that is closed meanwhile no longer looks as if its number were new', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const { context } = await browse(s);
  const tab = await open(context, await site(s, COUNTER, ['headcount-counter.js']));
  await shows(tab, 'headcount-counter', ['1', 'online']);
  const look = () => tab.evaluate(() => getComputedStyle(document.querySelector('headcount-counter')).filter);
  assert.equal(await look(), 'none');
  assert.equal((await s.cli(['site', 'visibility', 'shop', 'token', '--redis', s.redisAddress])).code, 0);
  await becomes(tab, 'refused');
  assert.equal(await look(), 'grayscale(1)');
});

story('modules of two versions and widget.js share a page, and what is removed lets go of its streams', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const [, hash] = /web\/([0-9a-f]{16})\//.exec((await s.request('/site/shop')).body);
  const names = ['counter', 'badge', 'states', 'pages', 'bars', 'feed', 'list', 'map'];
  const body = names.map((name) => `<headcount-${name} site="shop"></headcount-${name}>`).join('').repeat(2);
  const { context, said } = await browse(s);
  const tab = await open(context, await site(s, body, ['headcount-elements.js', `${hash}/headcount-elements.js`]));
  await tab.evaluate((src) => new Promise((done) => {
    document.body.append(Object.assign(document.createElement('script'), { src, onload: done }));
  }), `http://${s.http}/widget.js`);
  await shows(tab, 'headcount-counter', ['1', 'online']);
  await tab.evaluate(async (base) => { // of the version that came second, too
    const { subscribe } = await import(base);
    window.end = subscribe('shop', ({ status }) => (window.second = status));
  }, `http://${s.http}/web/${hash}/headcount-client.js`);
  await eventually(async () => assert.equal(await tab.evaluate('second'), 'live'));
  assert.equal(await streams(s), 1);
  await tab.evaluate(() => document.querySelectorAll('[site]').forEach((element) => element.remove()));
  await tab.evaluate('end()');
  await eventually(async () => assert.equal(await streams(s), 0));
  assert.deepEqual(said, []);
});

story('an element that is given views asks nobody', async (s) => {
  await s.start();
  const url = await site(s, '<headcount-counter></headcount-counter><headcount-badge></headcount-badge>');
  const { context, asked, said } = await browse(s);
  const tab = await context.newPage();
  await tab.addInitScript(() => {
    const view = { site: 'shop', status: 'live', since: 1, events: [], rev: '1.1', numbers: { online: { total: 41 } } };
    // Before it is known, as a page's own script may.
    addEventListener('DOMContentLoaded', () => (document.querySelector('headcount-badge').view = view), true);
    document.addEventListener('readystatechange', () => {
      const early = document.querySelector('headcount-counter');
      if (early && document.readyState === 'interactive') early.view = view;
    });
  });
  await tab.goto(url, { waitUntil: 'load' });
  await shows(tab, 'headcount-counter', ['41', 'online']);
  await shows(tab, 'headcount-badge', ['41', 'online']);
  assert.deepEqual(asked.filter((path) => path.startsWith('/sites')), []);
  assert.deepEqual(said, []);
});

story('a number runs to its new value, unless motion is not wanted', async (s) => {
  await s.start();
  const url = await site(s, COUNTER, ['headcount-counter.js']);
  const { context } = await browse(s);
  const told = async (calm) => {
    const tab = await context.newPage();
    await tab.emulateMedia({ reducedMotion: calm ? 'reduce' : 'no-preference' });
    await tab.goto(url, { waitUntil: 'load' });
    await becomes(tab, 'live');
    return tab.evaluate(async () => {
      const counter = document.querySelector('headcount-counter');
      const number = counter.shadowRoot.querySelector('[part=number]');
      const view = (total) => ({ site: 'shop', status: 'live', since: 1, events: [], rev: '1.1', numbers: { online: { total } } });
      const seen = new Set();
      const at = (n) => new Promise((done) => {
        new MutationObserver(() => {
          seen.add(Number(number.textContent));
          if (number.textContent === `${n}`) done();
        }).observe(number, { childList: true, characterData: true, subtree: true });
      });
      const hundred = at(100);
      counter.view = view(100);
      await hundred;
      seen.clear();
      const all = at(900);
      counter.view = view(900);
      await all;
      return [...seen];
    });
  };
  const run = await told(false);
  assert.ok(run.length > 3 && run.every((n, i) => n >= 100 && (i === 0 || n > run[i - 1])), String(run));
  assert.equal(run[run.length - 1], 900);
  assert.deepEqual(await told(true), [900]);
});

const cuts = {
  'the network is cut': async (s) => cable(s),
  'the browser is offline': async (s, context) => ({
    base: `http://${s.http}/`, cut: () => context.setOffline(true), mend: () => context.setOffline(false),
  }),
};
for (const [what, between] of Object.entries(cuts)) story(`when ${what} the element says so, and later is live again`, async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const { context, said } = await browse(s);
  const { base, cut, mend } = await between(s, context);
  const body = `<headcount-counter site="shop" base="${base}"></headcount-counter>
    <headcount-pages site="shop" base="${base}"></headcount-pages>`;
  const tab = await open(context, await site(s, body, undefined, base));
  await becomes(tab, 'live');
  assert.deepEqual(said, []);
  await cut();
  await becomes(tab, 'reconnecting');
  await shows(tab, 'headcount-counter', ['1', 'online']);
  const spoken = await tab.evaluate(() => document.querySelector('headcount-counter').shadowRoot.querySelector('.sr').textContent);
  assert.match(spoken, /Not live: of /);
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'b' });
  await mend();
  await becomes(tab, 'live');
  await shows(tab, 'headcount-counter', ['2', 'online']);
});

story('what is said at the moment is what the API says at the same revision', async (s) => {
  await s.start();
  const url = await site(s, '');
  const { context, said } = await browse(s);
  const tab = await open(context, url);
  await tab.evaluate(async (base) => {
    const { subscribe } = await import(`${base}/web/headcount-client.js`);
    window.end = subscribe('shop', (view) => (window.view = view));
  }, `http://${s.http}`);
  for (let i = 0; i < 6; i++) {
    await s.hit({ i: 'shop', p: `/${i % 3}`, u: `visitor ${i % 5}`, v: `tab ${i % 5}`, r: 'https://news.example/' });
    if (i % 2 === 0) continue;
    await s.sees('shop', { pageViews: i + 1 });
    await eventually(async () => {
      const answer = await s.api('shop');
      const { numbers, rev, events } = await tab.evaluate(() => window.view);
      assert.equal(rev, answer.rev);
      const { asOf, timestamp, ...rest } = numbers;
      const { asOf: _, timestamp: __, ...expected } = answer;
      assert.deepEqual(rest, expected);
      assert.deepEqual(events, answer.recentEvents);
    });
  }
  assert.deepEqual(said, []);
});

/** A tab whose time stands still but for clock.fastForward. */
async function openAtRest(context, url) {
  const tab = await context.newPage();
  await tab.clock.install();
  await tab.clock.pauseAt(Date.now() + 1000);
  await tab.goto(url, { waitUntil: 'load' });
  return tab;
}

/** Playwright holds every page visible. */
const hide = (tab, hidden) =>
  tab.evaluate((hidden) => {
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
  }, hidden);

story('a hidden tab asks nothing for a minute, and is up to date when it is shown', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const { base, comment } = await relay(s);
  const body = `<headcount-counter site="shop" base="${base}"></headcount-counter>
    <headcount-feed site="shop" base="${base}"></headcount-feed>`;
  const { context, asked, queries, count } = await browse(s);
  const tab = await openAtRest(context, await site(s, body, undefined, base));
  await becomes(tab, 'live');
  await hide(tab, true);
  await tab.clock.runFor(11_000);
  await eventually(() => assert.equal(asked[asked.length - 1], '/sites/shop/stream'));
  assert.equal(queries[queries.length - 1], '?feed=0&notify-min-delay=10');
  await eventually(async () => assert.equal(await streams(s), 1));
  const before = asked.length;
  for (let i = 0; i < 6; i++) {
    await s.hit({ i: 'shop', p: `/${i}`, u: 'alice', v: 'a' });
    comment(); // as after 15 s, which only the page takes for passed
    await tab.clock.runFor(10_000);
  }
  assert.deepEqual(asked.slice(before), []);
  const n = count('/sites/shop/realtime');
  await hide(tab, false);
  await eventually(async () => {
    await tab.clock.runFor(500);
    assert.ok(count('/sites/shop/realtime') > n);
    const lists = await tab.evaluate(() => document.querySelector('headcount-feed').view.events.map((event) => event.id));
    assert.deepEqual(lists, [7, 6, 5, 4, 3, 2, 1]);
  });
});

story('a silent stream is stale after 35 s, and asked for again after 45', async (s) => {
  await s.start();
  const url = await site(s, COUNTER, ['headcount-counter.js']);
  const { context, count } = await browse(s);
  const tab = await openAtRest(context, url);
  await becomes(tab, 'live');
  await tab.clock.runFor(34_000);
  assert.equal(await status(tab), 'live');
  await tab.clock.runFor(1_500);
  assert.equal(await status(tab), 'stale');
  assert.equal(count('/sites/shop/stream'), 1);
  await tab.clock.runFor(10_000);
  await becomes(tab, 'reconnecting');
  await eventually(async () => {
    await tab.clock.runFor(500);
    assert.equal(count('/sites/shop/stream'), 2);
    assert.equal(await status(tab), 'live');
  });
});

const without = {
  'Web Locks': () => Object.defineProperty(navigator, 'locks', { value: undefined }),
  BroadcastChannel: () => delete window.BroadcastChannel,
};
for (const [what, prepare] of Object.entries(without))
  story(`without ${what} each tab that is looked at has a stream of its own`, async (s) => {
    await s.start();
    const url = await site(s, COUNTER, ['headcount-counter.js']);
    const { context } = await browse(s);
    await context.addInitScript(prepare);
    const tabs = [await open(context, `${url}?tab=a`), await open(context, `${url}?tab=b`)];
    for (const tab of tabs) await shows(tab, 'headcount-counter', ['1', 'online']);
    assert.equal(await streams(s), 2);
  });

/* ---- as people have it: tabs behind others are hidden, and pages are put away ---- */

const LOOK = `(() => {
  const { view } = document.querySelector('headcount-counter');
  return [view?.status, view?.numbers?.online.total];
})()`;
const looks = (tab, expected, ms = 20_000) => eventually(async () => assert.deepEqual(await tab.run(LOOK), expected), ms);

story('a tab that is looked at takes the lead from one that no longer is', async (s) => {
  await s.start();
  const url = await site(s, COUNTER, ['headcount-counter.js']);
  const person = await (await Browser.of(s)).person();
  const script = `window.leads = 0; addEventListener('DOMContentLoaded', () => {
    const { fetch } = window;
    window.fetch = (...args) => (window.leads += String(args[0]).includes('/stream'), fetch(...args));
  });`;
  const first = await person.open(url, { script });
  await looks(first, ['live', 0]);
  const second = await person.open(url, { script }); // in front of the first
  await second.show();
  await looks(second, ['live', 0]);
  assert.deepEqual([await first.run('leads'), await second.run('leads')], [1, 0]);
  await eventually(async () => assert.equal(await second.run('leads'), 1), 20_000);
  await eventually(async () => assert.equal(await streams(s), 1));
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await looks(second, ['live', 1]);
  await looks(first, ['live', 1], 30_000);

  await second.goto(`${url}empty`); // who was behind it leads again, unseen
  await looks(first, ['live', 1]);
  await eventually(async () => assert.equal(await streams(s), 1));
  await second.run('history.back()');
  await looks(second, ['live', 1]);
  await eventually(async () => assert.equal(await streams(s), 1));
}, { ms: 120_000 });
