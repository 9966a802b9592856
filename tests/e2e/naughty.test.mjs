// Naughty strings in at every door and out of every one: answers are always valid JSON, XML and
// scripts, lines are always lines, nothing runs in a browser, and no terminal is sent what is
// not for showing.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import path from 'node:path';
import vm from 'node:vm';
import { WebSocket } from 'ws';
import { play, recorded } from './clients/recorded.mjs';
import { eventually, request, story, Story, within } from './harness.mjs';
import { lint } from './metrics_lint.mjs';
import { ESCAPES, NAUGHTY, percent, strictJson, TAGS, UNFIT, utf8 } from './naughty.mjs';
import { browse, isLive } from './pages.mjs';
import { Sse } from './sse.mjs';
import { tapUdp } from './tap.mjs';
import { Terminal as Telnet, token } from './telnet.mjs';
import { Terminal } from './terminal.mjs';

const headcount = path.resolve(process.env.HEADCOUNT_BIN ?? 'build/bin', 'headcount');
const PER_SITE = 24; // its lists and its feed have room for all that these tell
const FLAGS = [
  '--trusted-proxy', '127.0.0.1', '--feed-listen', '127.0.0.1:0', '--notify-listen', '127.0.0.1:0', '--json-udp', '127.0.0.1:0',
  '--log-members', '--enable-uuid',
];
const siteOf = (n) => `site${Math.floor(n / PER_SITE)}`;
const SITES = [...new Set(NAUGHTY.map((_, n) => siteOf(n)))];

/** Requests with these bytes in all fields: [line, header lines, body]. */
function requests(w, site) {
  const p = percent(w);
  const form = (fields) => fields.map((name) => `${name}=${p}`).join('&');
  const json = JSON.stringify(w.toString('utf8'));
  const post = (target, type, body) => [`POST ${target}`, [`Content-Type: ${type}`], body];
  const FORM = 'application/x-www-form-urlencoded';
  return [
    [`GET /hc.gif?i=${site}&p=/${p}&t=${p}&u=${p}&v=${p}&r=https://${p}/${p}&utm_campaign=${p}&utm_term=${p}&utm_source=${p}&q=${p}`],
    [`GET /hc.gif?i=${site}&p=${p}&e=${p}&u=x`],
    [`GET /hc.gif?i=${site}&p=${p}&r=${p}`],
    [`GET /hc.gif?i=${site}&p=/plain&utm_source=${p}`],
    [`GET /hc.gif?i=${p}&p=/`], [`GET /hc.gif?i=${site}&k=${p}`], [`GET /hc.gif?i=${site}&p=/&a=${p}`], [`GET /hc.gif?i=${site}&p=/&d=${p}`],
    [`GET /hc.gif?${p}`], [`GET /hc.gif?i=${site}&send_image=${p}&p=/`],
    post('/e', FORM, `i=${site}&${form(['p', 't', 'u', 'r'])}`),
    post('/e', 'application/json', `{"i":"${site}","p":${json},"t":${json},"u":${json},"e":${json}}`),
    post('/e', 'application/json', Buffer.concat([Buffer.from(`{"i":"${site}","p":"`), w, Buffer.from('"}')]).toString('latin1')),
    post('/e', 'text/plain', w.toString('latin1')),
    post('/x/livestats.php', FORM, `state=1&${form(['url', 'title'])}`),
    post('/collect', 'text/plain', `{"s":"${site}","e":"event","en":${json},"u":"https://a.example/","t":${json},"r":${json}}`),
    post('/collect', 'text/plain', `{"s":"${site}","e":${json},"u":${json}}`),
    [`GET /tracking_pixel.gif?i=${site}&u=${p}&event=${p}&guid=${p}&ref=${p}`],
    [`GET /count?i=${site}&p=${p}&t=${p}&r=${p}&q=${p}`], [`GET /${p}/count?p=/`],
    post('/api/event', 'text/plain', `{"d":"${site}","n":${json},"u":${json},"r":${json}}`),
    post('/api/event', 'text/plain', `{"d":${json},"n":"pageview","u":"https://a.example/"}`),
    [`GET /matomo.php?idsite=${site}&rec=1&url=${p}&action_name=${p}&urlref=${p}&uid=${p}&pv_id=${p}&e_c=${p}&e_a=${p}`],
    [`GET /matomo.php?idsite=${site}&rec=1&url=/&link=${p}`], [`GET /matomo.php?idsite=${p}&rec=1`],
    post('/matomo.php', 'application/json', `{"requests":[${json},{"idsite":"${site}","rec":"1","url":${json}}]}`),
    post('/api/send', 'application/json', `{"type":"event","payload":{"website":"${site}","hostname":${json},"url":${json},"title":${json},"referrer":${json},"name":${json},"id":${json}}}`),
    post('/api/send', 'application/json', `{"type":${json},"payload":{"website":${json}}}`),
    [`GET /collect?sid=${site}&h=${p}&p=${p}&r=${p}`], [`GET /i?e=se&aid=${site}&url=${p}&page=${p}&refr=${p}&se_ca=${p}&se_ac=${p}&duid=${p}`],
    post('/com.snowplowanalytics.snowplow/tp2', 'application/json', `{"data":[{"e":"pv","aid":"${site}","url":${json},"page":${json}}]}`),
    post('/v1/visit', 'application/json', `{"siteId":"${site}","visitorId":${json}}`),
    [`GET /liveuser.js?siteId=${p}&serverUrl=${p}&displayElementId=${p}&baseUrl=${p}&reconnectDelay=${p}`],
    [`GET /liveuser.js?siteId=${p}&displayElementId=${p}&totalCountElementId=${p}`],
    [`GET /main.js?siteId=${p}`], [`GET /main.js`, [`Referer: https://${p}/`]],
    [`GET /sites/${site}/script?${p}=${p}&honorDnt=${p}`], [`GET /any/sites/${p}/script`], [`GET /${p}/liveuser.js`],
    [`GET /sites/${p}/realtime`], [`GET /sites/${site}/realtime?minutes=${p}`], [`GET /sites/${site}/stats?startDate=${p}&limit=${p}`],
    [`GET /site/${p}`], [`GET /sites/${p}/badge.svg`], [`GET /sites/${site}/badge.svg?label=${p}`], [`GET /sites/${site}/badge.json?label=${p}`],
    [`GET /sites/${site}/badge.svg?color=${p}`], [`GET /sites/${site}/badge.svg?style=${p}`], [`GET /sites/${site}/stream?last_event_id=${p}`, ['Connection: close'], '', 'HEAD'],
    [`GET /api/total/${p}`], [`GET /getlivestats.php`, [], ''], [`GET /${p}`], [`GET /${p}/${p}`, ['Accept: text/event-stream'], '', 'HEAD'],
    [`GET /web/${p}`], [`GET /hc.${p}.js`], [`OPTIONS /${p}`], [`POST /sites/${site}/messages`, [`Authorization: Bearer ${p}`], 'x'],
  ];
}

const isHeader = (w) => !/[\0-\x08\x0a-\x1f\x7f]/.test(w.toString('latin1'));

/** An answer is what it says it is, head and body. */
function check(what, { status, lines, body }) {
  assert.ok(status >= 200 && status < 600, `${what}: ${status}`);
  for (const line of lines) {
    assert.match(line, /^[A-Za-z-]+: [\x20-\x7e]*$/, `${what}: ${JSON.stringify(line)}`);
    assert.doesNotMatch(line, /^Set-Cookie: (?!hc_livestats=)/i, what);
  }
  const type = lines.find((line) => /^Content-Type:/i.test(line))?.split(': ')[1] ?? '';
  const bytes = Buffer.from(body, 'latin1');
  if (body === '' || type === 'image/gif') return;
  const text = utf8(bytes);
  if (/json/.test(type)) strictJson(bytes, assert);
  else if (/javascript/.test(type)) isScript(what, text);
  else if (/svg|xml/.test(type)) isXml(what, text);
  else if (/html/.test(type)) for (const tag of TAGS) assert.ok(!text.includes(tag), `${what}: ${tag}`);
  else assert.doesNotMatch(text, UNFIT, what);
}

/** It is well-formed, and has no elements but those of badges and policies. */
function isXml(what, text) {
  const open = [];
  const one = /<(\/?)([a-z-]+)((?: [\w:-]+="[^"<]*")*)(\/?)>|&(?:lt|gt|amp|quot|apos|#\d+);|[^<&]|<!DOCTYPE [^>[]*>|<\?xml [^>?]*\?>/uy;
  assert.doesNotMatch(text, /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u, what);
  while (one.lastIndex < text.length) {
    const { lastIndex } = one;
    const [, end, name, , empty] = one.exec(text) ?? assert.fail(`${what}: ${text.slice(lastIndex, lastIndex + 80)}`);
    if (!name) continue;
    assert.match(name, /^(svg|title|desc|rect|path|g|text|style|circle|cross-domain-policy|allow-\w+-from|allow-http-request-headers-from|site-control)$/, what);
    if (end) assert.equal(open.pop(), name, what);
    else if (!empty) open.push(name);
  }
  assert.deepEqual(open, [], what);
}

/** It parses, and has nothing in it that could end the element it stands in. */
function isScript(what, text) {
  new vm.Script(text, { filename: what });
  const said = text.replace(/^\/\/.*$/gm, ''); // but the file's own comments
  assert.doesNotMatch(said, /<\/script|<!--|[\u2028\u2029]/i, what);
}

/** All of them through every way of HTTP; returns how many there were. */
async function byHttp(s, list) {
  const admin = await token(s, 'site0', 'admin');
  let count = 0;
  for (const [n, w] of list) {
    const headers = isHeader(w) ? [w.toString('latin1')] : [];
    const all = requests(w, siteOf(n)).concat(
      headers.map((text) => [`GET /hc.gif?i=${siteOf(n)}`, [`Referer: ${text}`, `CF-IPCountry: ${text}`, `X-Forwarded-For: ${text}`, `Origin: ${text}`, `Cookie: hc_livestats=${text}`]]),
      headers.map((text) => [`GET /sites/${siteOf(n)}/realtime`, [`If-None-Match: ${text}`, `Accept: ${text}`, `Accept-Encoding: ${text}`]]),
      headers.map((text) => [`GET /debug/whoami?site=site0&x=${percent(text)}`, [`Authorization: Bearer ${admin}`, `X-Forwarded-For: ${text}`, `CF-IPCountry: ${text}`]]),
      headers.map((text) => [`POST /livestats.php`, [`Origin: ${text}`, 'Content-Type: application/x-www-form-urlencoded'], 'state=1&url=/']),
      headers.map((text) => [`OPTIONS /collect`, [`Origin: ${text}`, `Access-Control-Request-Headers: ${text}`, `Access-Control-Request-Method: ${text}`]]),
      headers.map((text) => [`GET /main.js`, [`Referer: ${text}`, `X-Forwarded-Proto: ${text}`]]),
    );
    const agents = headers.length && w.length > 0 ? headers[0] : 'Mozilla/5.0';
    await Promise.all(all.map(async ([line, more = [], body = '', method]) => {
      const first = method ? line.replace(/^\w+/, method) : line;
      const answer = await play(s, recorded(first, [`Host: ${siteOf(n)}`, `User-Agent: ${agents}`, ...more], Buffer.from(body, 'latin1')));
      check(`${first.slice(0, 160)} ${more.join('|').slice(0, 80)} ${body.slice(0, 80)}`, answer);
      count++;
    }));
    for (const host of headers) // as the host that was asked, of dialects that make it the site or a way to themselves
      for (const line of ['GET /count?p=/x', 'GET /liveuser.js', 'GET /main.js', `GET /sites/${siteOf(n)}/script`])
        check(`${line} of ${host}`, await play(s, recorded(line, [`Host: ${host}`, 'User-Agent: Mozilla/5.0'])));
  }
  return count;
}

/** Escapes of JSON that no good writer makes, in every door that takes JSON. */
async function byEscapes(s) {
  for (const escape of ESCAPES)
    for (const [target, body] of [
      ['/e', `{"i":"site0","p":"/${escape}","t":"${escape}","e":"${escape}"}`],
      ['/collect', `{"s":"site0","e":"event","en":"${escape}","u":"https://a.example/${escape}","t":"${escape}"}`],
      ['/api/event', `{"d":"site0","n":"${escape}","u":"https://a.example/${escape}"}`],
      ['/api/send', `{"type":"event","payload":{"website":"site0","url":"/${escape}","title":"${escape}","name":"${escape}"}}`],
      ['/matomo.php', `{"requests":[{"idsite":"site0","rec":"1","url":"/${escape}","action_name":"${escape}"}]}`],
      ['/v1/visit', `{"siteId":"${escape}","visitorId":"${escape}"}`],
    ])
      check(`${target} ${body}`, await play(s, recorded(`POST ${target}`, ['Host: site0', 'User-Agent: Mozilla/5.0'], body)));
}

/** Messages, queries, datagrams, connections. */
async function byOtherDoors(s, list, tokens) {
  const [host, port] = (await Story.addressOf(s.collector, 'json-udp')).split(':');
  const notify = await Story.addressOf(s.collector, 'notify');
  const udp = dgram.createSocket('udp4');
  s.closing.push(() => udp.close());
  const telnet = await Telnet.open(s);
  for (const [n, w] of list) {
    const site = siteOf(n);
    const json = JSON.stringify(w.toString('utf8'));
    const bearer = [`Authorization: Bearer ${tokens[site]}`, `Host: ${site}`, 'User-Agent: Mozilla/5.0'];
    const say = (type, body) => recorded(`POST /sites/${site}/messages`, [...bearer, `Content-Type: ${type}`], body);
    check('a message', await play(s, say('text/plain', w)));
    check('a message', await play(s, say('application/json', `{"text":${json},"name":${json}}`)));
    check('a query', await play(s, say('application/json', `{"kind":"query","text":${json},"name":${json},"ms":12}`)));
    check('a query', await play(s, recorded('POST /e', bearer, `{"k":"query","i":"${site}","p":${json},"e":${json},"d":5}`)));
    check('the notification port', await within(5_000, 'notify', playAt(s, notify, recorded(`GET /${site}/${percent(w)}/${percent(w)}`, ['Host: x']))));
    for (const datagram of [`{"site":"${site}","u":${json},"event":${json},"title":${json},"ref":${json},"ip":${json},"ua":${json},"guid":${json}}`, w])
      await new Promise((resolve) => udp.send(datagram, Number(port), host, resolve));
    if (!w.includes(10) && !w.includes(255)) telnet.write(Buffer.concat([Buffer.from(`send ${site} ${tokens[site]} `), w, Buffer.from('\n')]));
    telnet.write(Buffer.concat([w.filter((byte) => byte !== 255), Buffer.from(`\nwatch ${w.toString('latin1').replaceAll('\n', '')} x y z\n`, 'latin1')]));
    const socket = new WebSocket(`ws://${s.http}/ws?siteId=${site}&clientId=${percent(w).slice(0, 180)}`);
    socket.on('message', (bytes) => strictJson(bytes, assert)).on('error', () => {}).on('open', () => {
      socket.send(json);
      socket.send(`{"type":"join","siteId":${json},"clientId":${json}}`);
      socket.send(`{"type":${json}}`);
    });
    s.closing.push(() => socket.terminate());
  }
  return telnet;
}

async function playAt(s, address, bytes) {
  const usual = s.http;
  s.http = address;
  const wire = s.wire();
  s.http = usual;
  wire.send(bytes);
  await within(10_000, 'the answer ends', wire.end);
  const [head, body] = wire.text.split('\r\n\r\n');
  const [first, ...lines] = head.split('\r\n');
  return { status: Number(first.split(' ')[1]), lines, body };
}

/** Lines for people: each is one of four kinds, and fit to be shown. */
function checkLines(lines) {
  for (const line of lines) {
    assert.doesNotMatch(line, UNFIT, JSON.stringify(line));
    assert.match(line, /^(ok|error|#|\d\d:\d\d:\d\d (view|event|message|query)) ?/, JSON.stringify(line));
  }
}

const list = NAUGHTY.map((w, n) => [n, w]);

async function start(s, more = []) {
  await s.start({ collector: [...FLAGS, ...more] });
  const tokens = {};
  for (const site of SITES) {
    tokens[site] = await token(s, site, 'send');
    await s.redisCli('hset', `hc:{${site}}:c`, 'badge', 1);
    await s.hit({ i: site, p: '/first', u: 'first' });
  }
  await s.sees(SITES.at(-1), { currentVisitors: 1 });
  return tokens;
}

story('naughty strings through every door: each answer, stream, line, metric and log stays what it is', async (s) => {
  const tokens = await start(s);
  const streams = await Promise.all(SITES.map((site) => Sse.open(s, `/sites/${site}/stream`)));
  const texts = await Promise.all(SITES.map((site) => Telnet.watching(s, site)));
  const objects = await Promise.all(SITES.map((site) => Telnet.watching(s, site, ' json')));
  const raw = [];
  for (const site of SITES) {
    const socket = new WebSocket(`ws://${s.http}/sites/${site}/ws`);
    socket.on('message', (bytes) => raw.push(bytes));
    s.closing.push(() => socket.terminate());
  }
  const count = await byHttp(s, list);
  assert.ok(count > list.length * 60, `${count}`);
  await byEscapes(s);
  const telnet = await byOtherDoors(s, list, tokens);
  await s.hit({ i: SITES.at(-1), p: '/last', u: 'last' });
  await texts.at(-1).has(/view \/last$/);
  await streams.at(-1).until((x) => assert.ok(x.events.some((event) => event.path === '/last')));

  for (const stream of streams) {
    for (const { text } of stream.frames)
      for (const line of text.split('\n')) assert.match(line, /^(id: \d+-\d+|event: (hello|state|event|gap)|data: .*|retry: \d+|:.*)$/);
    assert.ok(stream.events.length > 50, `${stream.events.length}`);
  }
  checkLines(texts.flatMap(({ lines }) => lines));
  checkLines(telnet.lines);
  for (const { lines } of objects)
    for (const line of lines) if (line.startsWith('{')) strictJson(Buffer.from(line), assert);
  assert.ok(raw.length > 100);
  for (const bytes of raw) strictJson(bytes, assert);

  const targets = SITES.flatMap((site) => [
    'realtime?minutes=30', 'live', 'pages?limit=100', 'referrers?limit=100', 'stats', 'total', 'badge.json', 'badge.svg',
  ].map((name) => `/sites/${site}/${name}`)).concat('/sites', '/', ...SITES.map((site) => `/site/${site}`));
  for (const target of targets)
    check(target, await play(s, recorded(`GET ${target}`, ['Host: x'])));
  const { activePages, referrers, recentEvents } = await s.api('site0', '?minutes=30');
  for (const [what, some, least] of [['pages', activePages, 15], ['referrers', referrers, 3], ['events', recentEvents, 100]])
    assert.ok(some.length >= least, `${what}: ${some.length}`);
  for (const site of SITES) check('getlivestats', await play(s, recorded('GET /getlivestats.php', [`Host: ${site}`])));

  for (const daemon of [s.collector, s.aggregator]) {
    const at = `http://${await Story.adminOf(daemon)}`;
    for (const [accept, open] of [['text/plain', false], ['application/openmetrics-text', true]])
      lint(utf8((await request(`${at}/metrics`, { headers: { accept } })).body), { open });
    strictJson((await request(`${at}/counters`)).body, assert);
    for (const w of NAUGHTY) check('the admin port', await playAt(s, at.slice(7), recorded(`GET /${percent(w)}`, ['Host: x'])));
    await s.counters(daemon);
    for (const line of (daemon.out + daemon.err).split('\n').filter(Boolean)) {
      assert.match(line, /^(\S+Z [a-z-]+ )?event=[a-z_]+( |$)/, JSON.stringify(line));
      assert.match(line, /^[\x20-\x7e]*$/, JSON.stringify(line));
      assert.doesNotMatch(line, /forged/);
    }
  }
}, { ms: 240_000 });

// ---- the terminal ----------------------------------------------------------

/** Texts that the collector would not let through, put into Redis by hand: the command is the
 *  last who can take care. */
async function poison(s) {
  const bad = ['\x1b[31mred', '\x1b]0;title\x07', 'one\nforged', '\u202egnp', '\u009b31m', '\x7f\x08', 'a\tb', '\u2028', '\0'];
  const site = 'poisoned';
  const now = Math.floor(Number((await s.redisCli('time')).split('\n')[0]) / 60);
  await s.redisCli('hset', `hc:{${site}}:m`, 'e', 1, 'q', 1, 'n', 1, 't', now * 60_000 + 1, 'v', 1, 'W', 30);
  for (const [k, text] of bad.entries()) {
    if (!text.includes('\0')) {
      await s.redisCli('hset', `hc:{${site}}:b:${now}`, 'pv', 1, 'uniq', bad.length, 'last', bad.length, `p:/${text}`, 1);
      await s.redisCli('hset', `hc:{${site}}:ti`, `/${text}`, text);
      await s.redisCli('hset', `hc:{${site}}:tr:${now}`, `r:${text}`, 1, `a:${text}`, 1, `c:${text}`, 1);
      await s.redisCli('hset', `hc:{${site}}:c`, `g:${text}`, `path ${text}`, `t:${text}`, `read ${text}`, `al:${text}`, 'above online 1 0 0', 'read', text);
      await s.redisCli('sadd', 'hc:sites', text);
      await s.redisCli('zadd', 'hc:live', now * 60_000, text);
    }
    await s.redisCli('hset', `hc:{${site}}:r`, k + 1, JSON.stringify({ id: k + 1, type: ['pageview', 'event', 'message', 'query'][k % 4], timestamp: now * 60_000, path: `/${text}`, name: text, text, ms: 1 }));
  }
  await s.redisCli('sadd', 'hc:sites', site);
  await s.redisCli('zadd', 'hc:live', now * 60_000, site);
  return { site, bad, now };
}

/** Says on the channels what no aggregator says. */
async function publish(s, { site, bad, now }) {
  for (const [k, text] of bad.entries()) {
    const events = ['pageview', 'event', 'message', 'query'].map((type, i) => ({ id: 4 * k + i, type, timestamp: now * 60_000, path: `/${text}`, name: text, text, ms: 1 }));
    await s.redisCli('publish', `hc:${site}`, JSON.stringify({
      v: 1, site, e: 1, q: k + 2, n: k + 2, t: now * 60_000, d: { pv: 1, ev: 0, new: 0 }, online: { total: 1, active: 1, writing: 0, reading: 1, idle: 0, background: 0, tabs: 1 },
      visitors: { 1: 1, 5: 1, 30: 1 }, pv: { 1: 1, 5: 1, 30: 1 }, engaged: {}, peak: { day: 1, dayAt: 1, all: 1, allAt: 1 }, total: { views: 1, visits: 1, since: 1 },
      feed: { life: 1, last: 4 * k + 3 }, pages: [{ path: `/${text}`, visitors: 1, online: 1, title: text }], flags: [text], events,
    }));
    await s.redisCli('publish', 'hc:!alerts', JSON.stringify({ site: text, name: text, kind: 'above', of: text, on: true, value: 2, limit: 1, since: 1, at: 1000 + k }));
    await s.redisCli('publish', 'hc:!alerts', JSON.stringify({ site, name: text, kind: 'above', of: 'online', on: true, value: 2, limit: 1, since: 1, at: 2000 + k }));
    if (!text.includes('\0')) await s.redisCli('publish', `hc:${site}`, text);
  }
}

/** What the command draws with on a terminal, and nothing else. */
const OWN = /\x1b\[(?:[0-9;]*[mKJH]|\?(?:25|1049|7|2026)[hl])|\r/g;

function checkShown(what, text) {
  for (const line of text.replaceAll(OWN, '').split('\n'))
    assert.doesNotMatch(line, UNFIT, `${what}: ${JSON.stringify(line.match(new RegExp(`.{0,40}${UNFIT.source}.{0,20}`, 'u'))?.[0])}`);
}

const commands = (site) => [
  ['now', site], ['minutes', site], ['top', '--once'], ['watch', site, '--count', '1'], ['site', 'list'], ['site', 'goal', site, 'list'],
  ['site', 'token', site, 'list'], ['site', 'alert', site, 'list'], ['site', 'badge', site], ['site', 'visibility', site],
];

story('the command sends no terminal what is not for showing, whatever is in Redis and whatever it is told', async (s) => {
  const tokens = await start(s);
  await byHttp(s, list.filter(([n]) => siteOf(n) === 'site0' || NAUGHTY[n].some((byte) => byte < 32 || byte > 126)).filter((_, k) => k % 2 === 0));
  const poisoned = await poison(s);
  const redis = ['--redis', s.redisAddress];
  const run = async (args, options) => {
    const ended = await s.cli(args, options);
    const what = `headcount ${args.join(' ')}`.slice(0, 120);
    assert.ok([0, 1, 2, 3].includes(ended.code), `${what}: ${ended.code}`);
    checkShown(what, ended.out + ended.err);
    if (args.includes('--json') && ended.code === 0)
      for (const line of ended.out.split('\n').filter(Boolean)) strictJson(Buffer.from(line), assert);
    return ended;
  };
  for (const site of [...SITES, poisoned.site])
    for (const args of commands(site))
      for (const more of [[], ['--json']]) await run([...args, ...more, ...redis]);
  assert.match((await run(['now', poisoned.site, ...redis])).out, /\\x1b\[31mred/, 'it is spelled out');
  for (const site of ['site0', poisoned.site])
    for (const args of commands(site)) {
      const terminal = new Terminal([headcount, ...args, ...redis], { columns: 200 });
      s.closing.push(() => terminal.close());
      await within(20_000, args.join(' '), eventually(() => assert.match(terminal.out, /ended=\d/), 20_000));
      checkShown(`${args.join(' ')} on a terminal`, terminal.out.slice(terminal.out.indexOf('pid=')));
    }

  // What goes on and on, in pipes and on terminals.
  const channels = ['tail', 'watch', 'alerts'];
  const ways = [['tail', poisoned.site, 'site0'], ['tail', '--all'], ['watch', poisoned.site, '--events'], ['watch', 'site0', '--events'], ['alerts'], ['top']];
  const programs = ways.filter(([name]) => channels.includes(name)).flatMap((args) => [args, [...args, '--json']])
    .map((args) => s.run('headcount', headcount, [...args, ...redis]));
  const hook = s.file('hook', '#!/bin/sh\ncat\nenv | grep ^HEADCOUNT_\n', 0o700);
  const hooked = s.run('headcount', headcount, ['alerts', '--exec', hook, ...redis]);
  const terminals = ways.map((args) => new Terminal([headcount, ...args, ...redis], { columns: 200, lines: 60 }));
  for (const terminal of terminals) s.closing.push(() => terminal.close());
  for (const terminal of terminals) await terminal.pid();
  const subscribed = async () => Number((await s.redisCli('info', 'clients')).match(/pubsub_clients:(\d+)/)?.[1] ?? 99);
  await eventually(async () => assert.ok((await subscribed()) >= programs.length + 1 + terminals.length));
  terminals.at(-1).type('/poison\r');
  terminals.at(-1).type('\r');
  await publish(s, poisoned);
  await byOtherDoors(s, list.filter(([n]) => siteOf(n) === 'site0'), tokens);
  await s.redisCli('publish', 'hc:!alerts', JSON.stringify({ site: 'site0', name: 'end', kind: 'above', of: 'online', on: true, value: 2, limit: 1, since: 1, at: 9000 }));
  await s.hit({ i: 'site0', p: '/the-end', u: 'end' });
  await eventually(() => {
    assert.match(programs[0].out, /the-end/);
    for (const program of programs.slice(-2)) assert.match(program.out, /\bend\b/);
    assert.match(hooked.err + hooked.out, /HEADCOUNT_ALERT=end/);
  }, 30_000);
  for (const program of [...programs, hooked]) {
    const what = program.args.slice(0, -2).join(' ');
    assert.equal((await program.stop()).code, 0, what);
    checkShown(what, program === hooked ? program.out : program.out + program.err);
    if (!program.args.includes('--json')) continue;
    for (const line of program.out.split('\n').filter(Boolean)) strictJson(Buffer.from(line), assert);
  }
  for (const k of [0, 4]) assert.match(programs[k].out, /\\x1b\[31mred/, 'it is spelled out');
  for (const [k, terminal] of terminals.entries()) checkShown(`${ways[k].join(' ')} on a terminal`, terminal.out.slice(terminal.out.indexOf('pid=')));
}, { ms: 240_000 });

story('names, options and files that are naughty are refused in one line that can be shown', async (s) => {
  await s.startRedis();
  await s.startAggregator();
  const line = await tapUdp(s, s.udpPort);
  s.udp = `127.0.0.1:${line.port}`;
  await s.startCollector(FLAGS);
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200));
  const redis = ['--redis', s.redisAddress];
  const told = s.file('token', `${await token(s, 'shop', 'send')}\n`);
  const shown = NAUGHTY.filter((w) => !w.includes(0)).filter((w) => [...w].some((byte) => byte < 32 || byte > 126) || /[<"\\%]/.test(w.toString('latin1')));
  const { spawnSync } = await import('node:child_process');
  for (const [k, w] of shown.entries()) {
    const argument = w.toString('utf8'); // Node has no other arguments
    for (const args of [
      ['now', argument, ...redis], ['site', 'add', argument, ...redis], ['site', 'goal', 'shop', 'add', argument, '--path', '/', ...redis],
      ['site', 'goal', 'shop', 'add', `g${k % 30}`, '--event', argument, ...redis], ['site', 'goal', 'shop', 'add', `p${k % 30}`, '--path', argument, ...redis],
      ['site', 'token', 'shop', 'add', argument, ...redis], ['site', 'alert', 'shop', 'add', argument, '--above', '1', ...redis],
      ['send', 'shop', argument, '--name', argument, '--token-file', told, '--collector', `http://${s.http}`], [argument], ['now', 'shop', `--${argument}`],
      ['now', 'shop', '--redis', argument], ['decode', `./${argument}`], ['replay', `./${argument}`],
    ].filter((_, j) => (j + k) % 3 === 0)) {
      const ended = await s.cli(args);
      assert.ok([0, 1, 2, 3].includes(ended.code), `${args}: ${ended.code}`);
      checkShown(`headcount ${args.join(' ')}`.slice(0, 100), ended.out + ended.err);
    }
    await s.cli(['site', 'goal', 'shop', 'rm', `g${k % 30}`, ...redis]);
    await s.cli(['site', 'goal', 'shop', 'rm', `p${k % 30}`, ...redis]);
    for (const option of [['--listen', '--redis', '--secret-file', '--config'][k % 4], `--${argument}`]) {
      const daemon = spawnSync(headcount.replace(/headcount$/, 'headcount-collector'), ['--check-config', option, argument], { encoding: 'utf8' });
      checkShown(`collector ${option} ${argument}`, daemon.stdout + daemon.stderr);
    }
  }
  await byHttp(s, list.filter(([n]) => n % 8 === 0));
  const datagrams = line.datagrams.filter((bytes) => bytes[3] === 1 && bytes.length > 300);
  assert.ok(datagrams.length > 20, `${datagrams.length}`);
  for (const bytes of datagrams.filter((_, n) => n % Math.ceil(datagrams.length / 40) === 0))
    for (const more of [[], ['--json']]) {
      const { code, out, err } = await s.cli(['decode', '-', ...more], { input: bytes });
      assert.equal(code, 0, err);
      checkShown('decode', out);
      if (more.length) strictJson(Buffer.from(out), assert);
    }
  for (const w of NAUGHTY) {
    const ended = await s.cli(['decode', '-'], { input: w });
    checkShown('decode', ended.out + ended.err);
  }
  const log = NAUGHTY.map((w) => `192.0.2.1 - - [22/Nov/2025:10:00:00 +0000] "GET /${w.toString('utf8')} HTTP/1.1" 200 1 "${w.toString('utf8')}" "${w.toString('utf8')}"`).join('\n');
  const replayed = await s.cli(['replay', '-', '--site', 'shop', '--speed', 'max', '--collector', `http://${s.http}`], { input: log });
  checkShown('replay', replayed.out + replayed.err);
  for (const daemon of [s.collector, s.aggregator]) assert.equal((await daemon.stop()).code, 0); // before the line
}, { ms: 300_000 });

// ---- the browser -----------------------------------------------------------

story('nothing runs in a browser: the dashboard, its elements, widgets, badges and scripts only show it', async (s) => {
  await start(s);
  await byHttp(s, list.filter(([n], k) => n < 2 * PER_SITE || k % 3 === 0));
  const { context, said } = await browse(s);
  const asked = [];
  context.on('request', (one) => asked.push(one.url()));
  await context.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
  await context.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  const page = await context.newPage();
  const base = `http://${s.http}`;
  const quiet = async (what) => {
    assert.equal(await page.evaluate(() => window.ran), undefined, what);
    assert.deepEqual(await page.evaluate(() => window.violations), [], what);
    assert.deepEqual(said, [], what);
    assert.deepEqual(asked.filter((url) => /\/ran|evil\.example/.test(url)), [], what);
  };
  for (const site of SITES) {
    await page.goto(`${base}/site/${site}`);
    await page.locator('headcount-pages tbody tr').nth(3).waitFor();
    await page.locator('headcount-feed li').nth(3).waitFor();
    await s.hit({ i: site, p: '/<img src=x onerror=ran=1>', t: '<img src=x onerror=ran=1>', u: 'live' });
    await page.locator('headcount-feed li', { hasText: 'onerror' }).first().waitFor();
    await quiet(site);
  }
  for (const [target, part] of [['/', '#all a'], ['/?wall', '#all a'], ['/site/site0?wall', 'headcount-feed li']]) {
    await page.goto(base + target);
    await isLive(page);
    await page.locator(part).nth(2).waitFor();
    await quiet(target);
  }

  // Elsewhere: elements, the badge and LiveUser's widget, all with naughty attributes.
  const labels = NAUGHTY.map((w) => w.toString('utf8'));
  await page.goto(`${base}/robots.txt`);
  await page.evaluate(async ([all, kinds]) => {
    document.documentElement.innerHTML = '<body></body>';
    window.violations = [];
    await import('/web/headcount-elements.js');
    await new Promise((resolve) => document.head.append(Object.assign(document.createElement('script'), { src: '/widget.js', onload: resolve })));
    for (const [k, label] of all.entries())
      for (const kind of kinds) {
        const element = document.createElement(kind);
        for (const [name, value] of [['site', `site${k % 4}`], ['label', label], ['show', label], ['kind', label], ['max', label]]) element.setAttribute(name, value);
        if (k % 10 === 0) document.body.append(element);
      }
  }, [labels, ['headcount-counter', 'headcount-badge', 'headcount-list', 'headcount-pages', 'headcount-feed', 'headcount-bars']]);
  await page.waitForFunction(() => document.querySelector('headcount-pages').shadowRoot.querySelectorAll('tbody tr').length > 3);
  await quiet('the elements');

  // Each badge is XML, and its words are text.
  const wrong = await page.evaluate(async (queries) => {
    const found = [];
    for (const query of queries) {
      const text = await (await fetch(`/sites/site0/badge.svg?label=${query}`)).text();
      const parsed = new DOMParser().parseFromString(text, 'image/svg+xml');
      const odd = [...parsed.querySelectorAll('*')].map(({ localName }) => localName).filter((name) => /script|img|iframe|a$|parsererror|foreign/.test(name));
      const on = [...parsed.querySelectorAll('*')].flatMap(({ attributes }) => [...attributes]).filter(({ name }) => /^on|href/i.test(name));
      if (odd.length || on.length) found.push([query, odd, text.slice(0, 300)]);
    }
    return found;
  }, NAUGHTY.map(percent));
  assert.deepEqual(wrong, []);
  for (const w of NAUGHTY.slice(0, 30)) {
    await page.goto(`${base}/sites/site0/badge.svg?label=${percent(w)}`);
    assert.equal(await page.evaluate(() => window.ran), undefined, w.toString());
  }

  // Scripts that are made of what was asked for.
  await page.goto(`${base}/robots.txt`);
  said.length = 0;
  for (const w of NAUGHTY.filter((_, n) => n % 4 === 0))
    await page.evaluate((src) => new Promise((resolve) => {
      const script = Object.assign(document.createElement('script'), { src, onload: resolve, onerror: resolve });
      document.head.append(script);
    }), `/liveuser.js?siteId=site0&displayElementId=${percent(w)}&totalCountElementId=${percent(w)}&debug=${percent(w)}`);
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.deepEqual(asked.filter((url) => /\/ran|evil\.example/.test(url)), []);
}, { ms: 240_000 });
