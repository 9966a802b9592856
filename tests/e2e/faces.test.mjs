// The small faces of a site: its badge, its totals, messages into its feed, and the tokens
// that the last two ask for.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import { eventually, story } from './harness.mjs';
import { ownTime } from './own_time.mjs';

/** A new token of the site, as an operator makes it. */
async function token(s, site, scope, name = scope) {
  const text = `hc_${crypto.randomBytes(32).toString('base64url')}`;
  const hash = execFileSync('b2sum', ['-l', '256'], { input: text, encoding: 'utf8' }).split(' ')[0];
  await s.redisCli('hset', `hc:{${site}}:c`, `t:${name}`, `${scope} ${hash}`);
  return text;
}

const bearer = (text) => ({ authorization: `Bearer ${text}` });
const post = (s, target, { headers = {}, body } = {}) => s.request(target, { method: 'POST', headers, body });
const json = (answer) => JSON.parse(answer.body);
const badge = (s, site, on) => s.redisCli('hset', `hc:{${site}}:c`, 'badge', on ? 1 : 0);
const total = async (s, site) => json(await s.request(`/sites/${site}/total`));

/** Waits until the badge says so many are online. */
const badgeSays = (s, site, online) =>
  eventually(async () => assert.equal(json(await s.request(`/sites/${site}/badge.json`)).online, online));

function assertClosed(answer) {
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
  assert.equal(answer.headers['cache-control'], 'no-store');
}

story('a badge is off until it is switched on, and can be switched off again', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'tab' });
  for (const kind of ['svg', 'json']) {
    const answer = await s.request(`/sites/shop/badge.${kind}`);
    assert.equal(answer.status, 404);
    assert.deepEqual(json(answer), { error: 'badge_off' });
    assert.equal(answer.headers['cache-control'], 'no-store');
  }
  await badge(s, 'shop', true);
  await badgeSays(s, 'shop', 1);
  assert.equal((await s.request('/sites/other/badge.svg')).status, 404);
  await badge(s, 'shop', false);
  await eventually(async () => assert.equal((await s.request('/sites/shop/badge.svg')).status, 404));
});

story('a badge can be shown anywhere, does nothing but show, and is not sent twice', async (s) => {
  await s.start();
  await badge(s, 'shop', true);
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'tab' });
  await badgeSays(s, 'shop', 1);

  const svg = await s.request('/sites/shop/badge.svg?label=reading+now');
  assert.equal(svg.status, 200);
  assert.match(svg.headers['content-type'], /^image\/svg\+xml/);
  assert.equal(svg.headers['access-control-allow-origin'], '*');
  assert.equal(svg.headers['cross-origin-resource-policy'], 'cross-origin');
  assert.equal(svg.headers['content-security-policy'], "default-src 'none'; style-src 'unsafe-inline'");
  assert.equal(svg.headers['cache-control'], 'no-cache');
  assert.equal(svg.headers['x-content-type-options'], 'nosniff');
  assert.match(svg.body.toString(), /<title>1 reading now<\/title>.*height="20"|height="20".*<title>1 reading now/);

  const ask = (tag, query = '?label=reading+now') =>
    s.request(`/sites/shop/badge.svg${query}`, { headers: { 'if-none-match': tag } });
  const known = await ask(svg.headers.etag);
  assert.equal(known.status, 304);
  assert.equal(known.body.length, 0);
  assert.equal(known.headers.etag, svg.headers.etag);
  assert.equal((await ask(`"x", W/${svg.headers.etag}`)).status, 304);
  assert.equal((await ask(svg.headers.etag, '')).status, 200, 'another label');
  assert.equal((await ask(`"${'x'.repeat(2000)}"`)).status, 200);
  await s.hit({ i: 'shop', p: '/', u: 'bob', v: 'other tab' });
  await eventually(async () => assert.equal((await ask(svg.headers.etag)).status, 200));

  const head = await s.request('/sites/shop/badge.svg', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
});

story('badge.json is what shields.io reads, and says more to others', async (s) => {
  await s.start();
  await badge(s, 'shop', true);
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'tab' });
  await s.hit({ i: 'shop', p: '/', u: 'bob' }); // a bare pixel: in the window, not online
  await badgeSays(s, 'shop', 1);
  const { rev } = await s.sees('shop', { currentVisitors: 2 });
  await eventually(async () => {
    const whole = json(await s.request('/sites/shop/badge.json?label=now&color=blue'));
    assert.deepEqual(whole, {
      schemaVersion: 1, label: 'now', message: '1', color: '0969da',
      site: 'shop', online: 1, current: 2, rev,
    });
  });
  // shields.io refuses members that it does not know
  const bare = json(await s.request('/sites/shop/badge.json?shields=1'));
  assert.deepEqual(bare, { schemaVersion: 1, label: 'online', message: '1', color: '1a7f37' });
});

story('what a badge cannot be is refused, whatever is asked for it stays text', async (s) => {
  await s.start();
  await badge(s, 'shop', true);
  for (const [query, error] of [
    ['color=', 'bad_color'], ['color=url(%23x)', 'bad_color'], ['color=%22onload=', 'bad_color'],
    ['style=neon', 'bad_style'],
  ]) {
    const answer = await s.request(`/sites/shop/badge.svg?${query}`);
    assert.equal(answer.status, 400, query);
    assert.deepEqual(json(answer), { error });
  }
  assert.equal((await s.request('/sites/..%2f/badge.svg')).status, 400);
  const label = encodeURIComponent('</text><script>alert(1)</script>"\'&\u0000\uFFFE');
  for (const style of ['flat', 'plain']) {
    const svg = (await s.request(`/sites/shop/badge.svg?style=${style}&label=${label}`)).body.toString();
    assert.doesNotMatch(svg, /<script|\u0000|\uFFFE/);
    assert.match(svg, /&lt;script&gt;/);
  }
  assert.equal((await post(s, '/sites/shop/badge.svg')).status, 405);
});

story('a hundred visits at once are a hundred visits, also after everything was restarted', async (s) => {
  const persistent = ['--appendonly', 'yes', '--appendfsync', 'always'];
  await s.start({ workers: 2, redis: persistent });
  const began = Date.now();
  await eventually(async () => {
    const { views, visits, since } = await total(s, 'shop');
    assert.deepEqual({ views, visits, since }, { views: 0, visits: 0, since: 0 });
  });
  await Promise.all(Array.from({ length: 100 }, (_, k) => s.hit({ i: 'shop', p: `/${k}`, u: `v${k}`, v: `t${k}` })));
  const counted = await eventually(async () => {
    const all = await total(s, 'shop');
    assert.equal(all.visits, 100);
    assert.equal(all.views, 100);
    return all;
  });
  assert.equal(counted.site, 'shop');
  assert.ok(counted.since > began - 60_000 && counted.since <= counted.asOf);

  await s.collector.stop();
  await s.aggregator.stop();
  s.redis.signal('SIGTERM');
  await s.redis.end;
  await s.startRedis(persistent);
  await s.startAggregator();
  await s.startCollector();
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200), 20_000);
  const { asOf, ...kept } = await total(s, 'shop');
  assert.ok(asOf > counted.asOf);
  assert.deepEqual(kept, (({ asOf: _, ...rest }) => rest)(counted));
  await s.hit({ i: 'shop', p: '/', u: 'v1' }); // who was here is here still
  await s.hit({ i: 'shop', p: '/', u: 'new' });
  await eventually(async () => {
    const { views, visits } = await total(s, 'shop');
    assert.deepEqual({ views, visits }, { views: 102, visits: 101 });
  }, 20_000);
});

story('totals begin anew for who holds an admin token, and for nobody else', async (s) => {
  await s.start();
  for (const u of ['alice', 'bob', 'carol']) await s.hit({ i: 'shop', p: '/', u });
  await eventually(async () => assert.equal((await total(s, 'shop')).visits, 3));
  const before = await total(s, 'shop');
  const admin = await token(s, 'shop', 'admin');
  const send = await token(s, 'shop', 'send');
  const read = await token(s, 'shop', 'read');
  const foreign = await token(s, 'other', 'admin');
  const reset = (headers) => post(s, '/sites/shop/reset', { headers });

  for (const [headers, status, error] of [
    [{}, 401, 'unauthorized'],
    [{ cookie: `token=${admin}` }, 401, 'unauthorized'],
    [{ authorization: `Basic ${admin}` }, 401, 'unauthorized'],
    [{ authorization: admin }, 401, 'unauthorized'],
    [bearer(foreign), 401, 'unauthorized'],
    [bearer(`${admin}x`), 401, 'unauthorized'],
    [bearer(send), 403, 'forbidden'],
    [bearer(read), 403, 'forbidden'],
  ]) {
    const answer = await reset(headers);
    assert.equal(answer.status, status, JSON.stringify(headers));
    assert.deepEqual(json(answer), { error });
    assert.match(answer.headers['www-authenticate'], /^Bearer/);
    assertClosed(answer);
  }
  assert.equal((await post(s, `/sites/shop/reset?token=${admin}&access_token=${admin}`)).status, 401);
  assert.equal((await s.request('/sites/shop/reset', { headers: bearer(admin) })).status, 405);
  const preflight = await s.request('/sites/shop/reset', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } });
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  assert.equal(preflight.headers['access-control-allow-headers'], undefined);
  assert.equal((await total(s, 'shop')).visits, 3);

  const answer = await post(s, '/sites/shop/reset', { headers: bearer(admin), body: 'whatever' });
  assert.equal(answer.status, 202);
  assert.deepEqual(json(answer), { site: 'shop', accepted: true });
  assertClosed(answer);
  await eventually(async () => {
    const after = await total(s, 'shop');
    assert.deepEqual([after.views, after.visits], [0, 0]);
    assert.ok(after.since > before.since);
  });
  assert.equal((await s.api('shop')).currentVisitors, 3, 'who is here stays here');
  await s.hit({ i: 'shop', p: '/', u: 'dave' });
  await eventually(async () => assert.deepEqual([(await total(s, 'shop')).views, (await total(s, 'shop')).visits], [1, 1]));
});

story('a reset that Redis or the aggregator is away for is done when they are back', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await eventually(async () => assert.equal((await total(s, 'shop')).visits, 1));
  const admin = await token(s, 'shop', 'admin');
  await s.aggregator.kill();
  assert.equal((await post(s, '/sites/shop/reset', { headers: bearer(admin) })).status, 202);
  await s.hit({ i: 'shop', p: '/', u: 'bob' });
  await s.startAggregator();
  await eventually(async () => assert.equal((await total(s, 'shop')).visits, 1), 20_000);
  await eventually(async () => assert.equal((await s.api('shop')).currentVisitors, 2), 20_000);

  await s.redis.kill();
  await eventually(async () => {
    const answer = await post(s, '/sites/unasked/reset', { headers: bearer(admin) });
    assert.equal(answer.status, 503);
    assert.deepEqual(json(answer), { error: 'redis_unavailable' });
    assertClosed(answer);
  });
});

story('messages of services stand in the feed', async (s) => {
  await s.start({ workers: 1 }); // who could tell the order of those of two?
  const send = await token(s, 'shop', 'send');
  const admin = await token(s, 'shop', 'admin');
  const read = await token(s, 'shop', 'read');
  const say = (body, headers = {}, who = send) =>
    post(s, '/sites/shop/messages', { headers: { ...bearer(who), ...headers }, body });
  const isText = { 'content-type': 'text/plain' };
  const isJson = { 'content-type': 'application/json; charset=utf-8' };

  const taken = await say(' deployed  v2\n', isText);
  assert.equal(taken.status, 202);
  assert.deepEqual(json(taken), { site: 'shop', accepted: true });
  assertClosed(taken);
  assert.equal((await say(JSON.stringify({ text: '<b>hi</b>', name: 'ci' }), isJson, admin)).status, 202);
  assert.equal((await say('{"text":"no type"}')).status, 202);
  assert.equal((await say('{"text":"as it stands"}', isText)).status, 202);
  assert.equal((await say(`é${'x'.repeat(600)}`, isText)).status, 202);
  await eventually(async () => {
    const feed = (await s.api('shop')).recentEvents.map(({ type, text, name }) => [type, text, name]).reverse();
    assert.deepEqual(feed, [
      ['message', 'deployed  v2', ''],
      ['message', '<b>hi</b>', 'ci'],
      ['message', 'no type', ''],
      ['message', '{"text":"as it stands"}', ''],
      ['message', `é${'x'.repeat(510)}`, ''],
    ]);
  });
  const { currentVisitors, pageViews } = await s.api('shop');
  assert.deepEqual([currentVisitors, pageViews], [0, 0], 'a message is no visitor');

  for (const [body, headers, error] of [
    ['', isText, 'no_text'],
    [' \t\r\n\u0007', isText, 'no_text'],
    [undefined, {}, 'no_text'],
    ['{}', isJson, 'no_text'],
    ['{"text":" "}', isJson, 'no_text'],
    ['{"text":7}', isJson, 'bad_body'],
    ['{"text":"a","name":[]}', isJson, 'bad_body'],
    ['{"text":"a","text":"b"}', isJson, 'bad_body'],
    ['["a"]', isJson, 'bad_body'],
    ['not json', isJson, 'bad_body'],
    ['['.repeat(60_000), isJson, 'bad_body'],
    ['{"text":"a"} x', isJson, 'bad_body'],
  ]) {
    const answer = await say(body, headers);
    assert.equal(answer.status, 400, String(body).slice(0, 40));
    assert.deepEqual(json(answer), { error });
  }
  assert.equal((await say('x', isText, read)).status, 403);
  assert.equal((await post(s, '/sites/shop/messages', { body: 'x' })).status, 401);
  assert.equal((await s.request('/sites/shop/messages', { headers: bearer(send) })).status, 405);
  assert.equal((await say('x'.repeat(70_000), isText)).status, 413);
});

story('a token that was taken back is refused two seconds later at most', async (s) => {
  await s.start();
  const send = await token(s, 'shop', 'send');
  const say = () => post(s, '/sites/shop/messages', { headers: bearer(send), body: 'x' });
  assert.equal((await say()).status, 202);
  await s.redisCli('hdel', 'hc:{shop}:c', 't:send');
  const passed = ownTime();
  await eventually(async () => assert.equal((await say()).status, 401));
  assert.ok(passed() < 3_500);
});

story('after ten wrong tokens of an address more are too many, and right ones work on', async (s) => {
  await s.start({ workers: 1, collector: ['--trusted-proxy', '127.0.0.1'] }); // each counts by itself
  const send = await token(s, 'shop', 'send');
  const from = (ip, text) =>
    post(s, '/sites/shop/messages', { headers: { ...bearer(text), 'x-forwarded-for': ip }, body: 'x' });
  const wrong = () => `hc_${crypto.randomBytes(32).toString('base64url')}`;

  for (let i = 0; i < 20; i++) assert.equal((await from('192.0.2.1', send)).status, 202, 'right ones are not counted');
  for (let i = 0; i < 9; i++) assert.equal((await from('192.0.2.1', wrong())).status, 401);
  assert.equal((await from('192.0.2.1', 'hc_short')).status, 401, 'the tenth');
  for (const text of [wrong(), 'hc_short', '']) {
    const refused = await from('192.0.2.1', text);
    assert.equal(refused.status, 429);
    assert.deepEqual(json(refused), { error: 'too_many_wrong_tokens' });
    const wait = Number(refused.headers['retry-after']);
    assert.ok(wait >= 1 && wait <= 60, refused.headers['retry-after']);
    assertClosed(refused);
    assert.equal((await from('192.0.2.1', send)).status, 202, 'whoever shares the address');
  }
  const none = await post(s, '/sites/shop/messages', { headers: { 'x-forwarded-for': '192.0.2.1' }, body: 'x' });
  assert.equal(none.status, 401, 'who brings none has not guessed');
  assert.equal((await from('192.0.2.2', send)).status, 202);
  assert.equal((await from('192.0.2.2', wrong())).status, 401);
  const told = await s.counters(s.collector);
  assert.equal(told.guessers, 3);
  assert.equal(told.unauthorized, 12);
});

story('wrong tokens are counted also when they come all at once', async (s) => {
  await s.start({ workers: 1 });
  await token(s, 'shop', 'send');
  const wrong = () => `hc_${crypto.randomBytes(32).toString('base64url')}`;
  const all = await Promise.all(
    Array.from({ length: 40 }, () => post(s, '/sites/shop/reset', { headers: bearer(wrong()) })),
  );
  const answered = (status) => all.filter((answer) => answer.status === status).length;
  assert.deepEqual([answered(401), answered(429)], [10, 30]);
});

story('who goes away before Redis has said whether the token is right has done nothing', async (s) => {
  await s.start();
  const admin = await token(s, 'shop', 'admin');
  await badge(s, 'shop', true);
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  await badgeSays(s, 'shop', 1);
  const before = await s.counters(s.collector);
  s.redis.signal('SIGSTOP');
  const head = (line, more = '') => `${line} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
  const wires = [
    s.wire().send(head('POST /sites/shop/reset', `Authorization: Bearer ${admin}\r\n`)),
    s.wire().send(head('GET /sites/other/badge.svg?label=x', 'If-None-Match: "y"\r\n')),
    s.wire().send(head('GET /sites/other/total')),
  ];
  await eventually(async () => assert.equal((await s.counters(s.collector)).requests, before.requests + 3));
  for (const wire of wires) wire.socket.resetAndDestroy(); // not just done with sending
  await eventually(async () => assert.equal((await s.counters(s.collector)).conns_open, 0));
  s.redis.signal('SIGCONT');
  await badgeSays(s, 'shop', 1);
  assert.equal((await total(s, 'shop')).visits, 1);
  assert.equal((await s.counters(s.collector)).resets, 0);
});

story('many who ask at once with tokens nobody knows yet share nothing but the answer', async (s) => {
  await s.start();
  const send = await token(s, 'shop', 'send');
  const all = await Promise.all(
    Array.from({ length: 64 }, (_, k) => post(s, '/sites/shop/messages', { headers: bearer(send), body: `line ${k}` })),
  );
  assert.ok(all.every(({ status }) => status === 202));
  await eventually(async () => {
    const texts = (await s.api('shop')).recentEvents.map(({ text }) => text);
    assert.equal(new Set(texts).size, 64);
  });
});
