// The clients of GoatCounter, Plausible, Matomo, Umami, Fathom Lite and Snowplow, as they are,
// at a collector: what they send, byte by byte, what they get, and what it counts as.
//
// Each request has the shape that the documentation of its tracker gives it.
import assert from 'node:assert/strict';
import { play, recorded } from './clients/recorded.mjs';
import { eventually, story } from './harness.mjs';

const CHROME = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const PAGE = ['Accept: */*', 'Origin: https://shop.example', 'Referer: https://shop.example/', CHROME, 'Accept-Language: en'];
const HOST = 'Host: stats.example';

const GIF = Buffer.from('47494638396101000100800000ffffff00000021f90401000000002c00000000010001000002024401003b', 'hex').toString('latin1');
const OPEN = 'Access-Control-Allow-Origin: *';
const ECHO = ['Access-Control-Allow-Origin: https://shop.example', 'Access-Control-Allow-Credentials: true', 'Vary: Origin'];
const CORP = 'Cross-Origin-Resource-Policy: cross-origin';
const NO_STORE = 'Cache-Control: no-store';
const gif = (...lines) => ['Content-Type: image/gif', 'Content-Length: 43', ...lines];

const get = (target, headers = PAGE) => recorded(`GET ${target}`, [HOST, ...headers]);
const head = (target) => recorded(`HEAD ${target}`, [HOST, ...PAGE]);
const post = (target, type, body, headers = PAGE) =>
  recorded(`POST ${target}`, [HOST, ...headers, `Content-Type: ${type}`], typeof body === 'string' ? body : JSON.stringify(body));

/** The answer must be this, to the byte. */
async function answers(s, bytes, status, lines, body) {
  assert.deepEqual(await play(s, bytes), { status, lines, body }, bytes.split('\r\n')[0]);
}

const events = (answer) => answer.recentEvents.filter(({ type }) => type === 'event').map(({ path, name }) => [path, name]).reverse();

/** Waits until the site has these numbers and these events, [path, name] in order, and nobody
 * online but who is told; returns the answer. */
function counts(s, site, expected, wanted = [], { online = 0, tabs = online } = {}) {
  return eventually(async () => {
    const answer = await s.api(site);
    for (const [key, value] of Object.entries(expected)) assert.equal(answer[key], value, key);
    assert.deepEqual(events(answer), wanted);
    assert.deepEqual([answer.online.total, answer.online.tabs], [online, tabs]);
    return answer;
  });
}

/** What views told beside the page: its title, and where they came from. */
function tells(answer, path, title, ...referrers) {
  assert.equal(answer.activePages.find((page) => page.path === path).title, title);
  assert.deepEqual(answer.referrers.map(({ name, views }) => [name, views]), referrers);
}

const pages = (answer) => Object.fromEntries(answer.activePages.map(({ path, visitors }) => [path, visitors]));
const refused = async (s, ...names) => {
  const all = await s.counters(s.collector);
  return Object.fromEntries(names.map((name) => [name, all[name]]));
};

/** A preflight is granted. */
async function preflight(s, target, headers, credentials) {
  const { status, lines } = await play(s, recorded(`OPTIONS ${target}`, [
    HOST, 'Origin: https://shop.example', 'Access-Control-Request-Method: POST', `Access-Control-Request-Headers: ${headers}`,
  ]));
  assert.equal(status, 204);
  assert.ok(lines.includes(credentials ? ECHO[0] : OPEN), lines.join('\n'));
  assert.equal(lines.includes(ECHO[1]), credentials);
  if (credentials) assert.ok(lines.includes(`Access-Control-Allow-Headers: ${headers}`));
}

// ---- GoatCounter

const TIMED = [NO_STORE, OPEN, CORP, 'Timing-Allow-Origin: *'];

story('GoatCounter: count.js is counted, and always gets its GIF', async (s) => {
  await s.start();
  const view = '/count?p=%2Fpage&r=https%3A%2F%2Fnews.example%2F&t=A%20page&e=false&s=1920%2C1080%2C1&b=0&q=%3Fx%3D1&rnd=8n4k1';
  await answers(s, recorded(`POST ${view}`, ['Host: shop.stats.example:8080', ...PAGE, 'Content-Length: 0']), 200, gif(...TIMED), GIF);
  await answers(s, recorded(`GET ${view}`, ['Host: shop.stats.example', ...PAGE]), 200, gif(...TIMED), GIF);
  await answers(s, recorded('GET /count?p=click-buy&t=Buy&e=true&rnd=x', ['Host: shop.stats.example', 'Referer: https://shop.example/page', CHROME]), 200, gif(...TIMED), GIF);
  const answer = await counts(s, 'shop.stats.example', { currentVisitors: 1, pageViews: 2 }, [['/page', 'click-buy']]);
  tells(answer, '/page', 'A page', ['news.example', 2]);
  await answers(s, head('/count?p=/page&i=shop.stats.example'), 200, gif(...TIMED), '');
});

story('GoatCounter: a site is told by its parameter, the path before /count, or the host', async (s) => {
  await s.start({ collector: ['--base-path', '/hc'] });
  for (const target of ['/hc/count?p=/a', '/hc/count?p=/b', '/hc/x/one/count?p=/c', '/hc/one/count?p=/d', '/hc/one/count?i=two&p=/e'])
    await answers(s, get(target), 200, gif(...TIMED), GIF);
  for (const outside of ['/count?p=/a', '/one/count?p=/a', '/matomo.php?idsite=one&rec=1', '/getlivestats.php?i=one', '/sites/one/realtime'])
    assert.equal((await play(s, get(outside))).status, 404, outside);
  for (const [site, views, page] of [['stats.example', 2, '/b'], ['one', 2, '/d'], ['two', 1, '/e']])
    await eventually(async () => {
      const now = await s.cliJson('now', site);
      assert.deepEqual([now.pageViews, pages(now)], [views, { [page]: 1 }]);
    });
});

story('GoatCounter: what is not counted says why', async (s) => {
  await s.start();
  const why = (reason) => gif(...TIMED, `X-Goatcounter: ${reason}`);
  await answers(s, get('/count?p=/a&b=151'), 202, why('not counted: a bot by its parameter b'), GIF);
  await answers(s, get('/count?p=/a&b=7'), 400, why('not valid: b: must be 0 or 150 to 153'), GIF);
  await answers(s, get('/count?t=x'), 400, why('not valid: path: must be set'), GIF);
  await answers(s, get('/no%20site/count?p=/a'), 400, why('not valid: bad_site'), GIF);
  assert.deepEqual(await refused(s, 'bots', 'bad_kind', 'bad_path', 'bad_site', 'hits'), { bots: 1, bad_kind: 1, bad_path: 1, bad_site: 1, hits: 0 });
});

// ---- Plausible

const OK = ['Content-Type: text/plain; charset=utf-8', 'Content-Length: 2', OPEN, NO_STORE];
const plausible = (body, headers) => post('/api/event', 'text/plain', body, headers);

story('Plausible: views, events and attention are counted, once for each domain', async (s) => {
  await s.start();
  const view = { n: 'pageview', v: 24, u: 'https://shop.example/page?x#y', d: 'shop.example,all.example', r: 'https://news.example/' };
  await answers(s, plausible(view), 202, OK, 'ok');
  await answers(s, plausible({ n: 'Signup', u: 'https://shop.example/page', d: 'shop.example', r: null, p: { plan: 'a' }, i: false }), 202, OK, 'ok');
  await answers(s, plausible({ n: 'engagement', sd: 40, d: 'shop.example', u: 'https://shop.example/page', p: {}, e: 5200, v: 24 }), 202, OK, 'ok');
  await answers(s, plausible({ name: 'pageview', url: 'https://shop.example/other', domain: 'shop.example' }), 202, OK, 'ok');
  const answer = await counts(s, 'shop.example', { currentVisitors: 1, pageViews: 2, engagedTime: 5.2 }, [['/page', 'Signup']]);
  tells(answer, '/other', undefined, ['(direct)', 1], ['news.example', 1]);
  await s.sees('all.example', { currentVisitors: 1, pageViews: 1 });
  await preflight(s, '/api/event', 'content-type', false);
});

story('Plausible: an address in X-Forwarded-For is not believed', async (s) => {
  await s.start();
  for (const ip of ['192.0.2.1', '192.0.2.2'])
    await answers(s, plausible({ n: 'pageview', u: 'https://a.example/', d: 'shop' }, [...PAGE, `X-Forwarded-For: ${ip}`]), 202, OK, 'ok');
  await s.sees('shop', { currentVisitors: 1, pageViews: 2 });
});

story('Plausible: what is not counted says why', async (s) => {
  await s.start();
  const why = async (body, reasons) => {
    const text = JSON.stringify({ errors: reasons });
    await answers(s, plausible(body), 400, ['Content-Type: application/json; charset=utf-8', `Content-Length: ${text.length}`, OPEN, NO_STORE], text);
  };
  await why('{"n":"pageview"', { request: ['Unable to parse request body as json'] });
  await why({ u: 'https://a.example/', d: 'shop' }, { event_name: ["can't be blank"] });
  await why({ n: 'pageview', u: 'https://a.example/', d: '' }, { domain: ["can't be blank"] });
  await why({ n: 'pageview', d: 'shop' }, { url: ['is required'] });
  await why({ n: 'pageview', u: 'https://a.example/', d: 'no site' }, { domain: ['is invalid'] });
  await why({ n: 'pageview', u: `https://a.example/${'x'.repeat(3000)}`, d: 'shop' }, { url: ['is too long'] });
  const [type, length, ...rest] = OK;
  await answers(s, plausible({ n: 'pageview', u: 'https://a.example/', d: 'shop,no site' }), 202, [type, length, ...rest, 'x-plausible-dropped: 1'], 'ok');
  assert.deepEqual(await refused(s, 'bad_body', 'bad_name', 'no_site', 'bad_path', 'bad_site', 'hits'), {
    bad_body: 1, bad_name: 1, no_site: 1, bad_path: 2, bad_site: 2, hits: 1,
  });
});

// ---- Matomo

const IMAGE = gif(...ECHO, NO_STORE, CORP);
const FORM = 'application/x-www-form-urlencoded; charset=UTF-8';
const MATOMO = 'idsite=3&rec=1&r=123456&h=12&m=30&s=5&url=https%3A%2F%2Fshop.example%2Fpage&_idn=0&_refts=0&res=1280x1024';

story('Matomo: views name tabs, pings keep them online, actions are events', async (s) => {
  await s.start();
  const visitor = '_id=0123456789abcdef';
  const view = `action_name=A%20page&${MATOMO}&${visitor}&pv_id=Ab1Cd2&urlref=https%3A%2F%2Fnews.example%2F`;
  await answers(s, get(`/matomo.php?${view}`), 200, IMAGE, GIF);
  await answers(s, get(`/any/where/piwik.php?${view}&send_image=0`, [CHROME]), 204, [OPEN, NO_STORE, CORP], '');
  await answers(s, post('/matomo.php', FORM, `${MATOMO}&${visitor}&pv_id=Ab1Cd2&ping=1&send_image=0`), 204, [...ECHO, NO_STORE, CORP], '');
  for (const action of ['e_c=Video&e_a=Play&e_n=Intro&e_v=1&ca=1', 'link=https%3A%2F%2Fb.example%2F', 'download=%2Fa.zip', 'search=shoes', 'idgoal=2'])
    await answers(s, post('/matomo.php', FORM, `${action}&${MATOMO}&${visitor}&pv_id=Ab1Cd2`), 200, IMAGE, GIF);
  const actions = ['Video Play', 'link https://b.example/', 'download /a.zip', 'search shoes', 'goal 2'];
  const answer = await counts(s, '3', { currentVisitors: 1, pageViews: 2 }, actions.map((name) => ['/page', name]), { online: 1 });
  tells(answer, '/page', 'A page', ['news.example', 2]);
  await answers(s, head(`/matomo.php?${view}`), 200, IMAGE, '');
  await preflight(s, '/matomo.php', 'content-type', true);
});

story('Matomo: a user id goes before a visitor id, another tab is another page view', async (s) => {
  await s.start();
  const say = (what) => answers(s, get(`/matomo.php?${MATOMO}&${what}`), 200, IMAGE, GIF);
  await say('uid=alice&_id=0123456789abcdef&pv_id=000001');
  await say('uid=alice&cid=fedcba9876543210&pv_id=000002');
  await say('cid=fedcba9876543210&pv_id=000003');
  await say('_id=none&pv_id=000004'); // its address and browser
  await say('pv_id=000005');
  await counts(s, '3', { currentVisitors: 3, pageViews: 5 }, [], { online: 3, tabs: 5 });
});

story('Matomo: a bulk is counted one by one, and its answer says how many', async (s) => {
  await s.start();
  const json = (status, body) => [status, ['Content-Type: application/json', `Content-Length: ${body.length}`, ...ECHO, NO_STORE, CORP], body];
  const bulk = (requests) => post('/matomo.php', 'application/json', { requests });
  await answers(s, bulk([`?${MATOMO}&uid=a`, `?${MATOMO}&uid=b&ping=1`, '?idsite=no%20site&rec=1', { idsite: 3, rec: 1, uid: 'c', url: '/x' }]),
    ...json(200, '{"status":"success","tracked":3,"invalid":1}'));
  await answers(s, bulk([]), ...json(200, '{"status":"success","tracked":0,"invalid":0}'));
  await counts(s, '3', { currentVisitors: 3, pageViews: 2 }, [], { online: 1 });
  await answers(s, post('/matomo.php', FORM, '{"requests":'), ...json(400, '{"status":"error","tracked":0,"message":"not JSON with an array of requests"}'));
  await answers(s, bulk(Array(501).fill('')), ...json(400, '{"status":"error","tracked":0,"message":"too many requests"}'));
  assert.deepEqual(await refused(s, 'bad_site', 'bad_body', 'too_many'), { bad_site: 1, bad_body: 1, too_many: 1 });
});

story('Matomo: without rec nothing is recorded, without a site it is a mistake', async (s) => {
  await s.start();
  await answers(s, get('/matomo.php?idsite=3&url=/a'), 200, IMAGE, GIF);
  await answers(s, get('/matomo.php?rec=1&url=/a&send_image=0'), 400, IMAGE, GIF);
  await answers(s, post('/matomo.php', FORM, `${MATOMO}&action_name=${'x'.repeat(5000)}`), 400, IMAGE, GIF);
  assert.deepEqual(await refused(s, 'dialect_ignored', 'no_site', 'bad_body', 'hits'), { dialect_ignored: 1, no_site: 1, bad_body: 1, hits: 0 });
});

// ---- Umami

const WEBSITE = '0d6e4079-03e7-4a3a-8b0f-1f9a4f5b2c11';
const UMAMI_HEAD = [...ECHO, NO_STORE, 'X-Content-Type-Options: nosniff'];
const umami = (type, payload, more = []) =>
  post('/api/send', 'application/json', { type, payload: { website: WEBSITE, screen: '1920x1080', language: 'en-US', ...payload } }, [...PAGE, ...more]);

story('Umami: a message is a view or an event, the answer has what its script keeps', async (s) => {
  await s.start();
  const page = { hostname: 'shop.example', title: 'A page', url: '/page?x=1', referrer: 'https://news.example/' };
  const first = await play(s, umami('event', page));
  assert.equal(first.status, 200);
  assert.deepEqual(first.lines, ['Content-Type: application/json', `Content-Length: ${first.body.length}`, ...UMAMI_HEAD]);
  const { cache, sessionId, visitId, ...rest } = JSON.parse(first.body);
  assert.deepEqual(rest, {});
  assert.match(sessionId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.notEqual(sessionId, visitId);
  const second = await play(s, umami('event', { ...page, name: 'buy', data: { price: 3 } }, [`x-umami-cache: ${cache}`]));
  assert.equal(second.body, first.body, 'it is the same visitor');
  const other = await play(s, umami('event', { ...page, id: 'alice', ip: '192.0.2.9', userAgent: 'x' }));
  assert.notEqual(JSON.parse(other.body).sessionId, sessionId);
  await answers(s, umami('identify', { ...page, id: 'alice', data: { a: 1 } }), 200,
    ['Content-Type: application/json', 'Content-Length: 21', ...UMAMI_HEAD], '{"cache":"headcount"}');
  const answer = await counts(s, WEBSITE, { currentVisitors: 2, pageViews: 2 }, [['/page', 'buy']]);
  tells(answer, '/page', 'A page', ['news.example', 2]);
  await preflight(s, '/api/send', 'content-type,x-umami-cache', true);
});

story('Umami: what is not counted is 400 and says why', async (s) => {
  await s.start();
  const why = async (bytes, reason) => {
    const text = JSON.stringify({ error: { message: reason, code: 'bad-request', status: 400 } });
    await answers(s, bytes, 400, ['Content-Type: application/json', `Content-Length: ${text.length}`, ...UMAMI_HEAD], text);
  };
  await why(post('/api/send', 'application/json', '{"type":"event"'), 'bad_body');
  await why(post('/api/send', 'application/json', '{"type":"event"}'), 'bad_body');
  await why(umami('event', { website: '' }), 'no_website');
  await why(umami('event', { website: 'no site' }), 'bad_site');
  await why(umami('event', { id: 'x'.repeat(65) }), 'bad_visitor');
  await why(umami('view', { url: '/' }), 'bad_type');
  assert.deepEqual(await refused(s, 'bad_body', 'no_site', 'bad_site', 'bad_visitor', 'bad_kind', 'hits'), {
    bad_body: 2, no_site: 1, bad_site: 1, bad_visitor: 1, bad_kind: 1, hits: 0,
  });
});

// ---- Fathom Lite

const FATHOM = gif('Cache-Control: no-cache, no-store, must-revalidate', 'Expires: Mon, 01 Jan 1990 00:00:00 GMT', 'Pragma: no-cache', 'Tk: N', OPEN, CORP);

story('Fathom Lite: each pixel is a view', async (s) => {
  await s.start();
  const query = 'id=p9fk2&pid=&p=%2Fpage&h=https%3A%2F%2Fshop.example&r=https%3A%2F%2Fnews.example&u=1&nv=1&ns=1&sid=ABCDE';
  await answers(s, get(`/collect?${query}`), 200, FATHOM, GIF);
  await answers(s, get(`/behind/a/path/collect?${query}`), 200, FATHOM, GIF);
  await answers(s, head(`/collect?${query}`), 200, FATHOM, '');
  const answer = await counts(s, 'ABCDE', { currentVisitors: 1, pageViews: 2 });
  tells(answer, '/page', undefined, ['news.example', 2]);
  await answers(s, get('/collect?p=/page'), 400, [...FATHOM, 'X-Headcount: no_site'], GIF);
  await answers(s, get('/collect?sid=ABCDE'), 400, [...FATHOM, 'X-Headcount: bad_path'], GIF);
  assert.deepEqual(await refused(s, 'no_site', 'bad_path', 'hits'), { no_site: 1, bad_path: 1, hits: 2 });
});

// ---- Snowplow

const UNKEPT = 'Cache-Control: no-cache, no-store, must-revalidate';
const TP2 = '/com.snowplowanalytics.snowplow/tp2';
const SCHEMA = 'iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4';
const tp2 = (data) => post(TP2, 'application/json; charset=UTF-8', { schema: SCHEMA, data });
const common = { tv: 'js-3.24.0', tna: 'sp', aid: 'shop', p: 'web', duid: '6f5b8f3e-9d36-4f83-a3a2-0d1ad3a3a8e8', url: 'https://shop.example/page' };
const text = (body) => ['Content-Type: text/plain; charset=UTF-8', `Content-Length: ${body.length}`, ...ECHO, UNKEPT];

story('Snowplow: page views and pings, structured and self-describing events', async (s) => {
  await s.start();
  const query = new URLSearchParams({ ...common, e: 'pv', page: 'A page', refr: 'https://news.example/', stm: '1' });
  await answers(s, get(`/i?${query}`), 200, gif(...ECHO, UNKEPT), GIF);
  await answers(s, get(`/ice.png?${query}`, [CHROME]), 200, gif(OPEN, UNKEPT), GIF);
  await answers(s, head(`/i?${query}`), 200, gif(...ECHO, UNKEPT), '');
  const buy = { schema: 'iglu:u/unstruct_event/jsonschema/1-0-0', data: { schema: 'iglu:com.example/buy/jsonschema/1-0-0', data: {} } };
  await answers(s, tp2([
    { ...common, e: 'pv', page: 'A page' },
    { ...common, e: 'pp', pp_mix: '0', pp_max: '0' },
    { ...common, e: 'se', se_ca: 'video', se_ac: 'play', se_la: 'intro' },
    { ...common, e: 'ue', ue_px: Buffer.from(JSON.stringify(buy)).toString('base64url') },
    { ...common, e: 'ue', ue_pr: JSON.stringify(buy) },
    { ...common, e: 'ti' },
    { ...common, e: 'nonsense' },
  ]), 200, text('ok'), 'ok');
  const wanted = ['video play', 'buy', 'buy'].map((name) => ['/page', name]);
  const answer = await counts(s, 'shop', { currentVisitors: 1, pageViews: 3 }, wanted, { online: 1 });
  tells(answer, '/page', 'A page', ['news.example', 2], ['(direct)', 1]);
  await preflight(s, TP2, 'content-type, sp-anonymous', true);
});

story('Snowplow: what is not counted is 400 and says why', async (s) => {
  await s.start();
  const why = (reason) => [...text(reason).slice(0, -1), UNKEPT, `X-Headcount: ${reason}`];
  await answers(s, post(TP2, 'application/json', '{'), 400, why('bad_body'), 'bad_body');
  await answers(s, tp2(Array(501).fill(0)), 400, why('too_many'), 'too_many');
  await answers(s, tp2([{ ...common, e: 'pv', aid: undefined }]), 400, why('no_site'), 'no_site');
  await answers(s, tp2([{ ...common, e: 'ue' }, { ...common, e: 'x' }]), 400, why('bad_name'), 'bad_name');
  await answers(s, get('/i?e=pv'), 400, [...gif(...ECHO, UNKEPT), 'X-Headcount: no_site'], GIF);
  assert.deepEqual(await refused(s, 'bad_body', 'too_many', 'no_site', 'bad_name', 'bad_kind', 'hits'), {
    bad_body: 1, too_many: 1, no_site: 2, bad_name: 1, bad_kind: 1, hits: 0,
  });
});

// ---- all of them

story('a dialect that is not spoken is not there', async (s) => {
  await s.start({ collector: ['--dialects', 'fathom'] });
  await answers(s, get('/collect?sid=shop&p=/a'), 200, FATHOM, GIF);
  for (const bytes of [get('/count?p=/a'), get('/matomo.php?idsite=1&rec=1'), get('/i?e=pv&aid=x'), plausible({}), umami('event', {}), tp2([])])
    assert.equal((await play(s, bytes)).status, 404);
});
