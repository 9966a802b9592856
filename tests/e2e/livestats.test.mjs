// Clients of Livestats as they are, at a collector: pings by hand and from a real browser,
// and the report that their dashboards read. Rows L of seeds.md.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before } from 'node:test';
import { Browser } from './browser.mjs';
import { eventually, story, within } from './harness.mjs';
import { ownTime, withheld } from './own_time.mjs';
import { Site } from './site.mjs';

const CLIENT = fs.readFileSync(new URL('clients/livestats_client.js', import.meta.url));
const COOKIE = /^hc_livestats=([0-9a-f]{8}-[0-9a-f]{32}); Path=\/; HttpOnly; SameSite=Lax$/;
const FORM = 'application/x-www-form-urlencoded';

/** What a browser sends, byte by byte; form as it is, or an object of texts. */
function ping(s, form, { path = '/livestats.php?i=shop', headers = {} } = {}) {
  const body = typeof form === 'string' ? form : new URLSearchParams(form).toString();
  return s.request(path, { method: 'POST', headers: { 'content-type': FORM, ...headers }, body });
}

/** One browser that keeps the cookie it is given. */
function visitor(s, agent, options = {}) {
  let cookie;
  return async (state, page = '/', title = 'A page') => {
    const headers = { 'user-agent': agent, ...(cookie && { cookie }), ...options.headers };
    const answer = await ping(s, { state, url: `http://shop.example${page}`, title }, { ...options, headers });
    assert.equal(answer.body.toString(), 'ok');
    cookie = answer.headers['set-cookie']?.[0].split(';')[0] ?? cookie;
    return answer;
  };
}

async function report(s, path = '/getlivestats.php?i=shop') {
  const answer = await s.request(path);
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body);
}

const counts = (idle, reading, writing) => ({ total: idle + reading + writing, idle, reading, writing });
const reports = (s, idle, reading, writing, ms) =>
  eventually(async () => assert.deepEqual((await report(s)).aggregatedOnly, counts(idle, reading, writing)), ms);

/** Pages of a web site with the client, whose address hands on what ends in .php. */
async function pages(s, { at = '/stats/livestats.php?i=shop', seconds = '', body = '<input>' } = {}) {
  const pings = []; // the states, in the order in which they came
  const methods = new Set();
  const server = http.createServer((request, response) => {
    if (!/\.php/.test(request.url)) {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html><title>T &amp; T</title><body>${body}<script>${CLIENT}
        window.stats = new Livestats(${JSON.stringify(at)}${seconds && `, ${seconds}`}); stats.start();</script>`);
      return;
    }
    methods.add(request.method);
    const parts = [];
    request.on('data', (part) => parts.push(part)).on('end', async () => {
      const text = Buffer.concat(parts);
      pings.push(Number(new URLSearchParams(text.toString()).get('state')));
      const answer = await s.request(request.url, { method: request.method, headers: request.headers, body: text });
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${server.address().port}/`, pings, methods };
}

let browser;
before(async () => {
  browser = await Browser.launch();
});
after(() => browser.kill());

async function person(s) {
  const one = await browser.person();
  s.closing.push(() => one.close());
  return one;
}

story('L1: a ping is answered ok, one without a good state with nothing, and then it is not counted', async (s) => {
  await s.start();
  for (const bad of ['', 'url=/a&title=b', 'state=&url=/a', 'state=3', 'state=-1', 'state=reading', '{"state":1}']) {
    const answer = await ping(s, bad);
    assert.equal(answer.status, 200, bad);
    assert.equal(answer.body.length, 0, bad);
    assert.equal(answer.headers['set-cookie'], undefined, bad);
  }
  const looked = await s.request('/livestats.php?i=shop');
  assert.equal(looked.status, 200);
  assert.equal(looked.body.length, 0);
  assert.equal((await s.counters(s.collector)).bad_state, 7);

  const wire = s.wire();
  const body = 'state=1&url=http%3A%2F%2Fshop.example%2Fa%3Fb%23c&title=A%20%26%20B';
  wire.send(`POST /backend/php/livestats.php?i=shop HTTP/1.1\r\nHost: shop.example\r\nOrigin: http://shop.example\r\n` +
    `User-Agent: old\r\nContent-type: ${FORM}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  await within(5_000, 'the answer', wire.end);
  assert.match(wire.text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(wire.text, /\r\nContent-Type: text\/html; charset=utf-8\r\n/);
  assert.match(wire.text, /\r\nCache-Control: no-store\r\n/);
  assert.match(wire.text, /\r\n\r\nok$/);
  await s.sees('shop', { currentVisitors: 1, pageViews: 0 });
  assert.equal((await s.counters(s.collector)).hits, 1);
});

story('L2: the first ping sets a cookie, and later ones with it are of the same visitor', async (s) => {
  await s.start();
  const one = visitor(s, 'one');
  const first = await one(1);
  assert.match(first.headers['set-cookie'][0], COOKIE);
  await reports(s, 0, 1, 0);
  const second = await one(2);
  assert.equal(second.headers['set-cookie'], undefined);
  await reports(s, 0, 0, 1);
  await s.sees('shop', { currentVisitors: 1 });

  const other = visitor(s, 'one'); // another profile of the same browser at the same address
  assert.notEqual((await other(0)).headers['set-cookie'][0], first.headers['set-cookie'][0]);
  await other(0);
  await reports(s, 1, 0, 1);
  await s.sees('shop', { currentVisitors: 2 });

  const forged = await ping(s, 'state=1', { headers: { cookie: 'a=b; hc_livestats=me', 'user-agent': 'two' } });
  assert.match(forged.headers['set-cookie'][0], COOKIE, 'what is none of ours is replaced');
});

story('L3: from another origin no cookie is asked for, and a visitor counts once', async (s) => {
  await s.start();
  const headers = { origin: 'https://blog.example' };
  const [one, two] = ['one', 'two'].map((agent) => visitor(s, agent, { headers }));
  for (let k = 0; k < 3; k++) {
    const answer = await one(1);
    assert.equal(answer.headers['set-cookie'], undefined);
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    await two(0);
  }
  await reports(s, 1, 1, 0);
  await s.sees('shop', { currentVisitors: 2 });
});

story('L2, L3: so it is in a browser, from the same origin and from another', async (s) => {
  await s.start();
  const own = await pages(s);
  const first = await person(s);
  const tab = await first.open(own.url);
  await reports(s, 0, 1, 0);
  await tab.pass(31_000);
  await eventually(() => assert.deepEqual(own.pings, [1, 0, 0]));
  await reports(s, 1, 0, 0);
  await s.sees('shop', { currentVisitors: 1 });
  assert.equal(await tab.run('document.cookie'), '', 'no script reads it');

  await (await person(s)).open(own.url); // another profile
  await eventually(() => assert.equal(own.pings.length, 4));
  await reports(s, 1, 1, 0);

  const foreign = await pages(s, { at: `${own.url}livestats.php?i=blog` });
  const there = await (await person(s)).open(foreign.url);
  await there.pass(31_000);
  await eventually(() => assert.equal(own.pings.length, 4 + 3));
  assert.deepEqual([...own.methods], ['POST'], 'no preflight');
  await eventually(async () => assert.equal((await s.counters(s.collector)).hits, 4 + 3));
  await s.sees('blog', { currentVisitors: 1 });
});

story('L4, L9: states add up, and pages are told with titles and visitors', async (s) => {
  await s.start();
  await visitor(s, 'idle')(0, '/a?x=1#y', 'The A');
  await visitor(s, 'reading')(1, '/a', 'The A');
  await visitor(s, 'writing')(2, '/"b"', 'The "B"');
  await s.hit({ i: 'shop', p: '/a', u: 'who uses the tracker', v: 'tab', a: 'b', t: 'The A' });
  await s.hit({ i: 'shop', p: '/gone', u: 'a bare pixel' });
  const wanted = { ...counts(2, 1, 1) };
  await eventually(async () => assert.deepEqual(await report(s), {
    aggregatedOnly: wanted,
    fullReport: {
      ...wanted,
      pages: [{ url: '/a', title: 'The A', visitors: 3 }, { url: '/"b"', title: 'The "B"', visitors: 1 }],
    },
  }));
  const answer = await s.request('/examples/getlivestats.php?i=shop');
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.equal(answer.headers['cache-control'], 'no-cache, must-revalidate');
  assert.equal((await s.api('shop')).online.total, 4);
  assert.deepEqual(await report(s, '/getlivestats.php?i=nobody'), {
    aggregatedOnly: counts(0, 0, 0), fullReport: { ...counts(0, 0, 0), pages: [] },
  });
  assert.equal((await s.request('/getlivestats.php?i=a%20b')).status, 400);
});

story('L5: a visitor that is silent for 60 s is gone, and after 30 s from the pages', async (s) => {
  await s.start();
  await visitor(s, 'one')(1);
  const begun = performance.now();
  const machine = withheld();
  const between = (from, to, what) => {
    const passed = performance.now() - begun;
    assert.ok(passed > from && passed < to + machine(), `${what} after ${Math.round(passed)} ms`);
  };
  await reports(s, 0, 1, 0);
  assert.equal((await report(s)).fullReport.pages.length, 1);
  await eventually(async () => {
    assert.deepEqual((await report(s)).fullReport, { ...counts(0, 0, 0), pages: [] });
  }, 45_000);
  between(29_000, 33_000, 'from the pages');
  assert.equal((await report(s)).aggregatedOnly.total, 1);
  await reports(s, 0, 0, 0, 60_000);
  between(59_000, 63_000, 'gone');
  await s.sees('shop', { currentVisitors: 1 }); // was seen in the last minutes all the same
}, { ms: 90_000 });

story('L5: --livestats-timeout is how long it is', async (s) => {
  await s.start({ collector: ['--livestats-timeout', '4'] });
  const one = visitor(s, 'one');
  await one(1);
  await one(1);
  const passed = ownTime();
  await reports(s, 0, 1, 0);
  await eventually(async () => assert.equal((await report(s)).fullReport.total, 0));
  assert.equal((await report(s)).aggregatedOnly.total, 1);
  await reports(s, 0, 0, 0);
  assert.ok(passed() < 6_000);
});

story('L6: typing is writing, a pointer is reading, nothing is idle, and writing is stronger', async (s) => {
  await s.start();
  const site = await pages(s);
  const tab = await (await person(s)).open(site.url);
  const key = () => tab.call('Input.dispatchKeyEvent', { type: 'char', text: 'a' });
  await reports(s, 0, 1, 0);
  await tab.pass(15_500);
  await reports(s, 1, 0, 0);
  await tab.click('input');
  await tab.pass(15_000);
  await reports(s, 0, 1, 0);
  await tab.click('input');
  await key();
  await tab.pass(15_000);
  await reports(s, 0, 0, 1);
  await tab.pass(15_000);
  await reports(s, 1, 0, 0);
  assert.deepEqual(site.pings, [1, 0, 1, 2, 0]);
});

story('L7: after five idle minutes the client stops, its visitor leaves, and an activity brings both back', async (s) => {
  await s.start({ collector: ['--livestats-timeout', '5'] });
  const site = await pages(s);
  const tab = await (await person(s)).open(site.url);
  await reports(s, 0, 1, 0);
  await tab.pass(15 * 60_000);
  const stopped = 2 + 300 / 15; // the first, the first idle one, and those of five minutes
  await eventually(() => assert.equal(site.pings.length, stopped));
  await reports(s, 0, 0, 0);
  assert.equal(site.pings.length, stopped);
  await tab.click('input');
  await tab.pass(15_000);
  await reports(s, 0, 1, 0);
  assert.deepEqual(site.pings.slice(stopped), [1]);
});

story('L8: the interval is the second argument, 15 s without it; stop ends the pings', async (s) => {
  await s.start();
  for (const [seconds, ms, pings] of [['', 61_000, 5], ['3', 31_000, 11]]) {
    const site = await pages(s, { seconds });
    const tab = await (await person(s)).open(site.url);
    await eventually(() => assert.equal(site.pings.length, 1));
    await tab.pass(ms);
    await eventually(() => assert.equal(site.pings.length, pings, `every ${seconds || 15} s`));
    await tab.run('stats.stop()');
    await tab.pass(120_000);
    await tab.run('new Promise((resolve) => fetch("/x").then(resolve))'); // behind any ping
    assert.equal(site.pings.length, pings);
  }
});

story('L10: of two tabs of one visitor the strongest state counts, whichever told last', async (s) => {
  await s.start();
  const one = visitor(s, 'one');
  await one(2, '/a');
  await one(0, '/b');
  await reports(s, 0, 0, 1);
  await one(1, '/b');
  await one(0, '/b');
  await eventually(async () => assert.equal((await report(s)).fullReport.pages.length, 2));
  await reports(s, 0, 0, 1);
  await one(0, '/a');
  await reports(s, 1, 0, 0);
  await s.sees('shop', { currentVisitors: 1 });
});

story('L11: sites are apart, named in the address or by the host that was asked, and referrers are kept', async (s) => {
  await s.start();
  await visitor(s, 'one', { path: '/livestats.php?i=one' })(1);
  await visitor(s, 'two', { path: '/livestats.php', headers: { host: 'Blog.Example:8080' } })(0);
  await s.sees('one', { currentVisitors: 1 });
  await s.sees('blog.example', { currentVisitors: 1 });
  const byHost = await s.request('/getlivestats.php', { headers: { host: 'blog.example' } });
  assert.deepEqual(JSON.parse(byHost.body).aggregatedOnly, counts(1, 0, 0));
  await s.hit({ i: 'one', p: '/', u: 'who uses the tracker', r: 'https://www.search.example/?q=shop' });
  const { referrers } = await s.sees('one', { pageViews: 1 });
  assert.deepEqual(referrers.map(({ name }) => name), ['search.example']);
  const nobody = await ping(s, 'state=1', { path: '/livestats.php?i=no+site' });
  assert.equal(nobody.status, 200);
  assert.equal(nobody.body.length, 0);
  assert.equal((await s.counters(s.collector)).bad_site, 1);
});

story('L12: with our own script scrolling and touching are reading in a page of standards mode', async (s) => {
  await s.start();
  const site = await Site.open(s, {
    pages: { '/': '<div style="height: 9000px">long</div>' }, attributes: 'data-idle="30"',
  });
  const tab = await (await person(s)).open(site.url());
  const told = (state) => eventually(() => assert.equal(site.log.at(-1), `h / ${state}`));
  await site.says(['v /']);
  assert.equal(await tab.run('document.compatMode'), 'CSS1Compat');
  await tab.pass(60_000);
  await told('i');
  // The event may reach the page after the browser has said that it was sent.
  const turned = tab.run("new Promise((done) => addEventListener('wheel', () => done(), { once: true }))");
  await tab.call('Input.dispatchMouseEvent', { type: 'mouseWheel', x: 50, y: 50, deltaX: 0, deltaY: 600 });
  await within(5_000, 'the wheel turns', turned);
  await tab.pass(17_000);
  await told('r');
  await tab.pass(60_000);
  await told('i');
  const touch = (type, y) => tab.call('Input.dispatchTouchEvent', { type, touchPoints: type === 'touchEnd' ? [] : [{ x: 50, y }] });
  await touch('touchStart', 300);
  await touch('touchMove', 200);
  await touch('touchEnd');
  await tab.pass(17_000);
  await told('r');
  await eventually(async () => assert.equal((await s.api('shop')).online.reading, 1));
});

story('L13: four hundred visitors who ping every 15 s are counted each, and answered at once', async (s) => {
  const VISITORS = 400;
  await s.start();
  const all = Array.from({ length: VISITORS }, (_, k) => visitor(s, `visitor ${k}`));
  const took = [];
  const machine = withheld();
  for (const state of [1, 0, 2]) {
    for (let k = 0; k < VISITORS; k += 50) { // at the same moment
      await Promise.all(all.slice(k, k + 50).map(async (one) => {
        const begun = performance.now();
        await one(state, `/${state}`);
        took.push(performance.now() - begun);
      }));
    }
  }
  await reports(s, 0, 0, VISITORS);
  await s.sees('shop', { currentVisitors: VISITORS });
  took.sort((a, b) => a - b);
  const p99 = took[Math.floor(took.length * 0.99)];
  console.log(`${took.length} pings, p99 ${p99.toFixed(1)} ms, fifty at a time`);
  assert.ok(p99 < 1_000 + machine(), `p99 ${p99} ms`);
  assert.equal((await s.counters(s.collector)).hits, 3 * VISITORS);
}, { ms: 180_000 });
