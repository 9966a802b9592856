// The commands that change with the site, and those that change a site: top, watch, tail
// with filters, send, site.
import assert from 'node:assert/strict';
import path from 'node:path';
import { eventually, story } from './harness.mjs';
import { Terminal } from './terminal.mjs';

const headcount = path.resolve(process.env.HEADCOUNT_BIN ?? 'build/bin', 'headcount');

/** A run of the command that must end with this code; its output. */
async function run(s, code, ...args) {
  const ended = await s.cli([...args, '--redis', s.redisAddress]);
  assert.equal(ended.code, code, `${args.join(' ')}: ${ended.err}`);
  return ended;
}

const json = async (s, ...args) => JSON.parse((await run(s, 0, ...args, '--json')).out);

/** A command that goes on; its lines so far. */
function start(s, ...args) {
  const program = s.run('headcount', headcount, [...args, '--redis', s.redisAddress]);
  return Object.assign(program, { lines: () => program.out.split('\n').slice(0, -1) });
}

function onTerminal(s, args, options) {
  const terminal = new Terminal([headcount, ...args, '--redis', s.redisAddress], options);
  s.closing.push(() => terminal.close());
  return terminal;
}

story('site: what an operator sets is in Redis, listed, and gone again', async (s) => {
  await s.startRedis();
  const settings = async () => (await s.redisCli('hgetall', 'hc:{shop}:c')).split('\n');

  assert.deepEqual(await json(s, 'site', 'list'), []);
  assert.deepEqual(await json(s, 'site', 'add', 'shop'), { site: 'shop', changed: true });
  assert.deepEqual(await json(s, 'site', 'add', 'shop'), { site: 'shop', changed: false });
  assert.equal(await s.redisCli('smembers', 'hc:sites'), 'shop');

  const { out: token } = await run(s, 0, 'site', 'token', 'shop', 'add', 'bot', '--scope', 'send');
  assert.match(token, /^hc_[A-Za-z0-9_-]{43}\n$/);
  const [field, value] = await settings();
  assert.equal(field, 't:bot');
  assert.match(value, /^send [0-9a-f]{64}$/);
  await run(s, 1, 'site', 'token', 'shop', 'add', 'bot');
  assert.deepEqual(await settings(), [field, value]); // the first one still works
  assert.deepEqual(await json(s, 'site', 'token', 'shop'), [{ name: 'bot', scope: 'send' }]);

  await run(s, 0, 'site', 'badge', 'shop', 'on');
  assert.equal(await s.redisCli('hget', 'hc:{shop}:c', 'badge'), '1');
  await run(s, 0, 'site', 'goal', 'shop', 'add', 'order', '--path', '/thanks/*');
  await run(s, 0, 'site', 'goal', 'shop', 'add', 'bought', '--event', 'buy it');
  assert.equal(await s.redisCli('hget', 'hc:{shop}:c', 'g:order'), 'path /thanks/*');
  assert.deepEqual(await json(s, 'site', 'goal', 'shop', 'list'), [
    { name: 'bought', event: 'buy it' },
    { name: 'order', path: '/thanks/*' },
  ]);
  const [row] = await json(s, 'site', 'list');
  assert.deepEqual(row, { site: 'shop', named: true, lastCommit: null, badge: true, visibility: 'public', origins: 0, privacy: 'off', tokens: 1, goals: 2 });

  await run(s, 0, 'site', 'token', 'shop', 'rm', 'bot');
  await run(s, 1, 'site', 'token', 'shop', 'rm', 'bot');
  await run(s, 0, 'site', 'badge', 'shop', 'off');
  assert.deepEqual(await json(s, 'site', 'badge', 'shop'), { badge: false });
  await s.redisCli('hset', 'hc:{shop}:t', 'pv', 7);
  await run(s, 0, 'site', 'rm', 'shop');
  assert.deepEqual(await s.keys('hc:*'), ['hc:{shop}:t']);
  await run(s, 0, 'site', 'rm', 'shop', '--data');
  assert.deepEqual(await s.keys('hc:*'), []);
  await run(s, 1, 'site', 'rm', 'shop');
});

story('site: a token that could not be printed is taken back', async (s) => {
  await s.startRedis();
  const add = ['site', 'token', 'shop', 'add', 'bot', '--redis', s.redisAddress];
  const shell = s.run('sh', 'sh', ['-c', '"$0" "$@" >/dev/full', headcount, ...add]);
  const { code } = await shell.end;
  assert.equal(code, 1, shell.err);
  assert.match(shell.err, /token bot was taken back/);
  assert.deepEqual(await json(s, 'site', 'token', 'shop'), []);
});

story('site: twenty operators at once make sixteen tokens and no more', async (s) => {
  await s.startRedis();
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, i) => s.cli(['site', 'token', 'shop', 'add', `t${i}`, '--redis', s.redisAddress])),
  );
  assert.deepEqual(all.map(({ code }) => code).sort(), [...Array(16).fill(0), ...Array(4).fill(1)]);
  assert.equal(await s.redisCli('hlen', 'hc:{shop}:c'), '16');
});

story('watch prints what is there, and each change once', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'tab-a' });
  await s.sees('shop', { currentVisitors: 1 });
  const text = start(s, 'watch', 'shop');
  const states = start(s, 'watch', 'shop', '--json', '--events');
  const parsed = () => states.lines().map((line) => JSON.parse(line));
  await eventually(() => assert.equal(text.lines().length, 2));
  await eventually(() => assert.equal(parsed().length, 1));
  assert.match(text.lines()[1], /^\d\d:\d\d:\d\d +1 .* 1 +1  \/ 1 \(1\)$/);
  await s.hit({ i: 'shop', p: '/cart', u: 'b', v: 'tab-b' });
  await eventually(() => assert.match(text.lines().at(-1), /^\d\d:\d\d:\d\d +2 .* 2 +2 .*\/cart 1 \(1\)/));
  await eventually(() => assert.equal(parsed().at(-1).online?.total, 2));
  const views = parsed().filter((line) => line.type === 'pageview');
  assert.deepEqual(views.map((view) => view.path), ['/cart']);
  const numbers = text.lines().slice(1).map((line) => line.slice(8));
  assert.ok(numbers.every((line, i) => i === 0 || line !== numbers[i - 1]), 'no line twice');
  for (const program of [text, states]) assert.equal((await program.stop()).code, 0);
  const once = await run(s, 0, 'watch', 'shop', '--count', '1', '--json');
  assert.equal(JSON.parse(once.out).online.total, 2);
  await run(s, 1, 'watch', 'nobody', '--count', '2', '--timeout', '1');
});

story('watch and top go on when Redis comes back, with what it holds then', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'tab-a' });
  await s.sees('shop', { currentVisitors: 1 });
  const watch = start(s, 'watch', 'shop', '--json');
  const top = onTerminal(s, ['top']);
  const last = () => JSON.parse(watch.lines().at(-1));
  await eventually(() => assert.equal(last().online.total, 1));
  await top.shows(/\nshop +1 /);
  await s.redis.kill();
  await watch.says(/lost .*dialling again/);
  await top.shows(/^Redis is away since \d\d:\d\d:\d\d, numbers are of then/);
  await s.hit({ i: 'shop', p: '/', u: 'b', v: 'tab-b' });
  await s.startRedis();
  await watch.says(/following hc:shop again/);
  await eventually(() => assert.equal(last().online.total, 2));
  await top.shows(/^1 site, .*\n.*\nshop +2 /);
  top.type('q');
  assert.equal(await top.ended(), 0);
});

story('tail shows the events that pass its filter, of one site, several or all', async (s) => {
  await s.start();
  const args = ['--json', '--timeout', '30'];
  const tails = {
    buys: start(s, 'tail', 'shop', ...args, '--kind', 'event', '--count', '1'),
    orders: start(s, 'tail', 'shop', 'blog', ...args, '--path', '/order/*', '--count', '2'),
    grep: start(s, 'tail', '--all', ...args, '--grep', 'post', '--count', '1'),
    named: start(s, 'tail', '--all', '--name', 'buy', '--count', '1'),
  };
  await eventually(async () => {
    assert.match(await s.redisCli('pubsub', 'numsub', 'hc:shop'), /\n2$/);
    assert.equal(await s.redisCli('pubsub', 'numpat'), '1'); // patterns, not clients
  });
  for (const tail of [tails.grep, tails.named]) await tail.says(/following all channels/);
  await s.hit({ i: 'shop', p: '/', u: 'a' });
  await s.hit({ i: 'shop', p: '/order/7', u: 'a' });
  await s.hit({ i: 'shop', p: '/order/7', u: 'a', e: 'buy' });
  await s.hit({ i: 'blog', p: '/post', u: 'b' });
  await s.hit({ i: 'blog', p: '/order/8', u: 'b' });
  for (const tail of Object.values(tails)) assert.equal((await tail.end).code, 0, tail.log());
  const events = (tail) => tail.lines().flatMap((line) => JSON.parse(line).events);
  assert.deepEqual(events(tails.buys).map((e) => e.name), ['buy']);
  assert.ok(events(tails.orders).every((e) => e.path.startsWith('/order/')));
  assert.deepEqual(events(tails.grep).map((e) => e.path), ['/post']);
  assert.match(tails.named.lines()[1], /^shop +\d\d:\d\d:\d\d .* buy on \/order\/7/);
  await run(s, 2, 'tail', 'shop', '--kind', 'pageview');
  await run(s, 2, 'tail', 'shop', '--all');
});

story('send puts lines into the feed, with a token that may', async (s) => {
  await s.start();
  const token = async (name, scope) =>
    s.file(name, (await run(s, 0, 'site', 'token', 'shop', 'add', name, '--scope', scope)).out);
  const [sender, reader] = [await token('sender', 'send'), await token('reader', 'read')];
  const send = (file, text, ...more) => [
    'send', 'shop', text, '--collector', `http://${s.http}`, '--token-file', file, ...more,
  ];
  const tail = start(s, 'tail', 'shop', '--kind', 'message', '--count', '3');
  await tail.says(/following hc:shop/);
  const first = await s.cli(send(sender, 'version 2 is out', '--name', 'deploy'));
  assert.equal(first.code, 0, first.err);
  const lines = await s.cli(send(sender, '-', '--json'), { input: 'one\n\n  two \n' });
  assert.equal(lines.code, 0, lines.err);
  assert.deepEqual(JSON.parse(lines.out), { site: 'shop', sent: 2 });
  // Messages may share one line of tail.
  await eventually(async () => {
    const { recentEvents } = await s.api('shop');
    assert.deepEqual(recentEvents.map((e) => [e.text, e.name]).reverse(), [['version 2 is out', 'deploy'], ['one', ''], ['two', '']]);
  });
  await eventually(() => assert.match(tail.out, /"version 2 is out" by deploy[^]*"two"/));
  assert.doesNotMatch(first.err + lines.err, /hc_/);

  const refused = await s.cli(send(reader, 'no'));
  assert.equal(refused.code, 1);
  assert.match(refused.err, /may not send \(403\)/);
  const unknown = await s.cli(send(s.file('other', 'hc_unknown\n'), 'no'));
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /\(401\)/);
  assert.equal((await s.cli(['send', 'shop', 'x', '--collector', `http://${s.http}`])).code, 2);
  assert.equal((await s.cli(send(path.join(s.dir, 'missing'), 'x'))).code, 2);
  await s.collector.stop();
  assert.equal((await s.cli(send(sender, 'x'))).code, 3);
});

story('top on a terminal: a site appears, is opened, and the terminal comes back', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/evil\u001b[2J\u202e', u: 'a', v: 'tab-a' });
  await s.sees('shop', { currentVisitors: 1 });
  const top = onTerminal(s, ['top']);
  await top.shows(/^1 site, 1 online, by online .*\nsite +online.*\nshop +1 +1 +1 +1 +1 /);
  assert.equal(top.screen.length, 24);
  await s.hit({ i: 'shop', p: '/cart', u: 'b', v: 'tab-b' });
  await s.hit({ i: 'blog', p: '/', u: 'c', v: 'tab-c' });
  await top.shows(/^2 sites, 3 online.*\n.*\nshop +2 .*\nblog +1 /);
  top.type('s').type('s').type('s');
  await top.shows(/by name.*\n.*\nblog .*\nshop /);
  top.type('/sh\r');
  await top.shows(/names with "sh"/);
  top.type('\r');
  await top.shows(/^shop .*\nonline 2  writing 0  reading 2/);
  await top.shows(/1 +1  \/cart +\d\d:\d\d:\d\d \/cart/);
  await s.hit({ i: 'shop', p: '/cart', u: 'b', v: 'tab-b', e: 'buy' });
  await top.shows(/buy on \/cart/);
  top.type('\x1b'); // back
  await top.shows(/^1 site/);
  top.type('\x1b'); // the filter goes
  await top.shows(/^2 sites/);
  assert.doesNotMatch(top.out, /\x1b\[2J\u202e|\u202e/);
  top.type('q');
  assert.equal(await top.ended(), 0);
});

for (const [signal, code] of [['SIGTERM', 0], ['SIGINT', 0], ['SIGABRT', 134]])
  story(`top gives the terminal back on ${signal}, in a corner of 40 columns, too`, async (s) => {
    await s.startRedis();
    await s.redisCli('sadd', 'hc:sites', 'shop');
    const top = onTerminal(s, ['top'], { columns: 40, lines: 10, env: { NO_COLOR: '1' } });
    await top.shows(/shop +0 /);
    assert.equal(top.screen.length, 10);
    assert.ok(top.screen.every((line) => [...line].length <= 40));
    process.kill(await top.pid(), signal);
    assert.equal(await top.ended(), code);
    assert.doesNotMatch(top.out, /\x1b\[[12]m/);
  });

story('top elsewhere is a table, or JSON, again and again if it is asked for', async (s) => {
  await s.start();
  await s.redisCli('sadd', 'hc:sites', 'idle', 'no site');
  await s.hit({ i: 'shop', p: '/', u: 'a', v: 'tab-a' });
  await s.sees('shop', { currentVisitors: 1 });
  const { out } = await run(s, 0, 'top');
  assert.doesNotMatch(out, /\x1b/);
  assert.match(out, /^site +online.*\nshop +1 +1 +1 +1 +1\nidle +0 +0 +0 +0 +0\n$/);
  const { sites } = await json(s, 'top', '--sort', 'name');
  assert.deepEqual(sites.map(({ site }) => site), ['idle', 'shop']);
  assert.equal(sites[1].online.total, 1);
  assert.equal(sites[1].minutes.views.length, 30);
  const again = start(s, 'top', '--json', '--interval', '1');
  await eventually(() => assert.ok(again.lines().length >= 2));
  again.signal('SIGINT');
  assert.equal((await again.end).code, 0);
  await run(s, 2, 'top', '--sort', 'size');
  await run(s, 2, 'top', 'shop');
});

story('without Redis each says so in one sentence, with code 3', async (s) => {
  const nobody = `unix:${path.join(s.dir, 'nobody.sock')}`;
  for (const args of [['top'], ['top', '--json'], ['watch', 'shop'], ['tail', '--all'], ['site', 'list']]) {
    const { code, out, err } = await s.cli([...args, '--redis', nobody]);
    assert.equal(code, 3, args.join(' '));
    assert.equal(out, '');
    assert.match(err, /^headcount: [^\n]+\n$/);
  }
  const top = new Terminal([headcount, 'top', '--redis', nobody]);
  s.closing.push(() => top.close());
  await eventually(() => assert.match(top.out, /cannot reach Redis[^]*ended=3/));
  assert.ok(!top.out.includes('\x1b'), 'the terminal was not touched');
});
