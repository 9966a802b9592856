// Audience Meter's protocol: who holds a request open is there. The rows A1 to A16 are those of
// the reference list of its features.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { Browser } from './browser.mjs';
import { eventually, request, story, Story, within } from './harness.mjs';
import { ACCEPT, crowd, Held } from './held.mjs';
import { ownTime, withheld } from './own_time.mjs';
import { Sse } from './sse.mjs';

const FIRST_MS = 500; // so long a first number waits for what it is to count (limits.h, STREAM_FIRST_*)
const CLIENT = fs.readFileSync(new URL('clients/audience_client.js', import.meta.url), 'utf8');

// Tells at once, and what has not changed after a second.
const QUICK = ['--notify-delta-ratio', '0', '--notify-min-delay', '0', '--notify-max-delay', '1'];

/** Waits until the site has n members by everybody's account. */
const hasMembers = (s, site, n, ms) =>
  eventually(async () => assert.equal((await s.api(site)).online.members, n), ms);

/** What one raw request gets, to its end. */
async function raw(s, bytes) {
  const wire = s.wire().send(bytes);
  await within(10_000, 'it ends', wire.end);
  return wire.text;
}

/** Another collector of the same story, and its address. */
async function anotherCollector(s, args = []) {
  const aggregator = args.includes('--aggregator') ? [] : ['--aggregator', s.udp];
  const program = s.daemon('collector', [
    '--listen', '127.0.0.1:0', ...aggregator, '--redis', s.redisAddress, '--secret-file', s.secretFile,
    '--workers', '1', ...args,
  ]);
  const address = await Story.addressOf(program);
  await eventually(async () => assert.equal((await request(`http://${address}/readyz`)).status, 200));
  return { program, address };
}

/** Whether the collector at the address hears of joins elsewhere. */
const hearsJoins = (s, n) =>
  eventually(async () => assert.equal(await s.redisCli('pubsub', 'numsub', 'hc:!joined'), `hc:!joined\n${n}`));

story('A1: POST or GET with Accept: text/event-stream joins; without it 200 and nothing', async (s) => {
  await s.start({ collector: QUICK });
  const members = await Promise.all(
    ['POST', 'GET', 'PUT', 'DELETE'].map((method) => Held.open(s, '/live', { method })),
  );
  await hasMembers(s, 'live', 4);
  for (const member of members) await member.tells(4);
  assert.equal((await Held.open(s, '/live/room')).status, 200); // uuids are off: no name
  await hasMembers(s, 'live', 5);

  for (const line of ['POST /live', 'HEAD /live', 'OPTIONS /live', 'DELETE /live', 'GET /live', 'POST /live/x', 'POST /a%20b']) {
    const text = await raw(s, `${line} HTTP/1.1\r\nHost: x\r\n\r\n`);
    assert.match(text, /^HTTP\/1.1 200 OK\r\n/, line);
    assert.match(text, /\r\nContent-Length: 0\r\n/, line);
    assert.match(text, /\r\nConnection: close\r\n/, line);
    assert.ok(text.endsWith('\r\n\r\n'), line);
  }
  await hasMembers(s, 'live', 5);

  for (const [line, more] of [['GET /favicon.ico', ''], ['GET /live', 'Accept: text/html\r\n'], ['GET /wp/login.php', ''], ['GET /metrics', ''], ['GET /live/uuid', ''], ['POST /a/b/c', ''], ['POST /evnt', 'Content-Length: 2\r\n\r\n{}']])
    assert.match(await raw(s, `${line} HTTP/1.0\r\n${more}\r\n`), /^HTTP\/1.1 404 /, line);
  const before = (await s.counters(s.collector)).bad_site;
  assert.match(await raw(s, 'POST /a%20b HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n'), /Content-Length: 0\r\n/);
  assert.equal((await s.counters(s.collector)).bad_site, before + 1);
});

story('A2: the head is what every client of Audience Meter wants, byte by byte', async (s) => {
  await s.start({ collector: QUICK });
  const ask = async (line, more = '') => {
    const wire = s.wire().send(`${line}\r\nHost: x\r\nAccept: text/event-stream\r\n${more}\r\n`);
    await eventually(() => assert.match(wire.text, /data: \d+\n\n/));
    return wire.text;
  };
  for (const version of ['1.0', '1.1']) {
    const text = await ask(`POST /live HTTP/${version}`, 'Origin: http://elsewhere.example\r\nContent-Length: 0\r\n');
    const [head, body] = text.split('\r\n\r\n');
    const lines = head.split('\r\n').filter((line) => !line.startsWith('Date: '));
    assert.deepEqual(lines, [
      'HTTP/1.1 200 OK',
      'Content-Type: text/event-stream',
      'Cache-Control: no-cache',
      'Access-Control-Allow-Origin: *',
      'X-Accel-Buffering: no',
      'Connection: close',
    ]);
    assert.match(body, /^data: \d+\n\n/);
  }
  const old = await ask('GET /live HTTP/1.1', 'User-Agent: Mozilla/4.0 (compatible; MSIE 8.0)\r\n');
  assert.match(old.split('\r\n\r\n')[1], /^\n{2047}data: /);

  const policy = await s.request('/crossdomain.xml');
  assert.equal(policy.status, 200);
  assert.equal(policy.headers['content-type'], 'text/x-cross-domain-policy');
  assert.match(policy.body.toString(), /<allow-access-from domain="\*"\/>[^]*headers="Accept"/);
});

/** Pages of another origin with the client; their requests to the collector are as they are. */
async function pages(s) {
  const server = http.createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<!doctype html><script>${CLIENT}; const told = [];</script>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  }));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** A browser, and what opens a tab in it that is a member. */
async function browse(s) {
  const [browser, url] = [await Browser.launch(), await pages(s)];
  s.closing.push(() => browser.kill());
  const person = await browser.person();
  return async (form, path) => {
    const tab = await person.open(url);
    await eventually(async () => assert.equal(await tab.run('typeof told'), 'object'));
    await tab.run(`void (client = new ${form}('http://${s.http}${path}', (text) => told.push(text)))`);
    tab.told = () => tab.run('told');
    tab.tells = (text, ms) => eventually(async () => assert.equal((await tab.told()).at(-1), text), ms);
    return tab;
  };
}

story('A2, A5, A9: in Chromium, from another origin, by XMLHttpRequest and by EventSource', async (s) => {
  await s.start({ collector: [...QUICK, '--max-conn-duration', '5'] });
  const join = await browse(s);
  const posts = await join('AudienceClient', '/live');
  await posts.tells('1');
  const listens = await join('AudienceEvents', '/live');
  await listens.tells('2');
  await posts.tells('2');
  // both are ended, come back by themselves, and are counted again
  for (const tab of [posts, listens])
    await eventually(async () => assert.ok((await tab.run('client.opened')) >= 2), 20_000);
  await hasMembers(s, 'live', 2, 20_000);
  await listens.close();
  await posts.tells('1', 20_000);
  await posts.run('client.close()');
  await hasMembers(s, 'live', 0);
}, { ms: 90_000 });

story('A3: the first number comes at once, and counts the one it is told to', async (s) => {
  await s.start();
  let right = 0; // where nobody was held up on the way it is so each time
  for (let n = 1; right < 5; n++) {
    const [passed, late] = [ownTime(), withheld()];
    const member = await Held.open(s, '/live');
    await eventually(() => assert.ok(member.numbers.length > 0));
    assert.ok(passed() < 1_000);
    assert.ok(member.numbers[0] === n || late() > FIRST_MS, `${member.numbers[0]} of ${n}`);
    if (member.numbers[0] === n) right++;
    await member.tells(n);
    assert.ok(n < 20, `${right} of ${n}`);
  }
});

story('A4: namespaces are as many as there are names, and know nothing of each other', async (s) => {
  await s.start({ collector: QUICK });
  const names = Array.from({ length: 100 }, (_, i) => `room-${i}`);
  const late = withheld();
  const members = await Promise.all(names.map((name) => Held.open(s, `/${name}`)));
  const two = await Held.open(s, '/room-7');
  await two.tells(2);
  await members[7].tells(2);
  for (const [i, member] of members.entries()) {
    await member.tells(i === 7 ? 2 : 1);
    if (i !== 7) assert.match(member.numbers.join(' '), late() > FIRST_MS ? /^(0 )*1( 1)*$/ : /^1( 1)*$/);
  }
});

story('A5: who closes, breaks off or is ended has left, and the drop to nobody is told', async (s) => {
  await s.start({ collector: QUICK });
  const watcher = await Sse.open(s, '/sites/live/stream');
  const feed = await s.subscribe('live');
  const [closes, breaks, half] = [await Held.open(s, '/live'), await Held.open(s, '/live'), s.wire()];
  half.send('POST /live HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n');
  await hasMembers(s, 'live', 3);
  await breaks.tells(3);
  closes.close();
  await breaks.tells(2);
  half.halfClose();
  await breaks.tells(1);
  breaks.request.socket.resetAndDestroy();
  await watcher.until((x) => assert.equal(x.state?.online.members, 0));
  await eventually(() => assert.equal(feed.last.online.members, 0));
  const { online } = await s.api('live');
  assert.deepEqual([online.members, online.total], [0, 0]);
});

story('A6: a small change waits for the longest delay, a larger one goes at once', async (s) => {
  await s.start({ collector: ['--notify-min-delay', '0.2', '--notify-max-delay', '3'] });
  await crowd(s, '/live', 49);
  await hasMembers(s, 'live', 49);
  const member = await Held.open(s, '/live');
  await member.tells(50);
  const first = member.toldAt;
  await crowd(s, '/live', 4); // 8 % of 50
  await hasMembers(s, 'live', 54);
  await member.tells(54, 6_000);
  assert.deepEqual(member.numbers, [50, 54]);
  assert.ok(member.toldAt - first > 2_900, `told after ${member.toldAt - first} ms`);
  const passed = ownTime();
  await crowd(s, '/live', 6); // 11 % of 54
  await eventually(() => assert.ok(member.numbers.at(-1) >= 59));
  assert.ok(passed() < 2_500, `told after ${passed()} ms`);
});

story('A7: a number that has not changed is told again after the longest delay', async (s) => {
  await s.start({ collector: ['--notify-max-delay', '2'] });
  const late = withheld();
  const member = await Held.open(s, '/live');
  await eventually(() => assert.deepEqual(member.numbers, [1, 1, 1]), 20_000);
  const [a, b, c] = member.frames.map(({ at }) => at);
  for (const ms of [b - a, c - b]) assert.ok(ms > 1_900 && ms < 3_500 + late(), `${ms} ms`);
});

story('A8: who is gone before the delay is over never counts', async (s) => {
  await s.start({ collector: [...QUICK, '--increment-delay', '2'] });
  const begun = performance.now();
  const [stays, goes] = [await Held.open(s, '/live'), await Held.open(s, '/live')];
  await stays.tells(0);
  await goes.close();
  await stays.tells(1);
  assert.ok(performance.now() - begun > 1_900);
  const { online, total } = await s.api('live');
  assert.deepEqual([online.members, total.connections], [1, 1]);
});

story('A9: a connection ends after its longest time, with when to come back', async (s) => {
  await s.start({ collector: [...QUICK, '--max-conn-duration', '1'] });
  const member = await Held.open(s, '/live');
  const begun = performance.now();
  await within(15_000, 'it is ended', member.end);
  assert.ok(performance.now() - begun > 900);
  assert.match(member.frames.at(-1).text, /^retry: [2-5]\d{3}$/);
  await hasMembers(s, 'live', 0);
});

/** The first of two with the same name is sent away, for good. */
async function isReplaced(first, second) {
  await within(5_000, 'the first is ended', first.end);
  assert.equal(first.frames.at(-1).text, 'retry: -1');
  assert.ok(!second.closed);
}

story('A10: who comes again under its uuid replaces itself, and counts once', async (s) => {
  await s.start({ workers: 2, collector: [...QUICK, '--enable-uuid'] });
  const feed = await s.subscribe('live');
  let last = await Held.open(s, '/live/some-uuid');
  await hasMembers(s, 'live', 1);
  const came = feed.messages.length;
  for (let i = 0; i < 12; i++) { // whichever of the workers takes it
    const next = await Held.open(s, '/live/some-uuid');
    await isReplaced(last, next);
    last = next;
  }
  await last.tells(1);
  await Held.open(s, '/live/another');
  await Held.open(s, '/other/some-uuid');
  await last.tells(2);
  assert.ok(!last.closed);
  assert.deepEqual([...new Set(feed.messages.slice(came).map(({ online }) => online.members))], [1, 2]);
  assert.equal((await s.counters(s.collector)).members_open, 3);

  // A beacon that says the same of itself does not speak for it.
  const left = await request(`http://${s.http}/hc.gif?i=live&u=some-uuid&v=some-uuid&k=l`);
  assert.equal(left.status, 200);
  const told = last.numbers.length;
  await eventually(() => assert.ok(last.numbers.length > told + 2, 'more than a second went by'));
  assert.deepEqual([...new Set(last.numbers.slice(told - 1))], [2]);
  assert.ok(!last.closed);

  await raw(s, 'POST /live/some-uuid HTTP/1.1\r\nHost: x\r\n\r\n');
  await within(5_000, 'it is evicted', last.end);
  assert.equal(last.frames.at(-1).text, 'retry: -1');
  await hasMembers(s, 'live', 1);
  await hasMembers(s, 'other', 1);
});

story('A10: the name is taken from another collector, too', async (s) => {
  await s.start({ collector: [...QUICK, '--enable-uuid'] });
  const { program, address } = await anotherCollector(s, [...QUICK, '--enable-uuid']);
  await hearsJoins(s, 2);
  const here = await Held.open(s, '/live/some-uuid');
  await hasMembers(s, 'live', 1);
  const feed = await s.subscribe('live');
  const there = await Held.open(s, '/live/some-uuid', { address });
  await isReplaced(here, there);
  const back = await Held.open(s, '/live/some-uuid');
  await isReplaced(there, back);
  await back.tells(1);
  assert.ok(feed.messages.every(({ online }) => online.members === 1), 'never 0 or 2');
  await request(`http://${address}/live/some-uuid`, { method: 'POST' });
  await within(5_000, 'it is evicted from the other collector', back.end);
  await hasMembers(s, 'live', 0);
  assert.equal((await program.stop()).code, 0);
});

story('A10: while Redis is away a name is taken within the collector', async (s) => {
  await s.start({ workers: 2, collector: [...QUICK, '--enable-uuid'] });
  await hearsJoins(s, 1);
  await s.redis.kill();
  let last = await Held.open(s, '/live/some-uuid');
  for (let i = 0; i < 6; i++) {
    const next = await Held.open(s, '/live/some-uuid');
    await isReplaced(last, next);
    last = next;
  }
  await eventually(async () => {
    const { members_open, joins_untold } = await s.counters(s.collector);
    assert.deepEqual([members_open, joins_untold], [1, 7]); // other collectors know nothing of them
  });
  await s.startRedis();
  await hasMembers(s, 'live', 1);
});

/** What the stats port tells, to its end. */
async function stats(s) {
  const [host, port] = (await Story.addressOf(s.aggregator, 'stats')).split(':');
  const socket = net.connect({ host, port: Number(port) });
  let text = '';
  socket.setEncoding('utf8').on('data', (part) => (text += part));
  await within(5_000, 'the stats end', new Promise((resolve) => socket.on('close', resolve).on('error', resolve)));
  return JSON.parse(text);
}

story('A11: the stats port tells of each namespace, and hangs up', async (s) => {
  await s.start({ aggregator: ['--stats-listen', '127.0.0.1:0'], collector: QUICK });
  const before = Math.floor(Date.now() / 1000);
  const [goes] = await crowd(s, '/live', 3);
  await Held.open(s, '/other');
  await goes.close();
  await eventually(async () => {
    const { live, other } = await stats(s);
    assert.deepEqual([live?.members, live?.connections], [2, 3]);
    assert.deepEqual([other?.members, other?.connections], [1, 1]);
    for (const { created, modified } of [live, other]) {
      assert.ok(created >= before && created <= Date.now() / 1000 + 1, `created ${created}`);
      assert.ok(modified >= created && modified <= Date.now() / 1000 + 1, `modified ${modified}`);
    }
  });
  const { out } = await runHelp(s, 'aggregator');
  assert.match(out, /--stats-listen [^]*?127\.0\.0\.1:1442/);
});

/** A daemon's own description of its options. */
async function runHelp(s, name) {
  const program = s.daemon(name, ['--help']);
  assert.equal((await program.end).code, 0);
  return program;
}

story('A12: what the notification port is told goes to the members', async (s) => {
  await s.start({ collector: ['--notify-listen', '127.0.0.1:0'] });
  const address = await Story.addressOf(s.collector, 'notify');
  const [member, stranger] = [await Held.open(s, '/live'), await Held.open(s, '/other')];
  await member.tells(1);
  for (const [method, path] of [['GET', '/live/score/42'], ['POST', '/live/goal/4%20to%202']]) {
    const answer = await request(`http://${address}${path}`, { method });
    assert.deepEqual([answer.status, answer.headers['content-type'], answer.body.length], [200, 'text/html', 0]);
  }
  await eventually(() => assert.deepEqual(member.messages, ['score=42', 'goal=4 to 2']));
  const next = await Held.open(s, '/live');
  await next.tells(2); // and not 421
  await member.tells(2);
  assert.deepEqual(next.data, ['2']);
  assert.deepEqual(stranger.messages, []);
  assert.match((await runHelp(s, 'collector')).out, /--notify-listen [^]*?127\.0\.0\.1:2442/);
});

story('A13: an empty namespace is gone from the stats after a while, unless somebody comes', async (s) => {
  await s.start({ aggregator: ['--stats-listen', '127.0.0.1:0', '--namespace-clean-delay', '4'], collector: QUICK });
  const [stays, goes] = [await Held.open(s, '/stays'), await Held.open(s, '/goes')];
  await eventually(async () => assert.equal((await stats(s)).stays?.members, 1));
  const { created } = (await stats(s)).stays;
  await Promise.all([stays.close(), goes.close()]);
  await hasMembers(s, 'stays', 0);
  const again = await Held.open(s, '/stays');
  await eventually(async () => {
    const { stays: { members, connections, created: then } } = await stats(s);
    assert.deepEqual({ members, connections, then }, { members: 1, connections: 2, then: created });
  });
  await eventually(async () => assert.deepEqual(Object.keys(await stats(s)), ['stays']), 15_000);
  await again.close();
  await eventually(async () => assert.deepEqual(await stats(s), {}), 15_000);
  assert.match((await runHelp(s, 'aggregator')).out, /--namespace-clean-delay [^]*?60/);
});

/** A way to the aggregator that loses every third datagram, doubles every other one, and lets
 *  the one behind overtake it. */
async function badWay(s) {
  const open = async (take) => {
    const socket = dgram.createSocket('udp4').on('message', take).on('error', () => {});
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    s.closing.push(() => socket.close());
    return socket;
  };
  let [n, late, collector] = [0, null, null];
  const up = await open((bytes) => down.send(bytes, collector, '127.0.0.1'));
  const down = await open((bytes, { port }) => {
    collector = port;
    if (++n % 3 === 0) return;
    const pass = [bytes, ...(late ? [late] : []), ...(n % 2 ? [bytes] : [])];
    late = late ? null : bytes;
    for (const one of late ? [] : pass) up.send(one, s.udpPort, '127.0.0.1', () => {});
  });
  return `127.0.0.1:${down.address().port}`;
}

story('A14: datagrams that are lost, doubled and late do not skew the sum', async (s) => {
  await s.start({ collector: QUICK });
  const { program, address } = await anotherCollector(s, [...QUICK, '--aggregator', await badWay(s)]);
  const [here] = await crowd(s, '/live', 3);
  let expected = 3;
  for (let i = 0; i < 5; i++) {
    const members = await crowd(s, '/live', 7, { address });
    await here.tells((expected += 7), 20_000);
    await Promise.all(members.slice(2).map((member) => member.close()));
    await here.tells((expected -= 5), 20_000);
  }
  await s.closeOthers();
  assert.equal((await within(20_000, 'it stops', program.stop(20_000))).signal, null);
});

story('A14: collectors add up, and the members of one that was killed are gone in time', async (s) => {
  const args = [...QUICK, '--member-timeout', '3'];
  await s.start({ collector: args });
  const { program, address } = await anotherCollector(s, args);
  const [here] = await crowd(s, '/live', 3);
  await crowd(s, '/live', 4, { address });
  await here.tells(7);
  await program.kill();
  const passed = ownTime();
  await here.tells(3, 20_000);
  assert.ok(passed() < 5_000);
  const before = here.frames.length; // and those that are there stay
  await eventually(() => assert.ok(here.frames.length > before + 4), 10_000);
  assert.deepEqual([...new Set(here.numbers.slice(-4))], [3]);
});

story('A14: members stay while datagrams are lost, and while an aggregator begins anew', async (s) => {
  await s.start({ collector: QUICK });
  const [member] = await crowd(s, '/live', 5);
  await member.tells(5);
  await s.aggregator.kill();
  const late = await Held.open(s, '/live');
  await s.startAggregator();
  await hasMembers(s, 'live', 6, 20_000);
  await late.tells(6, 30_000); // when the site has settled
  assert.ok(!member.numbers.slice(member.numbers.indexOf(5)).some((n) => n < 5), member.numbers.join(' '));
  await s.collector.stop(); // before the aggregator, which has become the younger
});

story('A15: what may be 0 or none turns something off', async (s) => {
  const off = ['--notify-delta-ratio', '0', '--notify-min-delay', '0', '--notify-max-delay', '0',
    '--increment-delay', '0', '--max-conn-duration', '0', '--notify-listen', 'none'];
  await s.start({ aggregator: ['--stats-listen', 'none'], collector: off });
  const first = await Held.open(s, '/live/name');
  await first.tells(1);
  await Held.open(s, '/live/name'); // a uuid is none
  await first.tells(2);
  await s.collector.stop();
  await within(5_000, 'who stops says goodbye', first.end);
  await s.startCollector([...off, '--workers', '1', '--streams', '0']);
  const none = await s.request('/live', { method: 'POST', headers: ACCEPT });
  assert.deepEqual([none.status, none.body.length, none.headers['content-type']], [200, 0, undefined]);
  await s.collector.stop();
  await s.startCollector([...off, '--workers', '1', '--dialects', 'none']);
  assert.equal((await s.request('/live', { method: 'POST', headers: ACCEPT })).status, 404);
});

story('A15: a stream too many is refused, and so is a page that may not', async (s) => {
  await s.start({ collector: [...QUICK, '--streams', '2', '--origin', 'https://good.example'] });
  const ask = (origin) => s.request('/live', { method: 'POST', headers: { ...ACCEPT, ...(origin && { origin }) } });
  assert.equal((await ask('https://bad.example')).status, 403);
  await crowd(s, '/live', 2, { headers: { origin: 'https://good.example' } });
  const many = await ask();
  assert.equal(many.status, 503);
  assert.equal(many.headers['retry-after'], '5');
  await hasMembers(s, 'live', 2);
});

story('A15: an address that is taken ends the program with a sentence', async (s) => {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => new Promise((resolve) => server.close(resolve)));
  const taken = `127.0.0.1:${server.address().port}`;
  const program = s.daemon('collector', ['--listen', taken, '--aggregator', '127.0.0.1:9', '--secret-file', s.secretFile]);
  const { code } = await within(10_000, 'it ends', program.end);
  assert.equal(code, 1);
  assert.match(program.err, new RegExp(`--listen ${taken}: the port is in use; `));
});

story('A16: joins, numbers and leaves are logged for who asks for it', async (s) => {
  await s.start({ collector: [...QUICK, '--log-members'] });
  const member = await Held.open(s, '/live');
  await member.tells(1);
  await member.close();
  const tab = (await s.collector.says(/event=joined site=live tab=([0-9a-f]{16}) worker=0 open=1\n/))[1];
  await s.collector.says(/event=notified site=live number=1 worker=0\n/);
  await s.collector.says(new RegExp(`event=left site=live tab=${tab} worker=0 open=0\n`));
});
