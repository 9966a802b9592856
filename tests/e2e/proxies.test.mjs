// Whose address a hit counts for behind proxies: what anybody may write into a request
// changes nothing; what a trusted proxy says does, in a header or in front of the
// connection. Real nginx, Caddy and HAProxy, and bytes made by hand.
import assert from 'node:assert/strict';
import http from 'node:http';
import { eventually, freePort, Story, story, within } from './harness.mjs';
import { token } from './telnet.mjs';

const HEAD_DEADLINE_MS = 10_000;
const PIXEL = '/hc.gif?i=shop&p=/a';

/** One request from an address of this host; headers may repeat: [[name, value], ...]. */
function get(url, { from = '127.0.0.1', headers = [] } = {}) {
  const answer = new Promise((resolve, reject) => {
    const req = http.request(url, { localAddress: from, agent: false }, (res) => {
      const parts = [];
      res.on('data', (part) => parts.push(part));
      res.on('end', () => resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }));
    });
    const names = new Set(headers.map(([name]) => name));
    for (const name of names) req.setHeader(name, headers.filter((line) => line[0] === name).map((line) => line[1]));
    req.on('error', reject);
    req.end();
  });
  return within(5_000, `${url} is answered`, answer);
}

async function hit(base, options) {
  assert.equal((await get(`${base}${PIXEL}`, options)).status, 200);
}

/** What the collector makes of a request. */
async function whoami(base, admin, { from, headers = [] } = {}) {
  const answer = await get(`${base}/debug/whoami?site=shop`, { from, headers: [...headers, ['Authorization', `Bearer ${admin}`]] });
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body);
}

const xff = (...lines) => lines.map((line) => ['X-Forwarded-For', line]);

/** Everything that people write to be somebody else. */
const SPOOFS = [
  xff('203.0.113.1'), xff('203.0.113.2, 203.0.113.3'), xff('203.0.113.4', '203.0.113.5'), xff('203.0.113.6,127.0.0.1'),
  xff('2001:db8::1'), xff('[2001:db8::2]:443'), xff('::ffff:203.0.113.7'), xff('203.0.113.8:1234'), xff('unknown'), xff(''), xff(', ,'),
  xff('203.0.113.9', '10.0.0.1', '127.0.0.1'), xff(...Array.from({ length: 12 }, (_, i) => `203.0.113.${20 + i}`)),
  ['X-Real-IP', 'CF-Connecting-IP', 'True-Client-IP', 'Fly-Client-IP', 'X-Client-IP', 'X-Cluster-Client-IP', 'X-Forwarded', 'Client-IP', 'Via']
    .map((name, i) => [name, `203.0.113.${100 + i}`]),
  [['Forwarded', 'for=203.0.113.120']], [['Forwarded', 'for="[2001:db8::3]:443";proto=https']],
  [['X_Forwarded_For', '203.0.113.121']], [['X-Forwarded-Fo', '203.0.113.122']],
];

story('who is no trusted proxy speaks for nobody, whatever is said', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '192.0.2.1'] });
  for (const headers of SPOOFS) await hit(`http://${s.http}`, { from: '127.0.0.5', headers });
  await s.sees('shop', { currentVisitors: 1, pageViews: SPOOFS.length });
  await hit(`http://${s.http}`, { from: '127.0.0.6' });
  await s.sees('shop', { currentVisitors: 2 });
});

story('of the lines that a trusted proxy sends the last stranger counts, and nobody in front', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--trusted-proxy', '10.0.0.0/8,2001:db8:f::/48'] });
  const admin = await token(s, 'shop', 'admin');
  const wrong = [];
  const all = [
    ['198.51.100.1', xff('198.51.100.1')],
    ['198.51.100.1', xff('198.51.100.1:5555')],
    ['198.51.100.1', xff('::ffff:198.51.100.1')],
    ['198.51.100.1', xff('198.51.100.1, 10.0.0.2')],
    ['198.51.100.1', xff('198.51.100.1', '10.0.0.2')],
    ['198.51.100.1', xff('198.51.100.1', '10.0.0.3, 10.0.0.2', '2001:db8:f::1')],
    ['198.51.100.1', xff('203.0.113.1', '198.51.100.1')],
    ['198.51.100.1', xff('203.0.113.1', '203.0.113.2, 198.51.100.1', '10.0.0.2')],
    ['198.51.100.1', xff('10.0.0.9', '127.0.0.1', '198.51.100.1')],
    ['198.51.100.1', xff('<script>', '198.51.100.1')],
    ['198.51.100.1', xff(...Array.from({ length: 20 }, () => '203.0.113.1'), '198.51.100.1')],
    ['2001:db8:e::1', xff('203.0.113.1', '[2001:db8:e::1]:443')],
    ['2001:db8:e::1', xff('2001:DB8:E:0::1')],
    ['127.0.0.1', xff('203.0.113.1', '')],
    ['127.0.0.1', [['Forwarded', 'for=203.0.113.1'], ['X-Real-IP', '203.0.113.2'], ['CF-Connecting-IP', '203.0.113.3']]],
  ];
  for (const [client, headers] of all) {
    const seen = await whoami(`http://${s.http}`, admin, { headers });
    if (seen.client !== client) wrong.push(`${JSON.stringify(headers)}: ${seen.client}, not ${client}`);
    await hit(`http://${s.http}`, { headers });
  }
  assert.deepEqual(wrong, []);
  await s.sees('shop', { currentVisitors: 3, pageViews: all.length });
});

story('a header that is named holds one address of a trusted proxy, and nothing else counts', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--client-ip-header', 'CF-Connecting-IP'] });
  const admin = await token(s, 'shop', 'admin');
  const base = `http://${s.http}`;
  const cf = (...lines) => lines.map((line) => ['cf-connecting-ip', line]);
  const clientOf = async (options) => (await whoami(base, admin, options)).client;
  for (const [value, client] of [['198.51.100.1', '198.51.100.1'], ['2001:db8::1', '2001:db8::1'], ['[2001:db8::1]:80', '2001:db8::1'], ['::ffff:198.51.100.1', '198.51.100.1']])
    assert.equal(await clientOf({ headers: [...cf(value), ...xff('203.0.113.1')] }), client);
  for (const bad of [cf('198.51.100.1', '198.51.100.2'), cf('198.51.100.1', '198.51.100.1'), cf('198.51.100.1, 198.51.100.2'), cf(''), cf('me'), xff('203.0.113.1'), []])
    assert.equal(await clientOf({ headers: bad }), '127.0.0.1', JSON.stringify(bad));
  for (const headers of [...SPOOFS, cf('203.0.113.1')]) assert.equal(await clientOf({ from: '127.0.0.5', headers }), '127.0.0.5');
});

// -- PROXY protocol, by hand (HAProxy's proxy-protocol.txt, 2.1 and 2.2) --

const MAGIC = '\r\n\r\n\0\r\nQUIT\n';
const bytesOf = (address) =>
  address.includes(':')
    ? Buffer.from(address.split(':').map((part) => part.padStart(4, '0')).join(''), 'hex').toString('latin1')
    : String.fromCharCode(...address.split('.').map(Number));
const v1 = (address, family = address.includes(':') ? 'TCP6' : 'TCP4') => `PROXY ${family} ${address} ${family === 'TCP6' ? '::1' : '10.0.0.1'} 4711 80\r\n`;
const block = (command, family, text) => `${MAGIC}${String.fromCharCode(command, family, text.length >> 8, text.length & 255)}${text}`;
const v2 = (address, more = '') =>
  block(0x21, address.includes(':') ? 0x21 : 0x11, `${bytesOf(address)}${bytesOf(address)}\x12\x67\0\x50${more}`);
const V6 = '2001:db8:0:0:0:0:0:7';

const ask = (target, ...lines) => [`GET ${target} HTTP/1.1`, 'Host: x', ...lines, '', ''].join('\r\n');

/** With this option nobody gets in who does not speak it, so what is known is asked of Redis. */
async function startProxied(s, ...collector) {
  await s.startRedis();
  await s.startAggregator();
  await s.startCollector(['--workers', '1', '--proxy-protocol', ...collector]);
}

const counts = (s, expected) =>
  eventually(async () => {
    const { currentVisitors, pageViews } = await s.cliJson('now', 'shop');
    assert.deepEqual({ currentVisitors, pageViews }, expected);
  });

async function answered(wire, n = 1) {
  await eventually(() => assert.equal(wire.text.match(/HTTP\/1\.1 200/g)?.length, n, wire.text));
}

/** What the collector makes of a connection that begins with these bytes. */
async function introduced(s, admin, header, ...lines) {
  const wire = s.wire().send(header + ask('/debug/whoami?site=shop', `Authorization: Bearer ${admin}`, 'Connection: close', ...lines));
  await within(5_000, 'the connection is closed', wire.end);
  assert.match(wire.text, /^HTTP\/1\.1 200 /, JSON.stringify(header));
  return JSON.parse(wire.text.split('\r\n\r\n')[1]);
}

story('PROXY tells the client of a connection, in both versions, whole and in pieces', async (s) => {
  await startProxied(s, '--trusted-proxy', '127.0.0.1');
  const all = [
    v1('198.51.100.1'), v2('198.51.100.1'), v2('198.51.100.1', '\x04\0\x03abc'), v1('::ffff:198.51.100.1', 'TCP6'),
    v1(V6), v2(V6), 'PROXY UNKNOWN\r\n', block(0x20, 0, ''), block(0x21, 0x31, 'x'.repeat(216)),
  ];
  for (const header of all) {
    await answered(s.wire().send(header + ask(PIXEL)));
    const slow = s.wire();
    slow.socket.setNoDelay(true);
    for (const byte of header + ask(PIXEL)) {
      slow.send(byte);
      await new Promise(setImmediate);
    }
    await answered(slow);
  }
  /* 198.51.100.1, the one of IPv6, and the proxy itself */
  await counts(s, { currentVisitors: 3, pageViews: 2 * all.length });

  const alone = s.wire().send(v2('198.51.100.9'));
  await eventually(async () => assert.equal((await s.counters(s.collector)).conns, 2 * all.length + 1));
  await answered(alone.send(ask(PIXEL)));
  await answered(alone.send(ask(PIXEL) + ask(PIXEL)), 3);
  await counts(s, { currentVisitors: 4, pageViews: 2 * all.length + 3 });
});

story('whom PROXY told is the next hop: X-Forwarded-For is walked on only past a trusted one', async (s) => {
  await startProxied(s, '--trusted-proxy', '127.0.0.1,10.0.0.0/8');
  const admin = await token(s, 'shop', 'admin');
  const forwarded = 'X-Forwarded-For: 203.0.113.1';
  const stranger = await introduced(s, admin, v2('198.51.100.1'), forwarded, 'CF-IPCountry: DE');
  assert.deepEqual(
    [stranger.connection, stranger.proxyProtocol, stranger.peer, stranger.trusted, stranger.client, stranger.country],
    ['127.0.0.1', 2, '198.51.100.1', false, '198.51.100.1', null]);
  const proxy = await introduced(s, admin, v1('10.0.0.1'), forwarded, 'CF-IPCountry: DE');
  assert.deepEqual(
    [proxy.proxyProtocol, proxy.peer, proxy.trusted, proxy.client, proxy.country], [1, '10.0.0.1', true, '203.0.113.1', 'DE']);
  assert.equal((await introduced(s, admin, block(0x20, 0, ''), forwarded)).client, '203.0.113.1');
});

story('where PROXY is needed nothing else gets an answer', async (s) => {
  await startProxied(s, '--trusted-proxy', '127.0.0.1');
  const bad = [
    ask(PIXEL), `\r\n${ask(PIXEL)}`, `PROXY\r\n${ask(PIXEL)}`, `PROXY TCP4 198.51.100.1\r\n${ask(PIXEL)}`, `proxy UNKNOWN\r\n${ask(PIXEL)}`,
    v1('198.51.100.256') + ask(PIXEL), v1(V6, 'TCP4') + ask(PIXEL), `PROXY UNKNOWN ${'x'.repeat(200)}`, `PROXY TCP4 198.51.100.1 10.0.0.1 1 2\n${ask(PIXEL)}`,
    block(0x11, 0x11, 'x'.repeat(12)) + ask(PIXEL), block(0x22, 0x11, 'x'.repeat(12)) + ask(PIXEL), block(0x21, 0x41, 'x'.repeat(12)) + ask(PIXEL),
    block(0x21, 0x11, 'short') + ask(PIXEL), block(0x21, 0x11, 'x'.repeat(5000)), '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', '\0',
    v1('198.51.100.1') + v1('198.51.100.2') + ask(PIXEL), // the second is no request: 400, and nothing counted
  ];
  for (const bytes of bad) {
    const wire = s.wire().send(bytes);
    await within(5_000, 'the connection is closed', wire.end);
    assert.doesNotMatch(wire.text, /HTTP\/1\.1 200/, JSON.stringify(bytes));
  }
  const counters = await s.counters(s.collector);
  assert.equal(counters.proxy_bad, bad.length - 1);
  assert.equal(counters.hits, 0);

  const wire = s.wire().send('PROXY TCP4 198.51.100.1 10.');
  await within(HEAD_DEADLINE_MS + 5_000, 'the slow one is closed', wire.end);
  assert.equal(wire.text, '');
  assert.equal((await s.counters(s.collector)).timeouts_head, 1);
});

story('where PROXY is needed nobody connects who is no trusted proxy', async (s) => {
  await startProxied(s, '--trusted-proxy', '192.0.2.1');
  for (const bytes of [v2('198.51.100.1') + ask(PIXEL), ask(PIXEL)]) {
    const wire = s.wire().send(bytes);
    await within(5_000, 'the connection is closed', wire.end);
    assert.equal(wire.text, '');
  }
  const counters = await s.counters(s.collector);
  assert.deepEqual([counters.proxy_missing, counters.hits], [2, 0]);
});

story('an address has no more connections because a proxy brings them', async (s) => {
  await startProxied(s, '--trusted-proxy', '127.0.0.1', '--conns-per-address', '2');
  const open = [s.wire(), s.wire()];
  for (const wire of open) { // streams: others are not kept when an address has many
    wire.send(v2('198.51.100.1') + ask('/sites/shop/stream'));
    await eventually(() => assert.match(wire.text, /^HTTP\/1\.1 200 OK/));
  }
  const third = s.wire().send(v2('198.51.100.1') + ask(PIXEL));
  await within(5_000, 'the third is closed', third.end);
  assert.equal(third.text, '');
  await answered(s.wire().send(v2('198.51.100.2') + ask(PIXEL)));
  assert.equal((await s.counters(s.collector)).conns_crowded, 1);
  open[0].destroy();
  await eventually(async () => assert.equal((await s.counters(s.collector)).conns_open, 2));
  await answered(s.wire().send(v2('198.51.100.1') + ask(PIXEL)));
});

// -- real proxies: those behind them come from 127.0.0.5 and .6, they themselves from .1 --

async function caddy(s, to) {
  const port = await freePort();
  const file = s.file('Caddyfile', `{
  admin off
  auto_https off
  storage file_system ${s.dir}/caddy
}
http://127.0.0.1:${port} {
  reverse_proxy ${to}
}
`);
  s.run('caddy', 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env: { HOME: s.dir } });
  return `http://127.0.0.1:${port}`;
}

async function nginx(s, to, line) {
  const port = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${s.dir}/${what};`).join(' ');
  const file = s.file('nginx.conf', `daemon off; master_process off; pid ${s.dir}/nginx.pid; error_log ${s.dir}/nginx.log;
    ${process.getuid() === 0 ? 'user root;' : ''} events {}
    http { ${temp} access_log off; server { listen 127.0.0.1:${port};
      location / { proxy_pass http://${to}; proxy_set_header Host $host; ${line} } } }`);
  s.run('nginx', 'nginx', ['-p', s.dir, '-c', file]);
  return `http://127.0.0.1:${port}`;
}

async function haproxy(s, to, { mode, option = '', send = '' }) {
  const port = await freePort();
  const file = s.file('haproxy.cfg', `defaults
  mode ${mode}
  timeout connect 5s
  timeout client 20s
  timeout server 20s
frontend web
  bind 127.0.0.1:${port}
  default_backend headcount
backend headcount
  ${option}
  server one ${to} ${send}
`);
  s.run('haproxy', 'haproxy', ['-db', '-f', file]);
  return `http://127.0.0.1:${port}`;
}

/** Two people, who say that they are everybody, are two. */
async function tellsTwo(s, base, proxyProtocol = null) {
  const admin = await token(s, 'shop', 'admin');
  const me = await eventually(() => whoami(base, admin, { from: '127.0.0.5', headers: xff('203.0.113.1') }), 10_000);
  assert.deepEqual([me.client, me.connection, me.proxyProtocol], ['127.0.0.5', '127.0.0.1', proxyProtocol]);
  let views = 0;
  for (const headers of SPOOFS)
    for (const from of ['127.0.0.5', '127.0.0.6']) {
      const { status } = await get(`${base}${PIXEL}`, { from, headers });
      assert.equal(status, 200);
      views++;
    }
  await counts(s, { currentVisitors: 2, pageViews: views });
}

const TRUST = ['--trusted-proxy', '127.0.0.1'];

story('nginx adds to the list of X-Forwarded-For', async (s) => {
  await s.start({ collector: TRUST });
  await tellsTwo(s, await nginx(s, s.http, 'proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;'));
});

story('nginx writes X-Real-IP and hands on X-Forwarded-For as it came', async (s) => {
  await s.start({ collector: [...TRUST, '--client-ip-header', 'X-Real-IP'] });
  await tellsTwo(s, await nginx(s, s.http, 'proxy_set_header X-Real-IP $remote_addr;'));
});

story('Caddy writes X-Forwarded-For anew', async (s) => {
  await s.start({ collector: TRUST });
  await tellsTwo(s, await caddy(s, s.http));
});

story('HAProxy adds a line of X-Forwarded-For of its own', async (s) => {
  await s.start({ collector: TRUST });
  await tellsTwo(s, await haproxy(s, s.http, { mode: 'http', option: 'option forwardfor' }));
});

for (const [version, send] of [[1, 'send-proxy'], [2, 'send-proxy-v2']])
  story(`HAProxy speaks PROXY ${version} and checks the health of the collector`, async (s) => {
    await startProxied(s, ...TRUST);
    const option = 'option httpchk GET /livez';
    await tellsTwo(s, await haproxy(s, s.http, { mode: 'tcp', option, send: `${send} check inter 200` }), version);
    assert.equal((await s.counters(s.collector)).proxy_bad, 0);
  });

// -- /debug/whoami --

story('whoami tells who has a token of scope admin what becomes of a hit, and nobody else', async (s) => {
  await s.start({ collector: [...TRUST, '--bots', 'built-in'] });
  const target = '/debug/whoami?site=shop';
  const tokens = {};
  for (const scope of ['read', 'send', 'admin']) tokens[scope] = await token(s, 'shop', scope);
  const as = (text, path = target, more = []) => get(`http://${s.http}${path}`, { headers: [...(text ? [['Authorization', `Bearer ${text}`]] : []), ...more] });

  for (const [status, text, path] of [
    [401, null], [401, `hc_${'A'.repeat(43)}`], [403, tokens.read], [403, tokens.send], [400, tokens.admin, '/debug/whoami'],
    [400, tokens.admin, '/debug/whoami?site=a%20b'], [401, tokens.admin, '/debug/whoami?site=other'], [401, null, `${target}&token=${tokens.admin}`],
  ]) {
    const answer = await as(text, path);
    assert.equal(answer.status, status, `${text} ${path}`);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
    assert.doesNotMatch(answer.body.toString(), /127\.0\.0\.1/);
  }

  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36';
  const answer = await as(tokens.admin, target, [
    ...xff('203.0.113.1', '198.51.100.1'), ['User-Agent', chrome], ['CF-IPCountry', 'NL'], ['Origin', 'https://evil.example'], ['Cookie', 'a=secret']]);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
  assert.equal(answer.headers['content-type'], 'application/json');
  assert.deepEqual(JSON.parse(answer.body), {
    connection: '127.0.0.1', proxyProtocol: null, peer: '127.0.0.1', trusted: true,
    xForwardedFor: ['203.0.113.1', '198.51.100.1'], clientIpHeader: null, clientIp: null, clientIpRepeated: false, cfIpCountry: 'NL',
    client: '198.51.100.1', country: 'NL', userAgent: chrome, device: 'desktop', browser: 'Chrome', robot: false, optsOut: false,
    counts: true, whyNot: null,
  });
  const robot = JSON.parse((await as(tokens.admin, target, [['User-Agent', 'Googlebot/2.1 (+http://www.google.com/bot.html)'], ['DNT', '1']])).body);
  assert.deepEqual([robot.robot, robot.optsOut, robot.counts, robot.whyNot], [true, true, false, 'bot']);
  const ahead = JSON.parse((await as(tokens.admin, target, [['Sec-Purpose', 'prefetch']])).body);
  assert.deepEqual([ahead.counts, ahead.whyNot], [false, 'prefetch']);
  const nasty = JSON.parse((await as(tokens.admin, target, [['User-Agent', '"</script>\\\xff\t'], ...xff('<img src=x>')])).body);
  assert.deepEqual([nasty.client, nasty.xForwardedFor], ['127.0.0.1', ['<img src=x>']]);
  await s.sees('shop', { currentVisitors: 0, pageViews: 0 });
});

story('options that cannot be meant are refused at start', async (s) => {
  for (const [args, sentence] of [
    [['--proxy-protocol'], /--proxy-protocol: nobody may connect/],
    [['--client-ip-header', 'X-Real-IP'], /--client-ip-header X-Real-IP: nobody is believed/],
    [[...TRUST, '--client-ip-header', 'X Real'], /--client-ip-header X Real: give a name like/],
    [[...TRUST, '--client-ip-header', 'DNT'], /--client-ip-header DNT: give a name like/],
  ]) {
    const collector = s.daemon('collector', ['--listen', '127.0.0.1:0', '--secret-file', s.secretFile, ...args]);
    const { code } = await within(5_000, 'it ends', collector.end);
    assert.equal(code, 2);
    assert.match(collector.err, sentence);
  }
});
