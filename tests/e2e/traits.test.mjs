// Where views came from and what they were seen on, titles of pages, and how long queries took:
// told over HTTP, kept in Redis beside the rows, exact over the death of the aggregator.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';

const WEBKIT = 'AppleWebKit/537.36 (KHTML, like Gecko)';
const PHONE = `Mozilla/5.0 (Linux; Android 10; K) ${WEBKIT} Chrome/120.0.0.0 Mobile Safari/537.36`;
const DESKTOP = 'Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0';

const trusted = { collector: ['--trusted-proxy', '127.0.0.1'] };

/** Fields of all keys of a kind of the site, their numbers added up; texts as they are. */
async function added(s, site, kind) {
  const sums = {};
  for (const key of await s.keys(`hc:{${site}}:${kind}:*`)) {
    const flat = (await s.redisCli('HGETALL', key)).split('\n');
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const number = /^\d+$/.test(flat[i + 1]);
      sums[flat[i]] = number ? (sums[flat[i]] ?? 0) + Number(flat[i + 1]) : flat[i + 1];
    }
  }
  return sums;
}

const phone = (s, fields) => s.hit({ i: 'shop', ...fields }, { 'user-agent': PHONE, 'cf-ipcountry': 'DE' });
const desktop = (s, fields) => s.hit({ i: 'shop', ...fields }, { 'user-agent': DESKTOP });

story('views are told apart by referrer, device, browser and country, and pages have titles', async (s) => {
  await s.start(trusted);
  await phone(s, { p: 'https://shop.example/', t: 'Home', r: 'https://www.news.example/a?b=c' });
  await phone(s, { p: 'https://shop.example/cart', t: 'Cart', r: 'https://shop.example/' });
  await desktop(s, { p: 'https://shop.example/' });
  await desktop(s, { p: 'https://shop.example/', k: 'h', v: '1', t: 'Home again', r: 'x.example' });
  const answer = await s.sees('shop', {
    pageViews: 3,
    referrers: [
      { name: '(direct)', views: 1, class: 'direct' },
      { name: '(internal)', views: 1, class: 'internal' },
      { name: 'news.example', views: 1, class: 'link' },
    ],
    campaigns: [],
    terms: [],
    devices: [
      { name: 'mobile', views: 2 },
      { name: 'desktop', views: 1 },
    ],
    browsers: [
      { name: 'Chrome', views: 2 },
      { name: 'Firefox', views: 1 },
    ],
    countries: [{ name: 'DE', views: 2 }],
    queries: { count: 0, p50: 0, p95: 0 },
  });
  await eventually(async () => {
    const { activePages } = await s.api('shop');
    const titles = Object.fromEntries(activePages.map(({ path, title }) => [path, title]));
    assert.deepEqual(titles, { '/': 'Home again', '/cart': 'Cart' });
  });
  const [newest, , first] = answer.recentEvents;
  assert.match(first.visitor, /^[0-9a-f]{8}$/);
  assert.equal(newest.visitor === first.visitor, false);
  const { id, timestamp, visitor, ...rest } = first;
  assert.deepEqual(rest, {
    type: 'pageview', path: '/', device: 'mobile', browser: 'Chrome', country: 'DE', referrer: 'news.example',
  });
  const row = await added(s, 'shop', 'b');
  assert.deepEqual(
    { ...row, uniq: undefined, last: undefined, n: undefined },
    { pv: 3, ev: 0, 'p:/': 1, 'p:/cart': 1, uniq: undefined, last: undefined, n: undefined },
  );
  assert.deepEqual(await added(s, 'shop', 'tr'), {
    'r:news.example': 1, 'r:-': 1, 'd:mobile': 2, 'd:desktop': 1, 'w:Chrome': 2, 'w:Firefox': 1, 'g:DE': 2,
  });
  for (const key of await s.keys('hc:{shop}:tr:*')) {
    const [traits, itsRow] = [key, key.replace(':tr:', ':b:')].map((name) => s.redisCli('EXPIRETIME', name));
    assert.ok(Number(await traits) > 0, `${key} has no end`);
    assert.equal(await traits, await itsRow);
  }
  assert.equal(await s.redisCli('HGET', 'hc:{shop}:ti', '/cart'), 'Cart');
  assert.ok(Number(await s.redisCli('TTL', 'hc:{shop}:ti')) > 0);
});

story('a country is believed of a trusted proxy alone', async (s) => {
  await s.start();
  await phone(s, { p: '/' });
  const { countries } = await s.sees('shop', { pageViews: 1 });
  assert.deepEqual(countries, []);
});

story('nothing of it is lost or counted twice when the aggregator is killed', async (s) => {
  await s.start(trusted);
  const some = async (n) => {
    for (let k = 0; k < n; k++) {
      await phone(s, { p: `/${k % 3}`, t: `Page ${k % 3}`, r: `host${k % 4}.example`, u: `p${k % 5}` });
      await desktop(s, { p: '/', u: 'd', r: k % 2 ? 'https://host0.example/x' : '' });
    }
  };
  await some(20);
  await s.sees('shop', { pageViews: 40 });
  await s.aggregator.kill();
  await some(20);
  await s.startAggregator();
  await some(20);
  await s.sees(
    'shop',
    {
      pageViews: 120,
      referrers: [
        { name: 'host0.example', views: 45, class: 'link' },
        { name: '(direct)', views: 30, class: 'direct' },
        { name: 'host1.example', views: 15, class: 'link' },
        { name: 'host2.example', views: 15, class: 'link' },
        { name: 'host3.example', views: 15, class: 'link' },
      ],
      devices: [
        { name: 'desktop', views: 60 },
        { name: 'mobile', views: 60 },
      ],
      countries: [{ name: 'DE', views: 60 }],
    },
    20_000,
  );
  const row = { ...(await added(s, 'shop', 'b')), ...(await added(s, 'shop', 'tr')) };
  assert.deepEqual([row.pv, row['d:mobile'], row['r:host0.example'], row['g:DE']], [120, 60, 45, 60]);
  const { activePages } = await s.api('shop');
  assert.equal(activePages.find(({ path }) => path === '/1').title, 'Page 1');
  assert.equal(activePages.find(({ path }) => path === '/').title, undefined);
});

story('campaigns and terms are told in every way, kept, and known after the aggregator is killed', async (s) => {
  await s.start();
  const send = (body, type) => s.request('/e', { method: 'POST', headers: { 'content-type': type }, body });
  const told = async () => {
    await desktop(s, { p: 'https://shop.example/?utm_campaign=Spring+sale&utm_term=red%20shoes&x=1' });
    await desktop(s, { p: '/', utm_campaign: 'Spring sale', r: 'https://www.google.de/' });
    await desktop(s, { p: '/', q: '?a=b&utm_source=facebook&utm_campaign=<b>&utm_term=red%20shoes' });
    await send('i=shop&p=%2F&utm_term=hats', 'application/x-www-form-urlencoded');
    await send(JSON.stringify({ i: 'shop', url: '/?utm_campaign=Spring%20sale', utm_term: 7 }), 'application/json');
    await s.request('/count?i=shop&p=/a&q=%3Futm_campaign%3Dgoat');
    await s.request('/api/event', {
      method: 'POST',
      body: JSON.stringify({ n: 'pageview', d: 'shop', u: 'https://shop.example/?utm_campaign=goat&ref=x' }),
    });
  };
  await told();
  const seen = (times, ms) => s.sees('shop', {
    pageViews: 7 * times,
    campaigns: [
      { name: 'Spring sale', views: 3 * times },
      { name: 'goat', views: 2 * times },
      { name: '<b>', views: times },
    ],
    terms: [
      { name: 'red shoes', views: 2 * times },
      { name: '7', views: times },
      { name: 'hats', views: times },
    ],
    referrers: [
      { name: '(direct)', views: 5 * times, class: 'direct' },
      { name: 'facebook', views: times, class: 'social' },
      { name: 'google.de', views: times, class: 'search' },
    ],
    sources: [
      { name: 'direct', views: 5 * times },
      { name: 'search', views: times },
      { name: 'social', views: times },
    ],
  }, ms);
  await seen(1);
  const fields = await added(s, 'shop', 'tr');
  assert.deepEqual([fields['c:Spring sale'], fields['c:<b>'], fields['k:red shoes'], fields['k:7']], [3, 1, 2, 1]);
  await s.aggregator.kill();
  await told();
  await s.startAggregator();
  await told();
  await seen(3, 20_000);
});

story('titles and how long queries took are known after a restart though nobody tells them again', async (s) => {
  await s.start();
  const { out: token } = await s.cli([
    'site', 'token', 'shop', 'add', 'bot', '--scope', 'send', '--redis', s.redisAddress,
  ]);
  const query = async (ms) => {
    const answer = await s.request('/e', {
      method: 'POST',
      headers: { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ i: 'shop', k: 'query', text: 'SELECT 1', name: 'api', ms }),
    });
    assert.equal(answer.status, 202, answer.body.toString());
  };
  await desktop(s, { p: '/', t: 'Home', u: 'alice' });
  for (const ms of [1, 12, 12, 12, 1000]) await query(ms);
  const before = await s.sees('shop', { pageViews: 1, queries: { count: 5, p50: 12, p95: 1008 } });
  assert.equal(before.activePages[0].title, 'Home');
  const { type, text, name, ms } = before.recentEvents[0];
  assert.deepEqual({ type, name, ms, text }, { type: 'query', name: 'api', ms: 1000, text: undefined });
  await s.aggregator.kill();
  await s.startAggregator();
  await desktop(s, { p: '/', u: 'bob' });
  await query(12);
  const after = await s.sees('shop', { pageViews: 2, queries: { count: 6, p50: 12, p95: 1008 } }, 20_000);
  assert.equal(after.activePages[0].title, 'Home');
  const counted = after.series.reduce((sum, { queries = 0 }) => sum + queries, 0);
  assert.equal(counted, 6);
});
