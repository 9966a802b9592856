// The dashboard of a site that may not be read without a token, in a real browser.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import http from 'node:http';
import { Browser } from './browser.mjs';
import { front } from './cable.mjs';
import { eventually, story } from './harness.mjs';
import { token } from './telnet.mjs';

const wrong = () => `hc_${crypto.randomBytes(32).toString('base64url')}`;

/** What is there of the page. */
const LOOK = `(() => {
  const text = (id) => document.getElementById(id)?.textContent.trim();
  return {
    online: text('online'), refused: text('refused'), asks: document.getElementById('ask')?.open,
    title: document.title, status: document.body.dataset.status, old: document.body.classList.contains('old'),
    href: location.href, pages: document.querySelector('headcount-pages')?.shadowRoot?.textContent ?? '',
  };
})()`;

const shows = (tab, expected, ms) =>
  eventually(async () => {
    const seen = await tab.run(LOOK);
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((key) => [key, seen[key]])), expected);
    return seen;
  }, ms);

/** Types a token into the page that asks for one. */
async function enter(tab, text) {
  await tab.click('#token');
  await tab.type(text);
  await tab.click('#ask button[value=ok]');
}

async function site(s) {
  await s.start();
  await s.hit({ i: 'shop', p: '/secret', u: 'alice', v: 'a' });
  await s.sees('shop', { currentVisitors: 1 });
  const browser = await Browser.of(s);
  return { browser, url: `http://${s.http}/site/shop`, right: await token(s, 'shop', 'read') };
}

async function cli(s, ...words) {
  assert.equal((await s.cli(['site', ...words, '--redis', s.redisAddress])).code, 0);
}

story('the page of a closed site asks for a token, and shows its numbers then and after a reload', async (s) => {
  const { browser, url, right } = await site(s);
  await cli(s, 'visibility', 'shop', 'token');
  const tab = await (await browser.person()).open(url);
  const { pages } = await shows(tab, { asks: true, online: '–', title: '(–) shop', status: 'refused' });
  assert.doesNotMatch(pages, /secret/);

  for (let k = 0; k < 12; k++) // and somebody else guesses at the same address: 429 from now on
    await s.request('/sites/shop/realtime', { headers: { authorization: `Bearer ${wrong()}` } });
  await enter(tab, wrong());
  await shows(tab, { asks: true, refused: 'The token was not accepted.', online: '–' });
  await enter(tab, right);
  await shows(tab, { asks: false, online: '1', title: '(1) shop', status: 'live', old: false });
  await eventually(async () => assert.match((await tab.run(LOOK)).pages, /\/secret/));

  await tab.call('Page.reload');
  await shows(tab, { asks: false, online: '1', status: 'live' });
  assert.equal(await tab.run(`localStorage.getItem('headcount_token:shop')`), right);

  await cli(s, 'token', 'shop', 'rm', 'read');
  await shows(tab, { asks: true, status: 'refused', old: true, title: '(–) shop' }, 20_000);
}, { ms: 90_000 });

/** Passes everything on to the collector; all that servers see and may log, but for the one header. */
async function logs(s) {
  const seen = [];
  const base = await front(s, ({ method, url, headers }, response) => {
    const { authorization, ...others } = headers;
    seen.push(JSON.stringify([url, others]));
    const passed = http.request(`http://${s.http}${url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    response.on('close', () => passed.destroy());
    passed.on('error', () => response.destroy()).end();
  });
  return { base, seen };
}

story('a link brings a token, which is gone from the address at once and stays with the tab', async (s) => {
  const { browser, right } = await site(s);
  const { base, seen } = await logs(s);
  const url = `${base}site/shop`;
  await cli(s, 'visibility', 'shop', 'token');
  const guest = await browser.person();
  const tab = await guest.open(`${url}#token=${right}`);
  await shows(tab, { asks: false, online: '1', status: 'live', href: url });
  await tab.call('Page.reload');
  await shows(tab, { asks: false, online: '1', href: url });
  assert.deepEqual(await tab.run(`Object.keys(localStorage).filter((key) => key.includes('token'))`), []);
  const other = await guest.open(url);
  await shows(other, { asks: true, online: '–' });
  const stale = await guest.open(`${url}#token=${wrong()}`);
  await shows(stale, { asks: true, refused: 'The token was not accepted.', href: url });
  await enter(stale, right);
  await shows(stale, { asks: false, online: '1', status: 'live' });
  const again = await guest.open(`${url}#token=${wrong()}`); // no loss for who has one
  await shows(again, { asks: false, online: '1', status: 'live', href: url });
  await tab.run(`document.getElementById('home').click()`);
  await eventually(async () => assert.equal(await tab.run('location.pathname + document.referrer'), `/${url}`));
  for (const line of seen) assert.ok(!line.includes('hc_'), line);
  assert.ok(seen.some((line) => line.includes('/sites/shop/stream')) && seen.some((line) => line.includes(`"referer":"${url}"`)));
});

story('a page that is open when its site is closed asks, and goes on when it is public again', async (s) => {
  const { browser, url } = await site(s);
  const person = await browser.person();
  const tab = await person.open(url);
  await shows(tab, { asks: false, online: '1', status: 'live' });
  await cli(s, 'visibility', 'shop', 'token');
  await shows(tab, { asks: true, status: 'refused', old: true }, 20_000);
  await cli(s, 'visibility', 'shop', 'public');
  await eventually(async () => { // who comes back to it is not asked any more
    const other = await person.open('about:blank');
    await tab.show();
    await other.close();
    await shows(tab, { asks: false, online: '1', status: 'live', old: false }, 1_500);
  });
  const later = await (await browser.person()).open(url);
  await eventually(async () => {
    await later.call('Page.reload');
    await shows(later, { asks: false, online: '1', status: 'live' }, 1_500);
  });
}, { ms: 90_000 });
