// How a token may come: in one header and nowhere else, compared in constant time; and that no
// page of another origin can use what a browser sends by itself.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { eventually, request, story, Story } from './harness.mjs';
import { token } from './telnet.mjs';

const WS = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
const JSON_TYPE = { 'content-type': 'application/json' };
const post = (body, headers = {}) => ({ method: 'POST', body, headers });

/** What needs a token, of a site that is closed: target, options, what nobody is answered. */
const NEED = [
  ['/sites/shop/realtime'], ['/api/sites/shop/realtime'], ['/api/analytics/sites/shop/realtime'], ['/sites/shop/total'], ['/sites/shop/badge.svg'],
  ['/sites/shop/badge.json'], ['/sites/shop/stream', { method: 'HEAD' }], ['/sites/shop/ws', { headers: WS }], ['/sites/shop/live'], ['/sites/shop/stats'],
  ['/sites/shop/pages'], ['/p/shop/pulse'], ['/api/total/shop'], ['/getlivestats.php', { headers: { host: 'shop' } }],
  ['/sites/shop/reset', post('')], ['/api/reset/shop', post('')], ['/sites/shop/messages', post('hello')], ['/debug/whoami?site=shop'],
  ['/e', post('{"k":"query","i":"shop","p":"SELECT 1","d":1}', JSON_TYPE)],
];

/** Where a token might stand, but for the one header. */
const ELSEWHERE = (text) => [
  ...['token', 'access_token', 'authorization', 'key', 'auth', 'bearer', 't'].map((name) => ({ query: `${name}=${text}` })),
  { headers: { cookie: `token=${text}; authorization=Bearer ${text}` } },
  { headers: { 'x-api-key': text, 'x-auth-token': text, 'proxy-authorization': `Bearer ${text}`, 'x-authorization': `Bearer ${text}` } },
  { headers: { authorization: text } }, { headers: { authorization: `Basic ${Buffer.from(`x:${text}`).toString('base64')}` } },
  { headers: { authorization: `Token ${text}` } }, { headers: { 'sec-websocket-protocol': text } }, { headers: { referer: `https://x.example/?token=${text}` } },
  { body: JSON.stringify({ token: text, access_token: text, text: 'hello' }) }, { body: `token=${text}&text=hello` },
];

const ask = (s, target, options = {}, more = {}) =>
  s.request(`${target}${more.query ? (target.includes('?') ? '&' : '?') : ''}${more.query ?? ''}`, {
    ...options, ...(more.body && options.method === 'POST' && { body: more.body }), headers: { ...options.headers, ...more.headers },
  });

/** A closed site with somebody on it, and a token of scope admin. */
async function closed(s) {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1 });
  const admin = await token(s, 'shop', 'admin');
  await s.redisCli('hset', 'hc:{shop}:c', 'badge', 1, 'read', 'token');
  await s.redisCli('publish', 'hc:!settings', 'shop');
  await eventually(async () => assert.equal((await s.request('/sites/shop/realtime')).status, 401));
  return admin;
}

story('a token is heard in the header Authorization and nowhere else', async (s) => {
  const admin = await closed(s);
  let people = 0;
  for (const [target, options] of NEED) {
    assert.equal((await ask(s, target, options)).status, 401, target);
    for (const more of ELSEWHERE(admin)) {
      if (target === '/e' && more.body) continue; // other events
      const from = { 'x-forwarded-for': `2001:db8:${(people++).toString(16)}::1` }; // no guesses add up
      const answer = await ask(s, target, options, { ...more, headers: { ...more.headers, ...from } });
      assert.equal(answer.status, 401, `${target} ${JSON.stringify(more)}`);
    }
  }
  const taken = NEED.filter(([target]) => !/ws$/.test(target));
  for (const [target, options] of taken) {
    const { status } = await ask(s, target, options, { headers: { authorization: `Bearer ${admin}` } });
    assert.ok(status >= 200 && status < 300, `${target}: ${status}`);
  }
});

story('no page of another origin can do what takes a token: no cookie is set or heard, no preflight granted', async (s) => {
  const admin = await closed(s);
  const evil = { origin: 'https://evil.example', cookie: `hc=${admin}`, 'sec-fetch-site': 'cross-site' };
  const forms = ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain'];
  for (const target of ['/sites/shop/reset', '/sites/shop/messages', '/api/reset/shop'])
    for (const type of forms) {
      const answer = await s.request(target, { method: 'POST', headers: { ...evil, 'content-type': type }, body: `token=${admin}` });
      assert.equal(answer.status, 401, `${target} ${type}`);
      const preflight = await s.request(target, {
        method: 'OPTIONS', headers: { ...evil, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
      });
      if (target.startsWith('/sites/')) assert.equal(preflight.headers['access-control-allow-origin'], undefined, target);
    }
  const routes = [
    ...NEED, ['/'], ['/sites'], ['/site/shop'], ['/demo'], ['/hc.js'], ['/widget.js'], ['/web/dashboard.js'], ['/robots.txt'], ['/livez'], ['/readyz'], ['/nowhere/at/all'],
    ['/hc.gif?i=shop&p=/'], ['/e', post('i=shop&p=/')], ['/tracking_pixel.gif?i=shop&u=/'], ['/count?i=shop&p=/'], ['/collect?sid=shop&p=/'],
    ['/matomo.php?idsite=shop&rec=1&url=/'], ['/i?e=pv&aid=shop&url=/'], ['/liveuser.js?siteId=shop'], ['/main.js'],
    ['/api/event', post('{"d":"shop","n":"pageview","u":"https://a.example/"}')], ['/api/send', post('{"type":"event","payload":{"website":"shop","url":"/"}}')],
    ['/v1/visit', post('{"siteId":"shop","visitorId":"x"}')], ['/collect', post('{"s":"shop","e":"pageview","u":"https://a.example/"}')],
  ];
  for (const [target, options = {}] of routes)
    for (const method of [options.method ?? 'GET', 'OPTIONS']) {
      const answer = await ask(s, target, { ...options, method, body: method === 'OPTIONS' ? undefined : options.body }, { headers: evil });
      assert.equal(answer.headers['set-cookie'], undefined, `${method} ${target}`);
    }
  const livestats = await s.request('/livestats.php', post('state=1&url=/', { host: 'shop', 'content-type': forms[0] }));
  assert.match(livestats.headers['set-cookie'][0], /^hc_livestats=/, 'the only one there is');
});

story('the admin ports answer pages of no origin, and the public port has nothing of theirs', async (s) => {
  await s.start();
  const asks = { origin: 'https://evil.example', 'access-control-request-method': 'GET', 'access-control-request-headers': 'x', cookie: 'a=b' };
  for (const daemon of [s.collector, s.aggregator])
    for (const path of ['/metrics', '/counters', '/livez', '/readyz', '/nowhere'])
      for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST']) {
        const { status, headers } = await request(`http://${await Story.adminOf(daemon)}${path}`, { method, headers: asks });
        assert.deepEqual(Object.keys(headers).filter((name) => /^access-control|^set-cookie|^cross-origin/.test(name)), [], `${method} ${path}`);
        if (method === 'OPTIONS' || method === 'POST') assert.ok(status >= 400, `${method} ${path}`);
      }
  const from = await s.request('/metrics');
  assert.doesNotMatch(from.body.toString(), /headcount_/);
  for (const path of ['/metrics', '/counters']) assert.equal((await s.request(`${path}`, { headers: { accept: 'text/html' } })).status, 404, path);
});

story('hashes of tokens and MACs are compared in constant time, and by nothing else', async () => {
  const source = (name) => fs.readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');
  for (const [name, compares] of [['collector/token.c', /sodium_memcmp\(tokens\[i\]\.hash\.b, hash->b, TOKEN_HASH\)/], ['proto/wire.c', /sodium_memcmp\(/]]) {
    assert.match(source(name), compares, name);
    assert.doesNotMatch(source(name), /(?<!sodium_)memcmp\([^;]*(hash|tag|mac)/i, name);
  }
  const scope = source('collector/token.c').split('enum scope token_scope(')[1].split('\n}')[0];
  assert.equal((scope.match(/return|break/g) ?? []).length, 1, 'all are looked at, whichever it is');
});
