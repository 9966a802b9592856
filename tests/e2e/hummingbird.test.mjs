// Clients of Hummingbird as they are, at a collector: its pixel, its datagrams, and what its
// users asked for. Rows H of seeds.md.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import { Browser } from './browser.mjs';
import { eventually, Story, story } from './harness.mjs';
import { ownTime } from './own_time.mjs';
import { Sse } from './sse.mjs';

const CLIENT = fs.readFileSync(new URL('clients/hummingbird_client.js', import.meta.url));
const HEAD = {
  'content-type': 'image/gif',
  'content-length': '43',
  pragma: 'no-cache',
  'cache-control': 'no-store, no-cache, must-revalidate, max-age=0,post-check=0,pre-check=0',
};

const PORT = ['--json-udp', '0'];

/** A program that sends datagrams to the collector's port for them. */
async function sender(s) {
  const [host, port] = (await Story.addressOf(s.collector, 'json-udp')).split(':');
  const socket = dgram.createSocket('udp4');
  s.closing.push(() => new Promise((resolve) => socket.close(resolve)));
  const send = (what) => new Promise((resolve, reject) => {
    const bytes = Buffer.isBuffer(what) || typeof what === 'string' ? what : JSON.stringify(what);
    socket.send(bytes, Number(port), host, (error) => (error ? reject(error) : resolve()));
  });
  return Object.assign(send, { host });
}

/** Waits until the feed has these, the newest first: paths, and of events the name behind it. */
const tells = (s, entries) =>
  eventually(async () => {
    const { recentEvents } = await s.api('shop');
    assert.deepEqual(recentEvents.map(({ path, name }) => [path, name].join(' ').trim()), entries);
  });

const counter = (s, name) => s.counters(s.collector).then((all) => all[name]);

story('H1: the pixel is a GIF of one dot that nobody may keep, whatever is asked for and where', async (s) => {
  await s.start();
  const targets = [
    '/tracking_pixel.gif?i=shop&u=http%3A%2F%2Fshop.example%2Fa', '/tracking_pixel.gif?i=shop&u=/b&k=v&%zz&=&a[]=1',
    '/tracking_pixel?i=shop&u=/a', '/tracking_pixel/x.png?i=shop&u=/a', '/any/where/tracking_pixel.gif?i=shop&u=/a',
    '/tracking_pixel.gif?i=no+site', `/tracking_pixel.gif?i=shop&u=/${'x'.repeat(3000)}`,
  ];
  for (const target of targets) {
    const answer = await s.request(target);
    assert.equal(answer.status, 200, target);
    for (const [name, value] of Object.entries(HEAD)) assert.equal(answer.headers[name], value, name);
    assert.equal(answer.body.toString('latin1', 0, 6), 'GIF89a');
    assert.equal(answer.body.length, 43);
    assert.deepEqual([...answer.body.subarray(6, 10)], [1, 0, 1, 0], 'one dot');
  }
  await s.sees('shop', { currentVisitors: 1, pageViews: 5 });
  const { bad_site, bad_path } = await s.counters(s.collector);
  assert.deepEqual([bad_site, bad_path], [1, 1]);
  const head = await s.request('/tracking_pixel.gif?i=shop&u=/a', { method: 'HEAD' });
  assert.equal(head.body.length, 0);
  assert.equal(await counter(s, 'hits'), 5);
});

story('H2: page, referrer and event are understood, the site is a parameter or the host', async (s) => {
  await s.start();
  const get = (query, headers) => s.request(`/tracking_pixel.gif?${new URLSearchParams(query)}`, { headers });
  const page = { u: 'http://shop.example/cart?x#y', bw: 1024, bh: 768, rnd: 0.5 };
  await get({ ...page, ref: 'https://blog.example/post', i: 'shop', guid: 'me' });
  await get({ ...page, event: 'cart_add', i: 'shop', guid: 'me' }, { 'user-agent': 'another' });
  await get(page, { host: 'Shop.Example:8000' });
  await tells(s, ['/cart cart_add', '/cart']);
  const { referrers } = await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
  assert.deepEqual(referrers.map(({ name, views }) => [name, views]), [['blog.example', 1]]);
  await s.sees('shop.example', { pageViews: 1 });
});

story('H2: so it is with a client in a browser', async (s) => {
  await s.start();
  const browser = await Browser.launch();
  s.closing.push(() => browser.kill());
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(`<!doctype html><a href="/next">next</a><script>${CLIENT}
      track('http://${s.http}/tracking_pixel.gif', { i: 'shop', event: location.pathname == '/next' ? 'cart_add' : '' });</script>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const tab = await (await browser.person()).open(`http://127.0.0.1:${server.address().port}/first`);
  await s.sees('shop', { pageViews: 1 });
  await tab.click('a');
  await tells(s, ['/next cart_add', '/first']);
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
});

story('H3: a datagram counts as the pixel does, and garbage is counted and nothing else', async (s) => {
  await s.start({ collector: PORT });
  const send = await sender(s);
  assert.equal(send.host, '127.0.0.1', 'a port alone is one of this host');
  const agent = 'Firefox';
  await s.request('/tracking_pixel.gif?i=shop&u=/a', { headers: { 'user-agent': agent } });
  await send({ site: 'shop', u: 'http://shop.example/a', ip: '127.0.0.1', ua: agent, price: 9.5 }); // the same visitor
  await send({ i: 'shop', url: '/b', event: 'cart_add', ip: '192.0.2.7', user_agent: agent });
  await send([{ site: 'shop', u: '/c', ip: '2001:db8::1' }, { site: 'shop', u: '/c', user: 'me' }]);
  const wanted = { currentVisitors: 4, pageViews: 4 };
  await s.sees('shop', wanted);
  await tells(s, ['/c', '/c', '/b cart_add', '/a', '/a']);
  assert.equal(await counter(s, 'json_udp_bad'), 0);

  const garbage = [
    '', 'hello', '{', '[', '"shop"', '7', '{"site":"shop"}x', Buffer.from([0xff, 0, 1]), '['.repeat(3000),
    [1, [], null], { site: 'shop', ip: 'nobody' }, { site: 'shop', u: 'x'.repeat(9000) },
  ];
  for (const what of garbage) await send(what);
  await send({ u: '/no-site' });
  await send({ site: 'shop', u: '/d', user: 'me' });
  await s.sees('shop', { ...wanted, pageViews: 5 });
  const { json_udp, json_udp_bad, no_site, hits } = await s.counters(s.collector);
  assert.equal(json_udp, 3 + garbage.length + 2);
  assert.equal(json_udp_bad, garbage.length + 2); // the array has three
  assert.deepEqual([no_site, hits], [1, 6]);
});

story('H3: there is no such port unless it is asked for, and one that is in use is a sentence', async (s) => {
  await s.start();
  assert.doesNotMatch(s.collector.out, /json-udp/);
  const taken = dgram.createSocket('udp4');
  await new Promise((resolve) => taken.bind(0, '127.0.0.1', resolve));
  s.closing.push(() => new Promise((resolve) => taken.close(resolve)));
  const at = `127.0.0.1:${taken.address().port}`;
  for (const [value, code, says] of [
    [at, 1, `--json-udp ${at}: the port is in use`], ['99999', 2, '--json-udp 127.0.0.1:99999'], ['here', 2, '--json-udp here'],
  ]) {
    const refused = s.daemon('collector', [
      '--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--secret-file', s.secretFile,
      '--json-udp', value,
    ]);
    assert.equal((await refused.end).code, code, value);
    assert.ok(refused.err.includes(says), refused.err);
  }
});

story('H4: a hit is told within half a second, once', async (s) => {
  await s.start();
  const stream = await Sse.open(s, '/sites/shop/stream?feed=0');
  await stream.until((x) => assert.ok(x.state));
  for (const u of ['a', 'b']) {
    const passed = ownTime();
    await s.request(`/tracking_pixel.gif?i=shop&u=/&guid=${u}`);
    await stream.until((x) => assert.equal(x.state.visitors['1'] ?? x.state.visitors['5'], u === 'a' ? 1 : 2));
    assert.ok(passed() < 500, `${passed()} ms`);
  }
  const told = stream.of('state').filter(({ data }) => !data.flags.includes('tick'));
  assert.equal(told.length, 3, 'what was there, and the two');
});

/** Sanitizers keep what was freed for a while, and say nothing about memory. */
const sanitized = (process.env.HEADCOUNT_BIN ?? '').includes('san');

story('H5: memory stays flat, whatever and however much comes', async (s) => {
  await s.start({ collector: [...PORT, '--ring', '1'] });
  const send = await sender(s);
  const memory = () => Number(fs.readFileSync(`/proc/${s.collector.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1]);
  const MANY = 10_000;
  let sent = 0;
  const flood = async () => {
    for (let k = 0; k < MANY; k++, sent++) {
      const event = { site: 'shop', u: `/${k % 50}`, user: `u${k % 499}`, event: k % 3 ? 'hit' : 'cart_add', ip: `192.0.2.${k % 200}` };
      await send(k % 10 ? event : `${JSON.stringify(event)}!`);
      if (k % 500 === 499) await eventually(async () => assert.equal(await counter(s, 'json_udp'), sent + 1));
    }
    await eventually(async () => assert.equal((await s.counters(s.collector)).outstanding ?? 0, 0));
  };
  await flood();
  const before = memory();
  await flood();
  const grown = memory() - before;
  console.log(`${before} KiB after ${MANY} datagrams, ${grown} more after as many again`);
  if (!sanitized) assert.ok(grown < 2048, `${grown} KiB more`);
  assert.equal(await counter(s, 'json_udp_bad'), (2 * MANY) / 10);
  await s.sees('shop', { currentVisitors: 499 }, 20_000);
});

story('H6: the port for operators can be off, and streams be for pages of one origin', async (s) => {
  await s.start({ collector: ['--admin-listen', 'none', '--origin', 'https://shop.example'] });
  assert.doesNotMatch(s.collector.out, /proto=admin/);
  const open = (origin) => Sse.open(s, '/sites/shop/stream', { headers: origin ? { origin } : {} });
  assert.equal((await open('https://evil.example')).status, 403);
  assert.equal((await open('https://shop.example')).status, 200);
  assert.equal((await open('')).status, 200);
});
