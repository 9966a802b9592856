// The feed port, where telnet or nc is enough, and the notification port.
import assert from 'node:assert/strict';
import net from 'node:net';
import { eventually, request, story, Story, within } from './harness.mjs';
import { Resp } from './resp.mjs';
import { message, Sse } from './sse.mjs';
import { Terminal, token } from './telnet.mjs';

const PORTS = ['--feed-listen', '127.0.0.1:0', '--notify-listen', '127.0.0.1:0'];
const FEED_CONNS_MAX = 64;

const start = (s, options = {}) => s.start({ ...options, collector: [...PORTS, ...(options.collector ?? [])] });
const notifyAddress = (s) => Story.addressOf(s.collector, 'notify');

story('P3, P4: who watches by telnet reads a line for each event, and can send some', async (s) => {
  await start(s, { workers: 2 });
  const send = await token(s, 'shop', 'send');
  const sse = await Sse.open(s, '/sites/shop/stream');
  await sse.until((x) => assert.ok(x.hello));
  const watcher = await Terminal.watching(s);
  await s.hit({ i: 'shop', p: '/cart', u: 'alice' });
  await watcher.has(/^\d\d:\d\d:\d\d view \/cart$/);
  await s.hit({ i: 'shop', p: '/cart', u: 'alice', k: 'e', e: 'signup' });
  await watcher.has(/^\d\d:\d\d:\d\d event signup on \/cart$/);
  await s.hit({ i: 'other', p: '/elsewhere', u: 'alice' });

  const sender = await Terminal.open(s);
  assert.equal(await sender.ask(`send shop ${send}   v2 is out,  für alle \n`), 'ok');
  await watcher.has(/^\d\d:\d\d:\d\d message v2 is out,  für alle$/);
  assert.equal(await watcher.ask(`send shop ${send} from the watcher\n`), 'ok');
  await watcher.has(/message from the watcher$/);
  await sse.until((x) => assert.deepEqual(x.events.filter((e) => e.type === 'message').map((e) => e.text), [
    'v2 is out,  für alle', 'from the watcher']));
  await eventually(async () => {
    const { recentEvents } = await s.api('shop');
    assert.equal(recentEvents[0].text, 'from the watcher');
  });
  const clock = new Date((await s.api('shop')).recentEvents.at(-1).timestamp).toISOString().slice(11, 19);
  assert.equal(watcher.lines[1], `${clock} view /cart`, 'UTC');
  assert.doesNotMatch(watcher.text, /elsewhere/);
  const counted = await s.counters(s.collector);
  assert.equal(counted.feed_open, 2);
  assert.equal(counted.feed_commands, 3);
  assert.equal(counted.streams_open, 2);
});

story('P4: lines come in any pieces, with LF or CRLF, and telnet may negotiate within them', async (s) => {
  await start(s);
  const terminal = await Terminal.open(s);
  for (const piece of ['wa', 'tch ', 'sh', 'op\r', '\n']) {
    terminal.write(piece);
    await new Promise(setImmediate);
  }
  await terminal.has(/^ok watching shop$/);
  assert.equal(await terminal.ask(Buffer.from('\xff\xfd\x03\r\n \nqu\xff\xfa\x18\n\xff\xff\xf0\xff\xf0it x\r\n', 'latin1')), 'error unknown_command');
  assert.match(await terminal.ask('help\r\n'), /^# watch SITE/);
  await terminal.has(/^# quit$/);
  // many at once are all answered, in their order
  const before = terminal.lines.length;
  terminal.write('nonsense\n'.repeat(5000) + 'watch other\n');
  await eventually(() => {
    const answers = terminal.lines.slice(before);
    assert.equal(answers.length, 5001);
    assert.equal(answers[5000], 'error already_watching');
    assert.ok(answers.slice(0, 5000).every((line) => line === 'error unknown_command'));
  });
  assert.equal(await terminal.ask('quit\n'), 'ok');
  await within(5_000, 'the connection is closed', terminal.end);

  const long = await Terminal.open(s);
  assert.equal(await long.ask(`${'x'.repeat(1024)}\r\n`), 'error unknown_command');
  assert.equal(await long.ask('x'.repeat(1025)), 'error line_too_long');
  await within(5_000, 'the connection is closed', long.end);
  assert.equal((await s.counters(s.collector)).feed_too_long, 1);
});

story('P2: what is wrong is told with its reason, and guesses are counted by address', async (s) => {
  await start(s);
  const send = await token(s, 'shop', 'send');
  const read = await token(s, 'shop', 'read');
  const never = `hc_${'x'.repeat(43)}`;
  const one = await Terminal.open(s);
  for (const [line, answer] of [
    ['watch', 'error bad_site'], ['watch a/b', 'error bad_site'], [`watch shop ${never}`, 'error unauthorized'],
    ['watch shop json more', 'error unknown_command'], ['WATCH shop', 'error unknown_command'],
    ['GET / HTTP/1.1', 'error unknown_command'], [`send .. ${send} x`, 'error bad_site'],
    ['send shop', 'error unauthorized'], [`send shop ${read} x`, 'error forbidden'],
    [`send shop ${send}`, 'error empty'], [`send shop ${send} \x01\x02`, 'error empty'],
    [`send other ${send} x`, 'error unauthorized'],
  ]) assert.equal(await one.ask(`${line}\n`), answer, line);
  assert.equal(await one.ask(`watch shop ${read}\n`), 'ok watching shop');

  const guesser = await Terminal.open(s);
  for (let k = 2; k < 10; k++) assert.equal(await guesser.ask('send shop wrong x\n'), 'error unauthorized');
  for (const wrong of ['wrong', never]) assert.equal(await guesser.ask(`send shop ${wrong} x\n`), 'error too_many_guesses');
  assert.equal(await guesser.ask(`send shop ${send} right\n`), 'ok');
  assert.equal(await guesser.ask('watch shop\n'), 'ok watching shop', 'reading asks for no token');
  const { feed_messages } = await s.counters(s.collector);
  assert.equal(feed_messages, 1);
});

story('commands behind one that waits for Redis keep their order, whoever stops sending', async (s) => {
  await start(s);
  const send = await token(s, 'shop', 'send');
  const watcher = await Terminal.watching(s);
  const piped = await Terminal.open(s);
  piped.socket.end(`send shop ${send} one\nsend shop wrong two\nsend shop ${send} three\nnot whole`);
  await within(5_000, 'it is closed', piped.end);
  assert.deepEqual(piped.lines, ['ok', 'error unauthorized', 'ok']);
  await watcher.has(/message three$/);
  assert.deepEqual(watcher.lines.slice(1).map((line) => line.slice(9)), ['message one', 'message three']);

  const half = await Terminal.open(s); // echo watch shop | nc
  half.socket.end('watch shop\n');
  await half.has(/^ok watching shop$/);
  await s.hit({ i: 'shop', p: '/still-told', u: 'alice' });
  await half.has(/view \/still-told$/);
  half.socket.destroy();
  const gone = await Terminal.watching(s);
  gone.socket.destroy();
  await eventually(async () => {
    await s.hit({ i: 'shop', p: '/', u: 'alice' });
    assert.equal((await s.counters(s.collector)).feed_open, 1);
  });
});

story('a watcher may have the events as JSON, or as lines that harm no terminal', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector([...PORTS, '--workers', 1]);
  const resp = await Resp.connect(s.socket);
  s.closing.push(() => resp.socket.destroy());
  const plain = await Terminal.watching(s);
  const json = await Terminal.watching(s, 'shop', ' json');
  const publish = (n, last, events) => {
    const text = JSON.parse(message({ n, last }));
    const json = JSON.stringify({ ...text, events }); // and as escaped as the aggregator has it
    return resp.call('PUBLISH', 'hc:shop', json.replace(/[\u007f-\u009f\u2028\u202e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`));
  };
  const at = Date.UTC(2026, 0, 1, 7, 52, 1);
  const hostile = { id: 1, type: 'message', timestamp: at, text: '\u001b[2J\n07:00:00 view /forged \u009b1m\u202e\u2028é', name: 'c\ti' };
  const later = { id: 5, type: 'poem', timestamp: at, verse: 'x' };
  await publish(1, 1, [hostile]);
  await plain.has(/^07:52:01 message c\ufffdi: \ufffd\[2J\ufffd07:00:00 view \/forged \ufffd1m\ufffd\ufffdé$/);
  await eventually(() => assert.deepEqual(JSON.parse(json.lines[1]), hostile));
  await publish(2, 5, [later]);
  await plain.has(/^# event 5 cannot be shown here$/);
  assert.equal(await plain.has(/missed/), '# 3 events were missed');
  await json.has(/^# 3 events were missed$/);
  await eventually(() => assert.equal(JSON.parse(json.lines.at(-1)).verse, 'x'));
  assert.equal(plain.lines.length, 4);
});

story('P5: who does not read delays nobody, and is told later how much was missed', async (s) => {
  await s.startRedis();
  s.udp = '127.0.0.1:9';
  await s.startCollector([...PORTS, '--workers', 1]);
  const quick = await Terminal.watching(s, 'shop', ' json');
  const resp = await Resp.connect(s.socket);
  s.closing.push(() => resp.socket.destroy());
  let n = 0, last = 0;
  const more = () => resp.call('PUBLISH', 'hc:shop', message({
    n: ++n, last: last + 5, events: Array.from({ length: 5 }, () => ++last), pad: 2500 }));
  const has = ({ text }, id) => { // the whole of its line
    const at = text.lastIndexOf(`{"id":${id},`);
    return at >= 0 && text.includes('\n', at);
  };
  const isTold = (terminal, id) => eventually(() => assert.ok(has(terminal, id)), 30_000);
  const many = (n) => Promise.all(Array.from({ length: n }, more));
  let slow, before;
  for (let tries = 0; tries < 5 && (!slow || slow.closed); tries++) { // who is blocked for ten seconds is closed
    slow = await Terminal.watching(s, 'shop', ' json');
    slow.socket.pause();
    before = last;
    const blocks = async () => (await s.counters(s.collector)).stream_blocks;
    const earlier = await blocks();
    do await many(100); while ((await blocks()) === earlier); // more than the kernel takes for a socket
    await many(500); // more than is held
    await isTold(quick, last);
    slow.socket.resume();
    await eventually(() => assert.ok(slow.closed || has(slow, last)), 30_000);
  }
  const told = slow.lines.filter((line) => line.startsWith('{')).length;
  const gaps = slow.lines.map((line) => /^# (\d+) events? w/.exec(line)).filter(Boolean);
  const missed = gaps.reduce((sum, [, count]) => sum + Number(count), 0);
  assert.equal(told + missed, last - before, `${told} told, ${missed} missed`);
  assert.ok(missed > 0);
}, { ms: 180_000 });

story('beyond the bound newcomers are told so, until somebody leaves', async (s) => {
  await start(s);
  const all = [];
  for (let k = 0; k < FEED_CONNS_MAX; k++) all.push(await Terminal.open(s));
  const late = await Terminal.open(s);
  await within(5_000, 'it is closed', late.end);
  assert.equal(late.text, 'error too_many_connections\n');
  all[0].socket.destroy();
  await eventually(async () => assert.equal((await s.counters(s.collector)).feed_open, FEED_CONNS_MAX - 1));
  await Terminal.watching(s);
  const counted = await s.counters(s.collector);
  assert.equal(counted.feed_refused, 1);
  assert.equal((await s.request('/livez')).status, 200);
});

story('streams that are off, or as many as there may be, are unavailable here too', async (s) => {
  await start(s, { collector: ['--streams', 1] });
  await Terminal.watching(s);
  const other = await Terminal.open(s);
  assert.equal(await other.ask('watch shop\n'), 'error unavailable');
});

story('a notification reaches streams and watchers, and is always answered 200', async (s) => {
  await start(s, { workers: 2 });
  const address = await notifyAddress(s);
  const notify = (path, options) => request(`http://${address}${path}`, options);
  const sse = await Sse.open(s, '/sites/shop/stream');
  await sse.until((x) => assert.ok(x.hello));
  const watcher = await Terminal.watching(s);
  const answer = await notify('/shop/ci/v2+%C3%BC%20is%2Fout/now%');
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['content-type'], 'text/html');
  assert.equal(answer.body.length, 0);
  await watcher.has(/^\d\d:\d\d:\d\d message ci: v2\+ü is\/out\/now%$/);
  await sse.until((x) => assert.deepEqual({ ...x.events[0], id: 0, timestamp: 0 }, {
    id: 0, type: 'message', timestamp: 0, text: 'v2+ü is/out/now%', name: 'ci' }));
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'];
  for (const method of methods) assert.equal((await notify(`/shop/by/${method}`, { method })).status, 200, method);
  await watcher.has(/message by: HEAD$/);
  const before = (await s.counters(s.collector)).notifications;
  assert.equal(before, 1 + methods.length);
  for (const path of ['/', '/shop', '/shop/', '/shop/ci', '/shop/ci/', '/shop/ci/%01', '/b@d/ci/x', '//ci/x', '/hc.gif?i=shop'])
    assert.equal((await notify(path)).status, 200, path);
  const after = await s.counters(s.collector);
  assert.equal(after.notifications, before);
  assert.equal(after.notifications_ignored, 9);
  assert.equal(after.feed_messages, before);
  assert.equal(after.hits, 0);
  assert.equal((await s.request('/shop/ci/x')).status, 404, 'that port is another');
});

story('a port that is in use is one sentence that names its option', async (s) => {
  await start(s);
  const env = { HEADCOUNT_ADMIN_LISTEN: 'none' };
  for (const [option, proto] of [['feed-listen', 'feed'], ['notify-listen', 'notify']]) {
    const taken = await Story.addressOf(s.collector, proto);
    const second = s.daemon('collector', ['--listen', '127.0.0.1:0', '--redis', s.redisAddress,
      '--secret-file', s.secretFile, `--${option}`, taken], env);
    const { code } = await within(10_000, 'it ends', second.end);
    assert.equal(code, 1);
    assert.match(second.err, new RegExp(`^headcount-collector: --${option} ${taken}: the port is in use, [^\\n]*\\n$`));
    assert.equal(second.out, '');
  }
});

story('both ports are closed at the end, and watchers are told', async (s) => {
  await start(s);
  const idle = await Terminal.open(s);
  const watcher = await Terminal.watching(s);
  const [feed, notify] = [await Story.addressOf(s.collector, 'feed'), await notifyAddress(s)];
  assert.equal((await s.collector.stop()).code, 0);
  await within(5_000, 'both end', Promise.all([idle.end, watcher.end]));
  assert.equal(watcher.lines.at(-1), '# headcount is being stopped');
  for (const address of [feed, notify]) {
    const [host, port] = address.split(':');
    const error = await new Promise((resolve) => net.connect(Number(port), host).on('connect', () => resolve(null)).on('error', resolve));
    assert.equal(error?.code, 'ECONNREFUSED');
  }
});

story('while Redis is away sending is unavailable, and watching begins when it is back', async (s) => {
  await start(s);
  const terminal = await Terminal.open(s);
  await s.redis.kill();
  await eventually(async () => assert.equal((await s.request('/readyz')).status, 503));
  assert.equal(await terminal.ask(`send shop hc_${'x'.repeat(43)} x\n`), 'error unavailable');
  terminal.write('watch shop\n');
  await s.startRedis();
  await terminal.has(/^ok watching shop$/);
});
