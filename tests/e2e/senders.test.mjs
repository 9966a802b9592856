// Programs that tell headcount what happens (deploy/clients), and who watches that: the
// server, the senders and the monitors of "realtime" as a PHP page once had them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, freePort, request, story, Story, within } from './harness.mjs';
import { ownTime, withheld } from './own_time.mjs';
import { Sse } from './sse.mjs';
import { Terminal, token } from './telnet.mjs';

const clients = fileURLToPath(new URL('../../deploy/clients', import.meta.url));
const PORTS = ['--feed-listen', '127.0.0.1:0'];
const feedOf = (s) => Story.addressOf(s.collector, 'feed');

function has(program) {
  try {
    return execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

/** A story for which this program must be installed (deploy/install-packages test). */
function storyWith(program, name, fn) {
  if (has(program)) story(name, fn);
  else test(name, { skip: `${program} is not installed: deploy/install-packages test` }, () => {});
}

/** One sender of each language: tells of one event and one query, and prints how many
 *  lines were taken and how many milliseconds that held it up. Arguments: address, token,
 *  event, query. */
const senders = {
  php: {
    bound: 50,
    start: (s, args) => s.run('php', 'php', [s.file('sender.php', `<?php
      require '${clients}/php/headcount.php';
      $begun = hrtime(true);
      headcount()->connect($argv[1])->authenticate('shop', $argv[2]);
      headcount()->event($argv[3]);
      headcount()->query($argv[4], 12.9);
      $told = (hrtime(true) - $begun) / 1e6;
      echo 'taken=', headcount()->flush(), " told=$told ms=", (hrtime(true) - $begun) / 1e6, "\\n";
    `), ...args]),
  },
  node: {
    bound: 1000,
    start: (s, args) => s.run('node', process.execPath, [s.file('sender.mjs', `
      import { Headcount } from '${clients}/node/headcount.mjs';
      const [address, token, event, query] = process.argv.slice(2);
      const begun = performance.now();
      const headcount = new Headcount().connect(address).authenticate('shop', token);
      headcount.event(event);
      headcount.query(query, 12.9);
      const told = performance.now() - begun;
      console.log('taken=' + await headcount.flush(), 'told=' + told, 'ms=' + (performance.now() - begun));
    `), ...args]),
  },
  python3: {
    bound: 1000,
    start: (s, args) => s.run('python3', 'python3', [s.file('sender.py', `
import sys, time
sys.path.insert(0, '${clients}/python')
sys.dont_write_bytecode = True
from headcount import Headcount
_, address, token, event, query = sys.argv
begun = time.monotonic()
headcount = Headcount().connect(address).authenticate('shop', token)
headcount.event(event)
headcount.query(query, 12.9)
told = (time.monotonic() - begun) * 1000
print('taken=%d' % headcount.flush(), 'told=%f' % told, 'ms=%f' % ((time.monotonic() - begun) * 1000))
`), ...args]),
  },
  sh: shell(process.env.PATH),
  // A machine that has no nc: bash speaks TCP itself.
  bash: { ...shell(null), needs: 'bash' },
};

function shell(paths) {
  const script = `
    . ${clients}/shell/send.sh
    headcount_connect "$1"; headcount_authenticate shop "$2"
    begun=$(date +%s%N) taken=0
    headcount_event "$3" && taken=$((taken + 1))
    headcount_query "$4" 12.9 && taken=$((taken + 1))
    echo "taken=$taken told=0 ms=$((($(date +%s%N) - begun) / 1000000))"`;
  return {
    bound: 2 * 2000, // it sends each line by itself
    start(s, args) {
      const env = { PATH: paths ?? withoutNc(s) };
      return s.run('sh', '/bin/sh', ['-c', script, 'sender', ...args], { env });
    },
  };
}

function withoutNc(s) {
  const dir = path.join(s.dir, 'bin');
  fs.mkdirSync(dir, { recursive: true });
  for (const name of ['bash', 'cat', 'cut', 'date', 'head', 'timeout', 'tr'])
    if (!fs.existsSync(path.join(dir, name))) fs.symlinkSync(has(name), path.join(dir, name));
  return dir;
}

/** What a sender printed at its end: taken, told and ms as numbers. */
async function ended(program) {
  const { code } = await within(30_000, `${program.name} ends`, program.end);
  assert.equal(code, 0, program.log());
  return Object.fromEntries([...program.out.matchAll(/(\w+)=([\d.]+)/g)].map(([, name, n]) => [name, Number(n)]));
}

/** When each event came, by its text, since the collector's clock said it happened. */
function stopwatch(sse) {
  const late = new Map();
  const take = sse.take.bind(sse);
  sse.take = (text) => {
    const known = sse.events.length;
    take(text);
    for (const event of sse.events.slice(known)) late.set(event.text, Date.now() - event.timestamp);
  };
  return late;
}

/** A server that takes connections and says nothing. */
async function mute(s) {
  const sockets = new Set();
  const server = net.createServer((socket) => sockets.add(socket.on('error', () => {})));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${server.address().port}`;
}

/** PHP's own web server with this page; its address. */
async function servePhp(s, page, env = {}) {
  const address = `127.0.0.1:${await freePort()}`;
  s.php = s.run('php', 'php', ['-S', address, page], { env });
  await s.php.says(/Development Server .* started/);
  return address;
}

/** A request whose body is read as it comes. */
async function openPage(s, url) {
  const page = { text: '' };
  await new Promise((resolve, reject) => {
    const req = http.get(url, { agent: false }, (res) => {
      page.headers = res.headers;
      res.setEncoding('utf8').on('data', (text) => (page.text += text)).on('error', () => {});
      resolve();
    });
    req.on('error', reject);
    page.close = () => req.destroy();
  });
  s.closing.push(page.close);
  page.has = (pattern) => eventually(() => {
    assert.match(page.text, pattern);
    return page.text.match(pattern);
  });
  return page;
}

story('P1: the server says in one line that it listens, and runs on whoever comes and goes', async (s) => {
  await s.start({ collector: PORTS });
  await s.collector.says(/event=listening program=headcount-collector proto=feed addr=127\.0\.0\.1:\d+/);
  const send = await token(s, 'shop', 'send');
  for (let i = 0; i < 20; i++) {
    const one = await Terminal.open(s);
    assert.equal(await one.ask(`send shop ${send} line ${i}\n`), 'ok');
    if (i % 2) one.socket.destroy();
    else one.socket.resetAndDestroy();
  }
  await eventually(async () => assert.equal((await s.counters(s.collector)).feed_open, 0));
  assert.equal(s.collector.ended, null);
  assert.equal((await s.request('/readyz')).status, 200);
});

for (const [language, { start, bound, needs = language }] of Object.entries(senders)) {
  storyWith(needs, `P2, P3, P6: what ${language} sends is with a stream and with telnet within a second, an event and a query`, async (s) => {
    await s.start({ collector: PORTS });
    const send = await token(s, 'shop', 'send');
    const sse = await Sse.open(s, '/sites/shop/stream');
    const [late, machine] = [stopwatch(sse), withheld()];
    await sse.until((x) => assert.ok(x.hello));
    const monitor = await Terminal.watching(s);
    const event = 'User alice has entered /cärt ';
    const query = 'SELECT *\n  FROM carts\tWHERE id = ?';
    // a machine may be busy once; who is held up by what it calls is so each time
    const told = [];
    let run, taken = 0;
    do {
      run = await ended(start(s, [await feedOf(s), send, event, query]));
      told.push(run.told);
      taken += run.taken;
    } while ((run.told >= 20 || run.taken !== 2) && told.length < 5);
    assert.equal(run.taken, 2);
    assert.ok(run.told < 20, `it was held up for ${told} ms`);
    await monitor.has(/^\d\d:\d\d:\d\d message User alice has entered \/cärt$/);
    await monitor.has(/^\d\d:\d\d:\d\d query 12 ms SELECT \* FROM carts WHERE id = \?$/);
    await sse.until((x) => assert.deepEqual(x.events.slice(-2).map(({ type, text, ms }) => ({ type, text, ms })), [
      { type: 'message', text: 'User alice has entered /cärt', ms: undefined },
      { type: 'query', text: undefined, ms: 12 }, // what is asked of a database is nobody's business
    ]));
    assert.equal(sse.events.length, taken, 'what was taken came, once');
    assert.doesNotMatch((await s.request('/sites/shop/realtime')).body.toString(), /SELECT/);
    for (const [text, ms] of late) assert.ok(ms < 1000 + machine(), `${text}: ${ms} ms`);
  });

  storyWith(needs, `P2: ${language} goes on within its bound when nobody listens, nobody answers or nobody lets it in`, async (s) => {
    await s.start({ collector: PORTS });
    const slack = 1000; // of a machine that is busy with other tests
    for (const [address, secret] of [
      ['127.0.0.1:1', 'hc_x'], [await mute(s), 'hc_x'], [await feedOf(s), 'wrong'], [await feedOf(s), 'quit\nsend'], ['no address at all', 'hc_x'],
    ]) {
      const all = [];
      do {
        const { taken, ms } = await ended(start(s, [address, secret, 'a'.repeat(5000), 'b'.repeat(5000)]));
        assert.equal(taken, 0);
        all.push(ms);
      } while (all.at(-1) >= bound + slack && all.length < 3);
      assert.ok(all.at(-1) < bound + slack, `${address}: ${all} ms`);
    }
  });
}

storyWith('php', 'P2: a page is whole, with its status, whatever becomes of headcount', async (s) => {
  await s.start({ collector: PORTS });
  const send = await token(s, 'shop', 'send');
  const page = s.file('page.php', `<?php
    error_reporting(E_ALL);
    ini_set('display_errors', '1');
    set_error_handler(function ($code, $text) { throw new ErrorException($text); });
    require '${clients}/php/headcount.php';
    headcount()->connect(getenv('FEED'))->authenticate('shop', getenv('TOKEN'));
    headcount()->event('User alice has entered ' . $_SERVER['REQUEST_URI']);
    $pdo = headcount()->watch(new PDO('sqlite::memory:'));
    $pdo->exec('CREATE TABLE carts (id INTEGER)');
    $insert = $pdo->prepare('INSERT INTO carts VALUES (?)');
    $insert->execute([7]);
    register_shutdown_function(function () { headcount()->event('at the end'); echo '.'; });
    echo headcount()->timed('count', fn () => $pdo->query('SELECT count(*) FROM carts')->fetchColumn());
    try {
        headcount()->timed('fails', function () { throw new LogicException('of the page'); });
    } catch (LogicException $e) {
        echo ' ', $e->getMessage();
    }
  `);
  const feeds = [await feedOf(s), '127.0.0.1:1', await mute(s), 'no address at all'];
  const monitor = await Terminal.watching(s);
  for (const FEED of feeds) {
    const address = await servePhp(s, page, { FEED, TOKEN: send });
    const passed = ownTime();
    const answer = await request(`http://${address}/cart`);
    const ms = passed();
    assert.equal(answer.status, 200);
    assert.equal(answer.body.toString(), '1 of the page.', FEED);
    assert.ok(ms < 1000, `${FEED}: ${ms} ms`);
    await s.php.kill();
  }
  await monitor.has(/message User alice has entered \/cart$/);
  await monitor.has(/query \d+ ms INSERT INTO carts VALUES \(\?\)$/);
  await monitor.has(/query \d+ ms count$/);
  await monitor.has(/query \d+ ms fails$/);
  await monitor.has(/message at the end$/);
  assert.equal(monitor.lines.length, 6, 'nothing came of the others');
});

storyWith('php', 'P3: a page of PHP shows each line as it happens, in one request', async (s) => {
  await s.start({ collector: PORTS });
  const send = await token(s, 'shop', 'send');
  const env = { HEADCOUNT_SITE: 'shop', HEADCOUNT_FEED: await feedOf(s) };
  const sender = await Terminal.open(s);
  for (const [query, message, sql] of [
    ['/', /<p class="message">\d\d:\d\d:\d\d message a &lt;b&gt; &amp; c<\/p>\n/, /<p class="query">\d\d:\d\d:\d\d query 3 ms SELECT 1<\/p>\n/],
    ['/?sse', /^data: \d\d:\d\d:\d\d message a <b> & c\n\n/m, /^data: \d\d:\d\d:\d\d query 3 ms SELECT 1\n\n/m],
  ]) {
    const address = await servePhp(s, `${clients}/php/monitor.php`, env);
    const page = await openPage(s, `http://${address}${query}`);
    await page.has(/ok watching shop/);
    assert.equal(await sender.ask(`send shop ${send} a <b> & c\n`), 'ok');
    await page.has(message);
    assert.equal(await sender.ask(`query shop ${send} 3 SELECT 1\n`), 'ok');
    await page.has(sql);
    assert.match(page.headers['content-type'], query === '/' ? /^text\/html/ : /^text\/event-stream/);
    page.close();
    await s.php.kill();
  }
});

storyWith('nc', 'P4: nc is enough for a monitor and for a sender', async (s) => {
  await s.start({ collector: PORTS });
  const send = await token(s, 'shop', 'send');
  const [host, port] = (await feedOf(s)).split(':');
  const monitor = s.run('nc', 'nc', [host, port], { stdin: true });
  monitor.write('watch shop\n');
  await monitor.says(/^ok watching shop$/m);
  const sender = s.run('nc', 'nc', [host, port], { input: `send shop ${send} by hand\nquery shop ${send} 7 SELECT 1\nquit\n` });
  await within(10_000, 'the sender ends', sender.end);
  assert.equal(sender.out, 'ok\nok\nok\n');
  await monitor.says(/^\d\d:\d\d:\d\d message by hand$/m);
  await monitor.says(/^\d\d:\d\d:\d\d query 7 ms SELECT 1$/m);
  const env = { HEADCOUNT_SITE: 'shop', HEADCOUNT_FEED: `${host}:${port}`, HEADCOUNT_TOKEN: send, PATH: process.env.PATH };
  const watch = s.run('send.sh', `${clients}/shell/send.sh`, ['watch'], { env });
  await watch.says(/^ok watching shop$/m);
  const told = s.run('send.sh', `${clients}/shell/send.sh`, ['event', 'from a script'], { env });
  assert.equal((await within(10_000, 'send.sh ends', told.end)).code, 0, told.log());
  await watch.says(/message from a script$/m);
  assert.equal((await s.collector.stop()).code, 0);
  await within(10_000, 'send.sh watch ends', watch.end);
});

story('P4: telnet is enough for a monitor, with what it negotiates', async (s) => {
  await s.start({ collector: PORTS });
  const monitor = await Terminal.open(s);
  monitor.write(Buffer.from('\xff\xfd\x03\xff\xfb\x18wat\xff\xfa\x18\x00xterm\xff\xf0ch shop\r\n', 'latin1'));
  await monitor.has(/^ok watching shop$/);
  await s.hit({ i: 'shop', p: '/cart', u: 'alice' });
  await monitor.has(/^\d\d:\d\d:\d\d view \/cart$/);
});

story('P3, P5: three monitors and a stream, one of which does not read: the others are told within a second', async (s) => {
  await s.start({ collector: PORTS });
  const send = await token(s, 'shop', 'send');
  const sse = await Sse.open(s, '/sites/shop/stream');
  const [late, machine] = [stopwatch(sse), withheld()];
  await sse.until((x) => assert.ok(x.hello));
  const monitors = [await Terminal.watching(s), await Terminal.watching(s), await Terminal.watching(s, 'shop', ' json')];
  const deaf = monitors[0];
  deaf.socket.pause();
  const sender = await Terminal.open(s);
  const COUNT = 1000; // half a megabyte: more than the deaf one's socket holds
  for (let i = 0; i < COUNT; i += 100) {
    const lines = Array.from({ length: 100 }, (_, k) => `send shop ${send} ${i + k} ${'x'.repeat(480)}\n`);
    sender.write(lines.join(''));
    const last = i + 99;
    await eventually(() => {
      for (const monitor of monitors.slice(1)) assert.match(monitor.text, new RegExp(` ${last} x|"${last} x`));
      assert.ok(sse.events.some((event) => event.text.startsWith(`${last} x`)));
    });
  }
  assert.equal(late.size, COUNT, 'the stream was told everything');
  const slowest = Math.max(...late.values());
  assert.ok(slowest < 1000 + machine(), `the slowest took ${slowest} ms`);
  for (const monitor of monitors.slice(1)) assert.doesNotMatch(monitor.text, /missed/);
  deaf.socket.resume();
  await eventually(() => assert.ok(deaf.closed || / 999 x|missed/.test(deaf.text)));
});

story('P6: a query comes in by line, by HTTP, by batch and by command, and is always one', async (s) => {
  await s.start({ collector: PORTS });
  const send = await token(s, 'shop', 'send');
  const read = await token(s, 'shop', 'read');
  const monitor = await Terminal.watching(s);
  const tail = s.run('tail', path.join(process.env.HEADCOUNT_BIN ?? 'build/bin', 'headcount'), ['tail', 'shop', '--kind', 'query', '--redis', s.redisAddress]);
  await tail.says(/following hc:shop/);
  const sender = await Terminal.open(s);
  for (const [line, answer] of [
    [`query shop ${send} 1.5 by line`, 'ok'], [`query shop ${send} x by line`, 'error bad_ms'],
    [`query shop ${send} 12`, 'error empty'], [`query shop ${send}`, 'error empty'],
    [`query shop ${read} 1 x`, 'error forbidden'], ['query shop wrong 1 x', 'error unauthorized'],
    [`query other ${send} 1 x`, 'error unauthorized'], [`query .. ${send} 1 x`, 'error bad_site'],
  ]) assert.equal(await sender.ask(`${line}\n`), answer, line);
  const post = async (target, body, secret) => {
    const headers = { 'content-type': typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json', ...(secret && { authorization: `Bearer ${secret}` }) };
    const { status, body: text } = await s.request(target, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
    return [status, text.length ? JSON.parse(text) : null];
  };
  const message = (more, secret = send) => post('/sites/shop/messages', { kind: 'query', text: 'by HTTP', name: 'db', ms: 2.5, ...more }, secret);
  assert.deepEqual(await message({}), [202, { site: 'shop', accepted: true }]);
  assert.deepEqual(await message({ ms: -1 }), [400, { error: 'bad_ms' }]);
  assert.deepEqual(await message({ ms: undefined }), [400, { error: 'bad_ms' }]);
  assert.deepEqual(await message({ kind: 'poem' }), [400, { error: 'bad_kind' }]);
  assert.deepEqual(await message({ text: '' }), [400, { error: 'no_text' }]);
  assert.deepEqual(await message({}, read), [403, { error: 'forbidden' }]);

  const query = { site: 'shop', kind: 'query', text: 'by batch', name: 'db', ms: 3 };
  const view = { i: 'shop', p: '/with-a-query', u: 'alice' };
  assert.deepEqual(await post('/e', query), [401, { error: 'unauthorized' }]);
  assert.deepEqual(await post('/e', [view, query], read), [403, { error: 'forbidden' }]);
  assert.deepEqual(await post('/e', [{ ...query, site: 'other' }], send), [401, { error: 'unauthorized' }]);
  assert.deepEqual(await post('/e', { ...query, site: 'no/site' }, send), [400, { error: 'bad_site' }]);
  assert.deepEqual(await post('/e', [view, query, { ...query, site: 'other' }, { ...query, ms: 'x' }, { i: 'shop', k: 'x' }], send), [
    202, { accepted: 2, rejected: [{ index: 2, reason: 'bad_site' }, { index: 3, reason: 'bad_query' }, { index: 4, reason: 'bad_kind' }] }]);
  assert.deepEqual(await post('/e', [{ ...query, text: '' }], send), [400, { error: 'bad_query', accepted: 0, rejected: [{ index: 0, reason: 'bad_query' }] }]);
  assert.deepEqual(await post('/e', 'i=shop&k=query&p=by+form&d=4', send), [204, null]);
  assert.deepEqual(await post('/e', 'i=shop&k=query&p=by+form', send), [400, { error: 'bad_query' }]);
  assert.equal((await s.request('/hc.gif?i=shop&k=query&p=x&d=1', { headers: { authorization: `Bearer ${send}` } })).status, 400);

  const cli = await s.cli(['send', 'shop', '--query', '5', 'by command', '--name', 'db', '--collector', `http://${s.http}`, '--token-file', s.file('token', send)]);
  assert.equal(cli.code, 0, cli.err);
  await eventually(() => assert.deepEqual(monitor.lines.slice(1).map((line) => line.slice(9)), [
    'query 1 ms by line', 'query 2 ms db: by HTTP', 'view /with-a-query', 'query 3 ms db: by batch',
    'query 4 ms by form', 'query 5 ms db: by command',
  ]));
  // one line each, or several in one where they came in one message
  await tail.says(/ "by line" in 1 ms(,|$)/m);
  await tail.says(/ "by HTTP" by db in 2 ms(,|$)/m);
  const { queries, bad_query, hits } = await s.counters(s.collector);
  assert.deepEqual({ queries, bad_query, hits }, { queries: 5, bad_query: 3, hits: 1 });
});

story('P6: posts of queries keep their place among those behind them, and end with who goes away', async (s) => {
  await s.start({ collector: PORTS });
  const send = await token(s, 'shop', 'send');
  const monitor = await Terminal.watching(s);
  const post = (body, secret) => `POST /e HTTP/1.1\r\nHost: x\r\n${secret ? `Authorization: Bearer ${secret}\r\n` : ''}Content-Length: ${body.length}\r\n\r\n${body}`;
  const wire = s.wire();
  wire.send(post('i=shop&p=/one&u=a') + post('i=shop&k=query&p=two&d=2', send) + post('i=shop&p=/three&u=a') + post('i=shop&k=query&p=never&d=2', 'x') + post('i=shop&p=/four&u=a'));
  await eventually(() => assert.deepEqual(wire.text.match(/^HTTP\/1\.1 \d+/gm), [204, 204, 204, 401, 204].map((code) => `HTTP/1.1 ${code}`)));
  await eventually(() => assert.deepEqual(monitor.lines.slice(1).map((line) => line.slice(9)), [
    'view /one', 'query 2 ms two', 'view /three', 'view /four']));
});
