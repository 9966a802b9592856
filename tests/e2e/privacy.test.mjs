// Who visited is known to nobody behind the collector: not by address, not by User-Agent, not by
// an id that the page gave, not by what stood in the query of an address. A day of visitors,
// through every door there is, and then everything that was sent, kept, printed, answered or is
// in memory is searched for them, in all the ways that they may be written down.
//
// That the search finds somebody is shown by one more, whose particulars are put where all may
// see them, in the path of a page and in the id of a site: they must be found in each of these
// places.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import { play, recorded } from './clients/recorded.mjs';
import { eventually, request, story, Story, within } from './harness.mjs';
import { Held } from './held.mjs';
import { letters, memoryOf, Search, spellings } from './needles.mjs';
import { tapStream, tapUdp } from './tap.mjs';
import { Sse } from './sse.mjs';
import { Terminal, token } from './telnet.mjs';

const SITE = 'day.example';
const PLANTED = { ip4: '88.113.55.90', ip6: '4d61:726b:4b69:7377:3455:7a51:3862:5264', mark: 'plantedMark7Yq2' };
const LOG_VISITORS = 200;
const LOG_LINES = 1500;

/** Every door has two of them, one by IPv4 and one by IPv6; nobody comes twice. */
class People {
  constructor() {
    this.all = [];
  }

  next(door) {
    const n = this.all.length;
    const six = n % 2 === 1;
    const random = crypto.createHash('sha256').update(`person ${n}`).digest();
    const group = (k) => (random.readUInt16BE(2 * k) | 0x1000).toString(16);
    const ip = six
      ? `2001:db8:${group(0)}:${group(1)}::${group(2)}:${group(3)}`
      : [random[0] % 100 + 100, random[1] | 1, random[2] | 1, random[3] | 1].join('.');
    const word = (k) => random.toString('hex').slice(8 * k, 8 * k + 8);
    const one = {
      door, ip, tag: `tag${word(4)}zQ`, id: `id${word(5)}Kw`, tab: `tab${word(6)}Vb`, hidden: `hid${word(7)}Jx`,
    };
    one.agent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 ${one.tag}`;
    one.headers = {
      'x-forwarded-for': ip, 'user-agent': one.agent, cookie: `session=${one.hidden}`, 'accept-language': one.hidden,
      authorization: `Basic ${one.hidden}`, referer: `https://${SITE}/from?mail=${one.hidden}#${one.hidden}`,
    };
    this.all.push(one);
    return one;
  }

  get needles() {
    const of = (who, list) => list.map((needle) => ({ who, ...needle }));
    return this.all.flatMap((one) => [
      ...of(`${one.door} address ${one.ip}`, spellings(one.ip)),
      ...['tag', 'id', 'tab', 'hidden'].flatMap((what) => of(`${one.door} ${what} ${one[what]}`, letters(one[what]))),
    ]);
  }
}

/** What must not be anywhere, whoever it is of. */
const OF_ALL = (secret, tokens) =>
  [['User-Agent', 'Mozilla/'], ['User-Agent', 'AppleWebKit'], ['header', 'X-Forwarded-For'], ['the secret', secret], ...tokens.map((text) => ['a token', text])]
    .flatMap(([who, text]) => letters(text).map((needle) => ({ who, ...needle })));

// ---- the doors ------------------------------------------------------------

const page = (one, name) => `https://user${one.hidden}:${one.hidden}@${SITE}/${name}?mail=${one.hidden}&utm_campaign=spring#${one.hidden}`;
const query = (fields) => new URLSearchParams(fields).toString();
const headLines = (one, ...more) =>
  [`Host: ${SITE}`, ...Object.entries(one.headers).map(([name, value]) => `${name}: ${value}`), ...more];
const get = (target) => (one) => recorded(`GET ${target(one)}`, headLines(one));
const post = (target, type, body) => (one) => {
  const text = body(one);
  return recorded(`POST ${target}`, headLines(one, `Content-Type: ${type}`), typeof text === 'string' ? text : JSON.stringify(text));
};
const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

/** What each says of one, with all that it may say of them. refused: it is not counted. */
const DOORS = {
  'the pixel': get((o) => `/hc.gif?${query({ i: SITE, p: page(o, 'pixel'), v: o.tab, r: `https://${o.hidden}@news.example/${o.hidden}?q=${o.hidden}`, t: 'Title' })}`),
  'the pixel with an id': get((o) => `/hc.gif?${query({ i: SITE, p: '/id', u: o.id, v: o.tab, q: `?mail=${o.hidden}`, extra: o.hidden, utm_content: o.hidden })}`),
  'the pixel by its Referer': get(() => `/hc.gif?${query({ i: SITE })}`),
  'heartbeats': get((o) => `/hc.gif?${query({ i: SITE, p: page(o, 'pixel'), k: 'h', a: 'w', v: o.tab, d: 4000 })}`),
  'events': get((o) => `/hc.gif?${query({ i: SITE, p: page(o, 'pixel'), e: 'signup', v: o.tab })}`),
  'a form': post('/e', FORM, (o) => query({ i: SITE, p: page(o, 'form'), u: o.id, v: o.tab, mail: o.hidden })),
  'JSON': post('/e', JSON_TYPE, (o) => ({ site: SITE, url: page(o, 'json'), user: o.id, view: o.tab, ip: o.ip, ua: o.agent, props: { mail: o.hidden } })),
  'a batch': post('/e', 'text/plain', (o) => ({ hits: [{ i: SITE, p: page(o, 'batch'), k: 'v' }, { i: SITE, p: '/batch', k: 'l', v: o.tab }] })),
  'a site that is none': get((o) => `/hc.gif?${query({ i: `no site ${o.hidden}`, p: page(o, 'none') })}`),
  'nowhere': get((o) => `/no/where/at/all/${o.hidden}?${query({ mail: o.hidden, ip: o.ip, token: o.hidden })}`),
  'a request that is none': (o) => `GET /hc.gif?i=${SITE} HTTP/1.1\r\n${headLines(o).join('\r\n')}\r\n bad ${o.hidden}\r\n\r\n`,
  livestats: post('/livestats.php', FORM, (o) => query({ state: 1, url: page(o, 'livestats'), title: 'T' })),
  'ts-analytics': post('/collect', 'text/plain', (o) => ({ s: SITE, sid: o.id, e: 'pageview', u: page(o, 'ts'), r: page(o, 'x'), t: 'T', ip: o.ip })),
  hummingbird: get((o) => `/tracking_pixel.gif?${query({ u: page(o, 'hummingbird'), guid: o.id, ref: page(o, 'x') })}`),
  goatcounter: get((o) => `/count?${query({ p: page(o, 'goat'), q: `mail=${o.hidden}`, s: o.hidden, rnd: o.tab })}`),
  plausible: post('/api/event', 'text/plain', (o) => ({ n: 'pageview', u: page(o, 'plausible'), d: SITE, p: { mail: o.hidden } })),
  matomo: get((o) => `/matomo.php?${query({ idsite: SITE, rec: 1, url: page(o, 'matomo'), uid: o.id, pv_id: o.tab, cip: o.ip, ua: o.agent, token_auth: o.hidden })}`),
  'links of matomo': get((o) => `/matomo.php?${query({ idsite: SITE, rec: 1, url: page(o, 'matomo'), uid: o.id, link: `https://else.example/way?mail=${o.hidden}#${o.hidden}` })}`),
  'downloads of matomo': get((o) => `/matomo.php?${query({ idsite: SITE, rec: 1, url: page(o, 'matomo'), uid: o.id, download: `https://u:${o.hidden}@else.example/a.zip?mail=${o.hidden}` })}`),
  umami: post('/api/send', JSON_TYPE, (o) => ({ type: 'event', payload: { website: SITE, hostname: SITE, url: `/umami?mail=${o.hidden}`, id: o.id, ip: o.ip, userAgent: o.agent, data: { mail: o.hidden } } })),
  fathom: get((o) => `/collect?${query({ sid: SITE, h: `https://${SITE}`, p: `/fathom?mail=${o.hidden}`, id: o.id })}`),
  snowplow: get((o) => `/i?${query({ e: 'pv', aid: SITE, url: page(o, 'snowplow'), duid: o.id, cx: o.hidden, ip: o.ip })}`),
  'visitors of the day': post('/v1/visit', JSON_TYPE, (o) => ({ visitorId: o.id, siteId: SITE, mail: o.hidden })),
  'a robot': (o) => get(() => `/hc.gif?${query({ i: SITE, p: page(o, 'robot') })}`)({ ...o, headers: { ...o.headers, 'user-agent': `Googlebot/2.1 ${o.tag}` } }),
  'who opts out': (o) => get(() => `/hc.gif?${query({ i: SITE, p: page(o, 'out') })}`)({ ...o, headers: { ...o.headers, dnt: 1, 'sec-gpc': 1 } }),
  'a page fetched ahead': (o) => get(() => `/hc.gif?${query({ i: SITE, p: page(o, 'ahead') })}`)({ ...o, headers: { ...o.headers, 'sec-purpose': 'prefetch' } }),
  'a message without a token': post(`/sites/${SITE}/messages`, 'text/plain', (o) => o.hidden),
};

/** Everybody goes through their doors, each once. */
async function visit(s, people) {
  for (const [door, say] of Object.entries(DOORS))
    for (let k = 0; k < 2; k++) {
      const { status } = await play(s, say(people.next(door)));
      const bad = /none|nowhere|token/.test(door);
      assert.equal(status >= 400, bad, `${door}: ${status}`);
    }
}

/** Who holds a connection open, is told of others, or sends datagrams. */
async function stay(s, people) {
  for (let k = 0; k < 2; k++) {
    const member = people.next('audience meter');
    await Held.open(s, `/${SITE}/${member.id}`, { headers: { ...member.headers, accept: 'text/event-stream' } });
    const live = people.next('liveuser');
    const target = `ws://${s.http}/ws?${query({ siteId: SITE, clientId: live.id, enableTotalCount: true })}`;
    const socket = new WebSocket(target, { headers: live.headers });
    s.closing.push(() => socket.terminate());
    await within(10_000, 'LiveUser is connected', new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject)));
    socket.send(JSON.stringify({ type: 'join', siteId: SITE, clientId: live.id, mail: live.hidden }));
    const watcher = people.next('a stream');
    await Sse.open(s, `/sites/${SITE}/stream?x=${watcher.hidden}`, { headers: { ...watcher.headers, authorization: '' } });
    const sender = people.next('datagrams of JSON');
    const hit = { site: SITE, u: page(sender, 'udp'), guid: sender.id, ip: sender.ip, ua: sender.agent, mail: sender.hidden };
    const bad = { ...hit, ip: `${sender.ip} ` };
    const [host, port] = (await Story.addressOf(s.collector, 'json-udp')).split(':');
    const socketOf = dgram.createSocket('udp4');
    for (const one of [hit, bad])
      await new Promise((resolve) => socketOf.send(JSON.stringify(one), Number(port), host, resolve));
    socketOf.close();
  }
}

/** A day of an access log, played by the command in a moment. */
async function day(s, people) {
  const visitors = Array.from({ length: LOG_VISITORS }, () => people.next('an access log'));
  const lines = Array.from({ length: LOG_LINES }, (_, k) => {
    const { ip, agent, hidden } = visitors[(k * 7) % LOG_VISITORS];
    const at = new Date(Date.UTC(2025, 10, 22, 0, 0, Math.floor((k * 86_399) / LOG_LINES)));
    const time = at.toISOString().slice(11, 19);
    return `${ip} - ${hidden} [22/Nov/2025:${time} +0000] "GET /log/${k % 20}?mail=${hidden} HTTP/1.1" 200 512 "https://news.example/?q=${hidden}" "${agent}"`;
  });
  const line = await tapStream(s, { host: '127.0.0.1', port: s.port });
  const file = s.file('access.log', `${lines.join('\n')}\n`);
  const { code, out, err } = await s.cli(['replay', file, '--site', SITE, '--speed', 'max', '--collector', `http://127.0.0.1:${line.port}`]);
  assert.equal(code, 0, err);
  return { line, told: out + err };
}

/** Of whom a program with a token tells: with their address, as their User-Agent. */
async function relay(s, people, token) {
  for (let k = 0; k < 2; k++) {
    const one = people.next('a program');
    const events = [{ i: SITE, p: page(one, 'told'), u: one.id, ip: one.ip, ua: one.agent, mail: one.hidden }, { i: SITE, p: '/told', ip: one.ip, ua: one.agent }];
    const headers = { 'content-type': JSON_TYPE, authorization: `Bearer ${token}`, 'user-agent': one.agent };
    assert.equal((await s.request('/e', { method: 'POST', headers, body: JSON.stringify(events) })).status, 202);
    const { body } = await s.request(`/debug/whoami?site=${SITE}`, { headers: { ...one.headers, authorization: `Bearer ${token}` } });
    assert.match(body.toString(), new RegExp(`forbidden|${one.ip.split(':')[0]}`)); // the asker alone is told
  }
}

/** Who guesses tokens, until there are too many. */
async function guess(s, people, tokens) {
  for (let k = 0; k < 2; k++) {
    const one = people.next('wrong tokens');
    for (let n = 0; n < 12; n++) {
      const wrong = `hc_${crypto.randomBytes(32).toString('base64url')}`;
      tokens.push(wrong);
      const headers = { ...one.headers, authorization: `Bearer ${wrong}` };
      const { status } = await s.request(`/sites/${SITE}/messages`, { method: 'POST', headers, body: one.hidden });
      assert.equal(status, n < 10 ? 401 : 429);
    }
  }
}

// ---- where they could be --------------------------------------------------

const ANSWERS = [
  'realtime?minutes=30', 'total', 'badge.svg', 'badge.json', 'live', 'stats', 'timeseries', 'pages', 'referrers', 'devices', 'browsers', 'countries',
].map((name) => `/sites/${SITE}/${name}`).concat('/sites', '/', `/site/${SITE}`, '/getlivestats.php', `/api/total/${SITE}`);

async function answers(s) {
  const all = await Promise.all(ANSWERS.map((target) => s.request(target, { headers: { host: SITE } })));
  for (const daemon of [s.collector, s.aggregator])
    for (const name of ['metrics', 'counters', 'readyz']) all.push(await request(`http://${await Story.adminOf(daemon)}/${name}`));
  for (const [k, { status }] of all.entries()) assert.ok(status === 200, `${ANSWERS[k]}: ${status}`);
  return Buffer.concat(all.map(({ body, headers }) => Buffer.concat([body, Buffer.from(JSON.stringify(headers))])));
}

/** All of Redis, keys and values as they are, uncompressed. */
async function keys(s) {
  assert.equal(await s.redisCli('save'), 'OK');
  return fs.readFileSync(path.join(s.dir, 'dump.rdb'));
}

/** Every key by its commands too, as any client reads them. */
const spool = (dir) => Buffer.concat(fs.readdirSync(dir).map((name) => fs.readFileSync(path.join(dir, name))));

const logs = async (s) => {
  for (const daemon of [s.collector, s.aggregator]) await s.counters(daemon);
  return Buffer.from(s.programs.filter(({ name }) => /^(collector|aggregator)$/.test(name)).map(({ out, err }) => out + err).join(''));
};

/** The aggregator's memory, or why it cannot be had. */
function memory(s) {
  const exe = fs.readFileSync(`/proc/${s.aggregator.pid}/exe`);
  if (exe.includes('__asan_init')) return { reason: 'a sanitizer has laid out the memory' };
  try {
    return { parts: [...memoryOf(s.aggregator.pid)].filter(({ name }) => !name.startsWith('/')) };
  } catch (e) {
    if (e.code === 'EACCES' || e.code === 'EPERM') return { reason: `the kernel does not let it be read (${e.code})` };
    throw e;
  }
}

// ---- the search -----------------------------------------------------------

/** Who was found where. Of 32 bits nobody is known by chance twice. */
function found(search, places) {
  const all = Object.entries(places).flatMap(([place, parts]) =>
    [parts].flat().flatMap((bytes) => search.in(bytes)).map((needle) => ({ place, ...needle })));
  const weak = new Set(all.filter((one) => one.weak).map(({ who }) => who));
  return all.filter((one) => !one.weak || weak.size > 1).map(({ place, who, how }) => `${place}: ${who}, ${how}`);
}

/** What the path of the planted one says; each spelling, its bytes being letters and digits. */
const planted = [...spellings(PLANTED.ip4), ...spellings(PLANTED.ip6), ...letters(PLANTED.mark)];
const plantedPath = `/planted/${planted.filter(({ how }) => how !== 'HEX').map(({ bytes }) => bytes.toString('latin1')).join('/')}`;
const isInSite = ({ bytes }) => /^[\w.-]+$/.test(bytes.toString('latin1')) && bytes.length <= 15;
const plantedSite = [...new Set(spellings(PLANTED.ip4).filter(isInSite).map(({ bytes }) => bytes.toString('latin1')))].join('_').slice(0, 64);

/** The places must tell of the planted one what they were told. */
function control(places) {
  const told = planted.filter(({ bytes }) => plantedPath.includes(bytes.toString('latin1')));
  assert.ok(told.length > 20, `${told.length}`);
  const search = new Search(told);
  for (const [place, parts] of Object.entries(places)) {
    const seen = new Set([parts].flat().flatMap((part) => search.in(part)));
    for (const needle of told) assert.ok(seen.has(needle), `${place} was searched for ${needle.how}, ${needle.bytes}`);
  }
}

story('nobody who came on a day is found in what was sent, kept, printed or answered, or in the aggregator', async (s) => {
  const people = new People();
  const tokens = [];
  const spoolDir = path.join(s.dir, 'spool');
  fs.mkdirSync(spoolDir);
  await s.startRedis(['--rdbcompression', 'no']);
  const redisLine = await tapStream(s, { path: s.socket }, path.join(s.dir, 'tap.sock'));
  s.redisAddress = `unix:${path.join(s.dir, 'tap.sock')}`;
  await s.startAggregator(['--stats-listen', '127.0.0.1:0']);
  const line = await tapUdp(s, s.udpPort);
  const aggregatorAt = s.udp;
  const flags = [
    '--workers', '1', '--trusted-proxy', '127.0.0.1', '--spool', spoolDir, '--log-members', '--enable-uuid',
    '--feed-listen', '127.0.0.1:0', '--json-udp', '127.0.0.1:0',
  ];
  s.udp = `127.0.0.1:${line.port}`;
  await s.startCollector(flags);
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200));
  tokens.push(await token(s, SITE, 'send'));
  await s.redisCli('hset', `hc:{${SITE}}:c`, 'badge', 1, 'g:order', 'path /pixel', 'al:busy', 'above online 1 0 0', 'v', 1);
  await s.redisCli('sadd', 'hc:alerted', SITE);
  const subscriber = s.run('subscriber', 'redis-cli', ['-s', s.socket, 'psubscribe', '*']);
  await subscriber.says(/psubscribe\n/);

  await s.hit({ i: SITE, p: plantedPath, u: 'the one', v: 'planted' });
  await Held.open(s, `/${plantedSite}/planted`, { headers: { accept: 'text/event-stream' } });
  const stream = await Sse.open(s, `/sites/${SITE}/stream?last_event_id=earliest`);
  const terminal = await Terminal.watching(s, SITE);
  terminal.write(`send ${SITE} ${tokens[0]} hello\n`);
  await visit(s, people);
  await stay(s, people);
  const { line: replayLine, told } = await day(s, people);
  await relay(s, people, tokens[0]);
  await guess(s, people, tokens);
  const first = memory(s);
  const spooled = spool(spoolDir);

  // Both die and come again, and are told the same from the spool, and more.
  await s.aggregator.kill();
  s.udp = aggregatorAt;
  await s.startAggregator(['--stats-listen', '127.0.0.1:0']);
  await s.collector.kill();
  s.udp = `127.0.0.1:${line.port}`;
  await s.startCollector(flags);
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 200));
  await visit(s, people);
  await s.hit({ i: SITE, p: plantedPath, u: 'the one', v: 'planted' });
  await eventually(async () => assert.deepEqual((await s.api(SITE)).recentEvents[0].path, plantedPath));
  const stats = await statsPort(s);

  const places = {
    datagrams: line.datagrams,
    'what was said to Redis and by it': redisLine.bytes,
    'keys of Redis': await keys(s),
    'messages of Redis': Buffer.from(subscriber.out),
    'the spool': [spooled, spool(spoolDir)],
    'answers': await answers(s),
  };
  const others = {
    'a stream': Buffer.from(stream.frames.map(({ text }) => text).join('\n')),
    'the feed port': Buffer.from(terminal.text),
    'the stats port': Buffer.from(stats),
    'the logs': await logs(s),
    'what replay says': Buffer.from(told),
  };
  const memories = [first, memory(s)];
  const { reason } = memories[0];
  if (reason) console.log(`# memory was not searched: ${reason}`);
  else places.memory = memories.flatMap(({ parts }) => parts.map(({ bytes }) => bytes));

  control(places);
  for (const [place, parts] of Object.entries(others)) assert.ok([parts].flat().some((part) => part.length > 0), place);
  for (const { how, bytes } of spellings(PLANTED.ip4).filter(({ bytes }) => plantedSite.includes(bytes.toString('latin1'))))
    assert.ok(new Search([{ bytes }]).in(others['the logs']).length > 0, `the logs were searched for ${how}`);

  const needles = [...people.needles, ...OF_ALL(fs.readFileSync(s.secretFile, 'utf8'), tokens)];
  assert.ok(needles.length > 5_000, `${needles.length}`);
  assert.deepEqual(found(new Search(needles), { ...places, ...others }).filter((text) => !/^memory: the secret/.test(text)), []);
  const ofLog = new Search(needles.filter(({ who }) => /access log|^a token|^the secret/.test(who)));
  assert.deepEqual(found(ofLog, { 'what replay sends': replayLine.bytes }), []);
  for (const daemon of [s.collector, s.aggregator]) assert.equal((await daemon.stop()).code, 0); // before those who read along
}, { ms: 180_000 });

/** What the stats port says to who connects. */
async function statsPort(s) {
  const { Wire } = await import('./stage.mjs');
  const [host, port] = (await Story.addressOf(s.aggregator, 'stats')).split(':');
  const wire = new Wire(host, Number(port));
  await within(10_000, 'the stats port has spoken', wire.end);
  return wire.text;
}
