// Who is answered and does not count: robots, browsers that only fetch ahead, the site's own
// people and referrer spam; and that nobody else is taken for one.
import assert from 'node:assert/strict';
import { eventually, request, Story, story } from './harness.mjs';

const CHROME = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const ROBOTS = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  CHROME.replace('Chrome', 'HeadlessChrome'),
  'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
  'python-requests/2.31.0',
];
const PEOPLE = [CHROME, 'Mozilla/5.0 (Linux; Android 13; CUBOT P80) Chrome/124.0.0.0 Mobile Safari/537.36', 'curl/7.88.1', ''];

/** What the pixel says of why a hit did not count; undefined when it did. */
async function why(s, fields, headers) {
  return (await s.hit({ i: 'shop', p: '/', ...fields }, headers)).headers['x-headcount'];
}

story('robots are answered, told why, and counted apart', async (s) => {
  await s.start({ workers: 2, collector: ['--bots', 'built-in'] });
  for (const [n, agent] of PEOPLE.entries()) assert.equal(await why(s, { u: `person ${n}` }, { 'user-agent': agent }), undefined, agent);
  for (const agent of ROBOTS) assert.equal(await why(s, { u: 'robot' }, { 'user-agent': agent }), 'bot', agent);
  const headers = { 'user-agent': ROBOTS[0] };
  for (const fields of [{ k: 'h', v: '1' }, { e: 'buy' }]) assert.equal(await why(s, fields, headers), 'bot');
  const post = await s.request('/e', { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: '{"i":"shop","p":"/"}' });
  assert.equal(post.status, 202);
  await s.sees('shop', { pageViews: PEOPLE.length, currentVisitors: PEOPLE.length });
  const robots = ROBOTS.length + 3;
  assert.equal((await s.counters(s.collector)).bots, robots);
  const metrics = await request(`http://${await Story.adminOf(s.collector)}/metrics`);
  assert.match(metrics.body.toString(), new RegExp(`^headcount_\\w+\\{reason="bot"\\} ${robots}$`, 'm'));
});

story('a list of its own takes the place of the built-in one', async (s) => {
  await s.start({ collector: ['--bots', s.file('bots', '# mine\nacme\n!notacme\n')] });
  assert.equal(await why(s, { u: '1' }, { 'user-agent': 'ACME/1' }), 'bot');
  assert.equal(await why(s, { u: '2' }, { 'user-agent': 'NotAcme/1' }), undefined);
  assert.equal(await why(s, { u: '3' }, { 'user-agent': ROBOTS[0] }), undefined);
  await s.sees('shop', { pageViews: 2, currentVisitors: 2 });
});

story('what a browser fetches ahead of its person does not count', async (s) => {
  await s.start();
  for (const headers of [{ 'sec-purpose': 'prefetch' }, { 'sec-purpose': 'prefetch;prerender' }, { purpose: 'prefetch' }, { 'x-moz': 'prefetch' }])
    assert.equal(await why(s, { u: 'me' }, headers), 'prefetch', JSON.stringify(headers));
  assert.equal(await why(s, { u: 'me' }), undefined);
  await s.sees('shop', { pageViews: 1 });
  assert.equal((await s.counters(s.collector)).prefetched, 4);
});

story("the site's own people are left out by their networks, behind a proxy too", async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--exclude', '192.0.2.0/24', '--exclude', '2001:db8::/32'] });
  for (const ip of ['192.0.2.7', '::ffff:192.0.2.8', '2001:db8:1::1'])
    assert.equal(await why(s, { u: ip }, { 'x-forwarded-for': ip }), 'excluded', ip);
  for (const ip of ['192.0.3.1', '2001:db9::1', '127.0.0.1']) assert.equal(await why(s, { u: ip }, { 'x-forwarded-for': ip }), undefined, ip);
  await s.sees('shop', { pageViews: 3, currentVisitors: 3 });
  assert.equal((await s.counters(s.collector)).excluded, 3);
});

story("connections and visitors of the day of robots and the site's own people are told the numbers and are none of them", async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--bots', 'built-in', '--exclude', '192.0.2.0/24'] });
  const people = [[ROBOTS[0], '198.51.100.1'], [CHROME, '192.0.2.7'], [CHROME, '198.51.100.2']];
  for (const [n, [agent, address]] of people.entries()) {
    const head = `Host: x\r\nUser-Agent: ${agent}\r\nX-Forwarded-For: ${address}\r\n`;
    // A page that is rendered ahead and then looked at keeps its connection.
    const wire = s.wire().send(`GET /room HTTP/1.1\r\n${head}Sec-Purpose: prefetch;prerender\r\nAccept: text/event-stream\r\n\r\n`);
    await eventually(() => assert.match(wire.text, /^HTTP\/1\.1 200 /));
    const body = JSON.stringify({ visitorId: `v${n}`, siteId: 'room' });
    const day = s.wire().send(`POST /v1/visit HTTP/1.1\r\n${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    await eventually(() => assert.match(day.text, new RegExp(`"today":${n === 2 ? 1 : 0},`)));
  }
  const { bots, excluded, members_joined } = await s.counters(s.collector);
  assert.deepEqual([bots, excluded, members_joined], [2, 2, 1]);
});

story('views by the grace of referrer spam do not count', async (s) => {
  await s.start();
  for (const r of ['http://semalt.com/crawler', 'https://www.Semalt.com', 'http://5.semalt.com/x'])
    assert.equal(await why(s, { u: r, r }), 'spam', r);
  for (const r of ['https://news.example/x', 'http://notsemalt.com/', '-']) assert.equal(await why(s, { u: r, r }), undefined, r);
  const answer = await s.sees('shop', { pageViews: 3 });
  assert.ok(!JSON.stringify(answer).includes('"semalt.com"'));
  assert.equal((await s.counters(s.collector)).spam, 3);
});

story('lists and networks that are wrong are refused at the start, by name', async (s) => {
  for (const [args, err] of [
    [['--bots', '/no/such/file'], /--bots \/no\/such\/file: No such file/],
    [['--bots', s.file('short', 'bot\n\nxy\n')], /--bots \S+short, line 3: shorter than 3 bytes/],
    [['--referrer-spam', s.file('spam', 'spam.example\nspam\n')], /--referrer-spam \S+spam, line 2: not a domain/],
    [['--exclude', 'office'], /--exclude office: give a network/],
  ]) {
    const program = s.daemon('collector', ['--check-config', '--secret-file', s.secretFile, ...args]);
    const { code } = await program.end;
    assert.equal(code, 2, args.join(' '));
    assert.match(program.err, err);
  }
});
