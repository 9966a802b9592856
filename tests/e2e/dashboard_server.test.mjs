// The server's side of the dashboard: the pages with their first numbers, the list of all
// sites, and the files below /web.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { eventually, story } from './harness.mjs';

const DATA = /<script type="application\/json" id="first">(.*?)<\/script>/s;
const HASH = /\bweb\/([0-9a-f]{16})\/dashboard\.js"/;
const HTML = 'text/html; charset=utf-8';

/** A page, taken apart. */
async function open(s, path) {
  const { status, headers, body } = await s.request(path);
  const text = body.toString();
  assert.equal(status, 200, text);
  assert.equal(headers['content-type'], HTML);
  assert.ok(!text.includes('<!--hc:') && !text.includes('@web@'), 'every mark is filled');
  return {
    headers,
    text,
    title: /<title>(.*)<\/title>/.exec(text)[1],
    data: JSON.parse(DATA.exec(text)[1]),
    hash: HASH.exec(text)[1],
  };
}

/** Sites and how many are online there. */
const onlineOf = ({ sites }) => sites.map(({ site, online }) => [site, online.total]);

async function list(s) {
  const answer = await s.request('/sites');
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body);
}

/** Whoever of these is on the site, each with a tab. */
async function come(s, site, ...who) {
  for (const u of who) await s.hit({ i: site, p: '/', u, v: `${site}-${u}` });
}

/** What the page must be told, by its own text. */
function policyFor(text) {
  const hashes = (pattern) =>
    [...text.matchAll(pattern)].map(([, inline]) => ` 'sha256-${crypto.createHash('sha256').update(inline).digest('base64')}'`).join('');
  return (
    `default-src 'none'; script-src 'self'${hashes(/<script>(.*?)<\/script>/gs)}; ` +
    `style-src 'self'${hashes(/<style[^>]*>(.*?)<\/style>/gs)}; img-src 'self'; ` +
    "connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
  );
}

story('a page comes with its first numbers, those of the API at the same rev', async (s) => {
  await s.start();
  await come(s, 'shop', 'alice', 'bob');
  await s.hit({ i: 'shop', p: '/cart?</script><script>alert(1)</script>', u: 'carol', v: 'c', t: '</script><!--' });
  await s.sees('shop', { currentVisitors: 3 });
  const api = await eventually(async () => {
    const { data, text, title } = await open(s, '/site/shop');
    const answer = await s.api('shop');
    assert.equal(data.rev, answer.rev);
    assert.deepEqual({ ...data, asOf: 0 }, { ...answer, asOf: 0 });
    assert.equal(title, `(${answer.online.total}) shop`);
    assert.ok(text.includes(`>${answer.online.total}<`), 'the number stands in the page');
    assert.ok(!text.includes('alert(1)</script>') && !DATA.exec(text)[1].includes('<'), 'what others wrote is data');
    return answer;
  });
  assert.equal(api.online.total, 3);
  assert.ok(api.activePages.some(({ path }) => path.startsWith('/cart')));
});

story('a page is private to its origin, strict, never kept, and answers HEAD', async (s) => {
  await s.start();
  for (const path of ['/site/shop', '/', '/site/shop?wall']) {
    const { headers, text } = await open(s, path);
    assert.equal(headers['content-security-policy'], policyFor(text));
    assert.equal(headers['cache-control'], 'no-cache');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'same-origin');
    assert.equal(headers['access-control-allow-origin'], undefined);
    const inline = text.match(/<script(?![^>]*(src=|type="application\/json")).*?<\/script>/gs);
    assert.equal(inline.length, 1, 'no script is inline but the one that the policy has the hash of');
    assert.match(inline[0], /^<script>\ntry {\n  const theme = /);
    assert.ok(!/\sstyle=|\son\w+=/.test(text), 'nor are styles or handlers in attributes');
    const head = await s.request(path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.body.length], [200, 0]);
    assert.equal(head.headers['content-type'], HTML);
    assert.equal(head.headers['content-security-policy'], headers['content-security-policy']);
    assert.equal((await s.request(path, { method: 'POST' })).status, 405);
  }
});

story('of a site that nobody knows there is a page; of what is no id there is none', async (s) => {
  await s.start();
  const { data, title } = await open(s, '/site/never.seen');
  assert.deepEqual([data.site, data.currentVisitors, title], ['never.seen', 0, '(0) never.seen']);
  assert.deepEqual(data.flags, ['unknown']);
  for (const id of ['%3Cscript%3E', 'a%2Fb', 'x'.repeat(65), 'caf%C3%A9']) {
    const { status, headers, body } = await s.request(`/site/${id}`);
    assert.deepEqual([status, body.toString()], [400, '{"error":"bad_site"}\n'], id);
    assert.equal(headers['x-content-type-options'], 'nosniff', 'nor is that a page');
  }
  assert.equal((await s.request('/site/')).status, 404);
  assert.equal((await s.request('/site/shop/')).status, 404);
});

story('while Redis is away pages come without numbers, and the list is 503', async (s) => {
  await s.start();
  await come(s, 'shop', 'alice');
  await s.sees('shop', { currentVisitors: 1 });
  await s.redis.kill();
  await eventually(async () => assert.equal((await s.request('/sites')).status, 503));
  for (const [path, name] of [['/site/shop', 'shop'], ['/', 'headcount']]) {
    const { data, title, text } = await eventually(async () => {
      const page = await open(s, path);
      assert.equal(page.data, null);
      return page;
    });
    assert.equal(title, name);
    assert.ok(text.includes('>–<'), 'and says that it has no number');
  }
  await s.startRedis();
  await eventually(async () => assert.notEqual((await open(s, '/')).data, null), 20_000);
  await eventually(async () => assert.equal((await open(s, '/site/shop')).data.currentVisitors, 1), 20_000);
}, { ms: 90_000 });

story('who waits when Redis dies is answered the same way', async (s) => {
  await s.start();
  s.redis.signal('SIGSTOP');
  const asked = ['/site/shop', '/site/shop', '/', '/', '/sites'].map((path) => s.request(path));
  await eventually(async () => {
    const { reports, reports_shared: shared, site_lists: lists } = await s.counters(s.collector);
    assert.deepEqual([reports, shared, lists], [1, 1, 1]);
  });
  await s.redis.kill();
  const answers = await Promise.all(asked);
  assert.deepEqual(answers.map(({ status }) => status), [200, 200, 200, 200, 503]);
  for (const { body } of answers.slice(0, 4)) assert.equal(DATA.exec(body.toString())[1], 'null');
  assert.equal((await s.counters(s.collector)).site_lists_failed, 1);
  await s.startRedis();
});

story('all sites, live or named, the busiest first, with the numbers of each', async (s) => {
  await s.start();
  assert.deepEqual((await list(s)).sites, []);
  await come(s, 'blog', 'alice');
  await come(s, 'shop', 'alice', 'bob', 'carol');
  await come(s, 'docs', 'alice', 'bob');
  await s.redisCli('sadd', 'hc:sites', 'quiet', 'shop', 'not a site');
  const want = [['shop', 3], ['docs', 2], ['blog', 1], ['quiet', 0]];
  const all = await eventually(async () => {
    const now = await list(s);
    assert.deepEqual(onlineOf(now), want);
    return now;
  });
  assert.equal(all.more, undefined);
  for (const row of all.sites) {
    const api = await s.api(row.site);
    assert.deepEqual(row.online, api.online);
    assert.deepEqual([row.current, row.pageViews], [api.currentVisitors, api.pageViews]);
    assert.equal(row.last30, api.windows.find(({ minutes }) => minutes === 30).visitors);
    assert.equal(row.t === null, row.site === 'quiet');
    assert.ok(row.t === null || Math.abs(all.asOf - row.t) < 120_000);
  }
  const { data, title } = await open(s, '/');
  assert.deepEqual(onlineOf(data), want);
  assert.equal(title, '(6) headcount');
  const counters = await s.counters(s.collector);
  assert.ok(counters.site_lists >= 2);
  assert.equal(counters.site_lists_failed, 0);
});

/** Writes into the site's rows of past minutes how many were there, the last minute's last. */
async function past(s, site, visitors) {
  const now = (await s.api(site)).series.at(-1).minute / 60_000;
  for (const [i, n] of visitors.entries()) await s.redisCli('hset', `hc:{${site}}:b:${now - visitors.length + i}`, 'uniq', n);
}

story('a row of the list has the visitors of each minute, those of the realtime answer', async (s) => {
  const tall = [7, 0, 4_294_967_295, 1, 0, 2_000_000];
  await s.start();
  await come(s, 'shop', 'alice', 'bob');
  await come(s, 'short', 'alice');
  await come(s, 'long', 'alice');
  await s.redisCli('sadd', 'hc:sites', 'quiet');
  for (const site of ['shop', 'short', 'long']) await s.sees(site, { flags: [] });
  await past(s, 'shop', [...Array(23).keys(), ...tall]);
  await past(s, 'long', [...Array(50).keys()]);
  await s.redisCli('hset', 'hc:{short}:m', 'W', 4);
  await s.redisCli('hset', 'hc:{long}:m', 'W', 60);
  const rows = await eventually(async () => {
    const { sites } = await list(s);
    assert.deepEqual(sites.map(({ site }) => site), ['shop', 'long', 'short', 'quiet']);
    for (const { site, minute, series } of sites) {
      const rows = (await s.api(site)).series.slice(-30);
      assert.deepEqual(series, rows.map(({ visitors }) => visitors), site);
      assert.equal(minute, rows.at(-1).minute);
    }
    return sites.map(({ series }) => series);
  });
  assert.deepEqual(rows.map((series) => series.length), [30, 30, 4, 30]);
  assert.ok(rows[0].join().includes(`,22,${tall},`), rows[0].join());
  const { data } = await open(s, '/');
  assert.deepEqual(data.sites.map(({ series }) => series.length), [30, 30, 4, 30]);
});

story('many who ask at once share one reading, and of very many sites the busiest are listed', async (s) => {
  await s.start();
  const names = Array.from({ length: 300 }, (_, k) => `site-${k}`);
  const hits = names.map((i) => ({ i, p: '/', u: 'alice', v: `tab-${i}` }));
  const body = Buffer.from(JSON.stringify(hits));
  assert.equal((await s.request('/e', { method: 'POST', headers: { 'content-length': body.length }, body })).status, 202);
  await come(s, 'site-299', 'bob');
  await eventually(async () => {
    assert.equal(await s.redisCli('zcard', 'hc:live'), '300');
    const { sites, more } = await list(s);
    assert.deepEqual([sites.length, more, sites[0].site, sites[0].online.total], [200, true, 'site-299', 2]);
  }, 20_000);
  const before = (await s.counters(s.collector)).site_lists;
  await Promise.all(Array.from({ length: 50 }, () => list(s)));
  const after = (await s.counters(s.collector)).site_lists;
  assert.ok(after - before <= 3, `${after - before} readings for 50 requests`);
});

story('closed sites are left out of the list, and busy ones take no place of public ones', async (s) => {
  await s.start();
  await come(s, 'shop', 'alice');
  await come(s, 'docs', 'alice', 'bob');
  await s.redisCli('setrange', 'long', 70_000_000, 'x'); // the fastest way to make one
  await s.redisCli('eval', `for k = 1, 250 do
    local site = 'hc:{closed-' .. k .. '}:'
    redis.call('sadd', 'hc:sites', 'closed-' .. k)
    redis.call('hset', site .. 'o', 'r', 1000)
    redis.call('hset', site .. 'c', 'read', k == 1 and redis.call('get', 'long') or k == 2 and 'hidden' or 'token')
  end`, '0');
  const { more } = await eventually(async () => {
    const now = await list(s);
    assert.deepEqual(onlineOf(now), [['docs', 2], ['shop', 1]]);
    return now;
  });
  assert.equal(more, undefined);
  await s.redisCli('eval', `for k = 1, 250 do redis.call('sadd', 'hc:sites', 'open-' .. k) redis.call('hset', 'hc:{open-' .. k .. '}:c', 'read', 'public') end`, '0');
  await eventually(async () => {
    const { sites, more: isMore } = await list(s);
    assert.deepEqual([sites.length, isMore, ...sites.slice(0, 2).map(({ site }) => site)], [199, true, 'docs', 'shop']);
  });
  assert.doesNotMatch(s.collector.err, /event=redis_down/);
});

story('a site whose keys somebody has spoilt is left out, the others are there', async (s) => {
  await s.start();
  await come(s, 'shop', 'alice');
  await s.redisCli('sadd', 'hc:sites', 'spoilt');
  await s.redisCli('set', 'hc:{spoilt}:m', 'a string');
  await eventually(async () => assert.deepEqual(onlineOf(await list(s)), [['shop', 1]]));
});

story('--no-overview: there is no list, and / leads to the demo', async (s) => {
  await s.start({ collector: ['--no-overview'] });
  assert.equal((await s.request('/sites')).status, 404);
  const home = await s.request('/');
  assert.deepEqual([home.status, home.headers.location], [302, '/demo']);
  assert.equal((await open(s, '/site/shop')).title, '(0) shop');
});

story('H6: --no-dashboard: there are no pages, and everything else goes on', async (s) => {
  await s.start({ collector: ['--no-dashboard'] });
  await come(s, 'shop', 'alice');
  for (const gone of ['/site/shop', '/sites']) assert.equal((await s.request(gone)).status, 404, gone);
  const home = await s.request('/');
  assert.deepEqual([home.status, home.headers.location], [302, '/demo']);
  await eventually(async () => assert.equal((await s.api('shop')).online.total, 1));
  assert.equal((await s.request('/web/headcount-counter.js')).status, 200);
});

story('what is below /web is there twice: for ever under the hash, and for five minutes', async (s) => {
  await s.start();
  const { hash, text } = await open(s, '/site/shop');
  const files = new Set([...text.matchAll(/"web\/[0-9a-f]{16}\/([^"]+)"/g)].map(([, file]) => file));
  for (const file of files) { // what modules import, too
    const { body } = await s.request(`/web/${file}`);
    for (const [, name] of body.toString().matchAll(/(?:from|import) *\(? *['"]\.\/([\w.-]+)['"]/g)) files.add(name);
  }
  assert.ok(files.has('dashboard.js') && files.has('headcount-client.js'));
  for (const file of files) {
    const kept = await s.request(`/web/${hash}/${file}`);
    const shared = await s.request(`/web/${file}`);
    assert.deepEqual([kept.status, shared.status], [200, 200], file);
    assert.deepEqual(kept.body, shared.body);
    assert.equal(kept.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(shared.headers['cache-control'], 'public, max-age=300');
    assert.equal(shared.headers['content-location'], `/web/${hash}/${file}`);
    assert.equal(kept.headers.etag, shared.headers.etag);
    for (const { headers } of [kept, shared]) {
      assert.equal(headers['access-control-allow-origin'], '*');
      assert.equal(headers['cross-origin-resource-policy'], 'cross-origin');
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
    const seen = await s.request(`/web/${file}`, { headers: { 'if-none-match': shared.headers.etag } });
    assert.deepEqual([seen.status, seen.body.length], [304, 0]);
    const gzip = await s.request(`/web/${file}`, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(gzip.headers['content-encoding'], 'gzip');
    assert.notEqual(gzip.headers.etag, shared.headers.etag);
  }
  assert.equal((await s.request('/web/0123456789abcdef/dashboard.js')).status, 404);
  assert.equal((await s.request(`/web/${hash}/`)).status, 404);
});

story('an Audience Meter of a site that is called like a page of ours is counted there', async (s) => {
  await s.start({ collector: ['--enable-uuid'] });
  for (const path of ['/sites', '/site/some-uuid']) {
    const wire = s.wire().send(`GET ${path} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n`);
    await eventually(() => assert.match(wire.text, /^HTTP\/1.1 200 OK\r\n.*text\/event-stream/s));
    assert.notEqual((await s.request(path)).headers['content-type'], 'text/event-stream');
  }
  for (const site of ['sites', 'site'])
    await eventually(async () => assert.equal((await s.api(site)).online.total, 1));
  assert.equal((await open(s, '/site/site')).data.online.members, 1);
});

story('behind a base path all of it moves', async (s) => {
  await s.startRedis();
  await s.startAggregator();
  await s.startCollector(['--workers', '1', '--base-path', '/about/us']);
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200));
  for (const path of ['/', '/site/shop', '/sites']) {
    assert.equal((await s.request(path)).status, 404, path);
    assert.equal((await s.request(`/about/us${path}`)).status, 200, path);
  }
  const { text, hash } = await open(s, '/about/us/site/shop');
  assert.ok(text.includes('<base href="/about/us/">'));
  const shared = await s.request('/about/us/web/dashboard.js');
  assert.equal(shared.headers['content-location'], `/about/us/web/${hash}/dashboard.js`);
  assert.equal((await s.request(shared.headers['content-location'])).status, 200);
  assert.equal((await s.request('/web/dashboard.js')).status, 404);
});
