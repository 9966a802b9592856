// Alerts: set by an operator, told once each time they go on or off, whoever dies meanwhile;
// in the answer, messages and streams while they are on; programs and URLs that hear of them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { eventually, story } from './harness.mjs';
import { Sse } from './sse.mjs';

const headcount = path.resolve(process.env.HEADCOUNT_BIN ?? 'build/bin', 'headcount');
const GONE_MS = 30_000; // a goodbye is waited for, and a site that was read back is warming before
const KEPT = ['--appendonly', 'yes', '--appendfsync', 'always'];

/** One command about alerts of the shop; its output as JSON. */
async function alert(s, ...words) {
  return s.cliJson('site', 'alert', 'shop', ...words);
}

const comes = (s, u) => s.hit({ i: 'shop', p: '/', u, v: `tab-of-${u}` });
const leaves = (s, u) => s.hit({ i: 'shop', p: '/', u, v: `tab-of-${u}`, k: 'l' });

/** A run of `headcount alerts` that goes on; what it printed so far. */
const follow = (s, ...args) => followWith(s, {}, ...args);

async function followWith(s, options, ...args) {
  const program = s.run('alerts', headcount, ['alerts', '--json', ...args, '--redis', s.redisAddress], options);
  await program.says(/following hc:!alerts/);
  return Object.assign(program, {
    told: () => program.out.split('\n').slice(0, -1).map((line) => JSON.parse(line)),
  });
}

const turns = (list) => list.map(({ name, on }) => `${name} ${on ? 'on' : 'off'}`);

/** The aggregator has heard of what an operator changed: a commit that began after now is over. */
async function hears(s) {
  const { pageViews } = await s.api('shop');
  await s.hit({ i: 'shop', p: '/nothing', u: 'nobody' });
  await s.sees('shop', { pageViews: pageViews + 1 });
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).dirty, 0));
}

story('an alert goes on and off once each, and is told wherever numbers are', async (s) => {
  await s.start();
  assert.deepEqual(await alert(s, 'add', 'busy', '--above', '2'), { site: 'shop', changed: true });
  await alert(s, 'add', 'views', '--above', '3', '--of', 'views', '--back', '1');
  assert.deepEqual(await alert(s), [
    { name: 'busy', above: 2, of: 'online', back: 1, for: 0 },
    { name: 'views', above: 3, of: 'views', back: 1, for: 0 },
  ]);
  assert.equal(await s.redisCli('hget', 'hc:{shop}:c', 'al:busy'), 'above online 2 1 0');
  const follower = await follow(s), messages = await s.subscribe('shop');
  const stream = await Sse.open(s, '/sites/shop/stream');
  const before = Date.now();
  await comes(s, 'alice');
  await s.sees('shop', { alerts: [] });
  await comes(s, 'bob');
  const { alerts } = await eventually(async () => {
    const answer = await s.api('shop');
    assert.equal(answer.alerts.length, 1);
    return answer;
  });
  assert.deepEqual(alerts, [{ name: 'busy', of: 'online', kind: 'above', value: 2, limit: 2, since: alerts[0].since }]);
  assert.ok(alerts[0].since >= before && alerts[0].since <= Date.now());
  await eventually(() => assert.deepEqual(messages.last.alerts, alerts));
  await stream.until(() => assert.deepEqual(stream.of('state').at(-1)?.data.alerts, alerts));
  await comes(s, 'carol');
  await eventually(async () => {
    const { alerts: now } = await s.api('shop');
    assert.deepEqual(now, [{ ...alerts[0], value: 3 }, { ...alerts[0], name: 'views', of: 'views', value: 3, limit: 3, since: now[1]?.since }]);
  });
  assert.equal((await s.counters(s.aggregator)).alerts, 2);
  await leaves(s, 'bob');
  await s.sees('shop', { currentVisitors: 3 });
  await leaves(s, 'carol');
  await eventually(() => assert.deepEqual(turns(follower.told()), ['busy on', 'views on', 'busy off']), GONE_MS);
  const [on, , off] = follower.told();
  assert.deepEqual(on, { site: 'shop', name: 'busy', kind: 'above', of: 'online', on: true, value: 2, limit: 2, since: alerts[0].since, at: on.at });
  assert.deepEqual(off, { ...on, on: false, value: 1, at: off.at });
  assert.ok(off.at > on.at);
  assert.equal((await s.api('shop')).alerts.length, 1);

  await alert(s, 'rm', 'views');
  await s.sees('shop', { alerts: [] }); // and the aggregator tells when it hears of it
  await hears(s);
  await eventually(() => assert.deepEqual(turns(follower.told()), ['busy on', 'views on', 'busy off', 'views off']));
  await eventually(async () => assert.match(await s.redisCli('hgetall', 'hc:{shop}:al'), /^busy\noff above online 2 \d+ \d+ 1$/));
});

story('an aggregator that is killed and comes back tells nothing twice', async (s) => {
  await s.start();
  await alert(s, 'add', 'busy', '--above', '2');
  const follower = await follow(s);
  await comes(s, 'alice');
  await comes(s, 'bob');
  await eventually(() => assert.deepEqual(turns(follower.told()), ['busy on']));
  const state = await s.redisCli('hget', 'hc:{shop}:al', 'busy');
  await s.aggregator.kill();
  await s.startAggregator();
  await comes(s, 'carol');
  await s.sees('shop', { currentVisitors: 3, flags: [] }, GONE_MS); // it has settled
  await comes(s, 'dave');
  await s.sees('shop', { currentVisitors: 4 });
  assert.deepEqual(turns(follower.told()), ['busy on']);
  assert.equal(await s.redisCli('hget', 'hc:{shop}:al', 'busy'), state);
  assert.equal((await s.api('shop')).alerts.length, 1);
  for (const u of ['alice', 'bob', 'carol', 'dave']) await leaves(s, u);
  await eventually(() => assert.deepEqual(turns(follower.told()), ['busy on', 'busy off']), GONE_MS);
}, { ms: 90_000 });

story('an alert may have to last; one of few goes on when nobody is there', async (s) => {
  await s.start();
  await alert(s, 'add', 'lasting', '--above', '1', '--for', '3');
  await alert(s, 'add', 'quiet', '--below', '0');
  const follower = await follow(s);
  await comes(s, 'alice');
  await s.sees('shop', { currentVisitors: 1 });
  await eventually(() => assert.deepEqual(turns(follower.told()), ['lasting on']));
  const [{ since, at }] = follower.told();
  assert.ok(at - since >= 3000 && at - since < 9000, `${at - since}`);
  await leaves(s, 'alice');
  await eventually(() => assert.deepEqual(turns(follower.told()).sort(), ['lasting off', 'lasting on', 'quiet on']), GONE_MS);
});

story('Redis goes away and comes back: what changed meanwhile is told once', async (s) => {
  await s.start({ redis: KEPT });
  await alert(s, 'add', 'busy', '--above', '2');
  await alert(s, 'add', 'gone', '--above', '1');
  const follower = await follow(s);
  await comes(s, 'alice');
  await comes(s, 'bob');
  await eventually(() => assert.deepEqual(turns(follower.told()).sort(), ['busy on', 'gone on']));
  await s.redis.kill();
  await follower.says(/lost/);
  await leaves(s, 'bob');
  await s.startRedis(KEPT);
  await eventually(() => assert.deepEqual(turns(follower.told()).slice(2), ['busy off']), GONE_MS);

  // A change while nobody follows, and a state that is gone: from what stands when it is back.
  await s.redis.kill();
  await s.startRedis([...KEPT, '--rename-command', 'subscribe', 'nobody']);
  await s.redisCli('hset', 'hc:{shop}:al', 'busy', `on above online 2 ${Date.now()} ${Date.now() + 5} 9`);
  await s.redisCli('hdel', 'hc:{shop}:al', 'gone');
  await s.redis.kill();
  await s.startRedis(KEPT);
  await eventually(() => assert.deepEqual(turns(follower.told()).slice(3, 5), ['busy on', 'gone off']), GONE_MS);
  assert.equal(follower.told()[3].value, 9);
  const first = await s.cli(['alerts', 'other', 'shop', '--count', '1', '--redis', s.redisAddress]);
  assert.match(first.out, /^\d\d:\d\d:\d\d  shop  \w+  on   \d+ online, above \d\n$/);
}, { ms: 90_000 });

story('a Redis that went back in time is told again, and nobody hears of an end that was none', async (s) => {
  const kept = ['--save', '3600 1000000'];
  await s.start({ redis: kept });
  await alert(s, 'add', 'busy', '--above', '2');
  await comes(s, 'alice');
  await s.sees('shop', { currentVisitors: 1 });
  await s.redisCli('save');
  const follower = await follow(s);
  await comes(s, 'bob');
  await eventually(() => assert.deepEqual(turns(follower.told()), ['busy on']));
  const state = await s.redisCli('hget', 'hc:{shop}:al', 'busy');
  assert.match(state, /^on above online 2 /);
  s.aggregator.signal('SIGSTOP');
  await s.redis.kill(); // as it was before bob
  await s.startRedis(kept);
  await eventually(async () => assert.match(await s.redisCli('info', 'commandstats'), /cmdstat_hgetall:/)); // the follower looks
  s.aggregator.signal('SIGCONT');
  await eventually(async () => assert.equal(await s.redisCli('hget', 'hc:{shop}:al', 'busy'), state), GONE_MS);
  await leaves(s, 'bob');
  await eventually(() => assert.ok(follower.told().length > 1), GONE_MS);
  assert.deepEqual(follower.told().map(({ on, value }) => [on, value]), [[true, 2], [false, 1]]);
}, { ms: 90_000 });

story('while Redis is loading how alerts stand is asked again until it answers', async (s) => {
  await s.startRedis(KEPT);
  await s.redisCli('sadd', 'hc:sites', 'shop');
  const follower = await follow(s);
  await s.redisCli('hset', 'hc:{shop}:al', 'busy', `on above online 2 ${Date.now()} ${Date.now()} 9`);
  await s.redisCli('eval', "for k = 1, 20000 do redis.call('set', 'filler' .. k, k) end", '0');
  await s.redis.kill();
  await follower.says(/lost/);
  const started = s.startRedis([...KEPT, '--key-load-delay', '500', '--loading-process-events-interval-bytes', '1024']);
  await follower.says(/how alerts stand cannot be read yet: LOADING/);
  await s.redisCli('config', 'set', 'key-load-delay', '0');
  await started;
  await eventually(() => assert.deepEqual(turns(follower.told()), ['busy on']), GONE_MS);
});

/** A program that notes its input and environment; those that it noted so far. */
function noter(s, more = '') {
  const notes = path.join(s.dir, 'notes');
  const program = s.file('note', `#!/bin/sh
line="$HEADCOUNT_SITE $HEADCOUNT_ALERT $HEADCOUNT_ON $HEADCOUNT_KIND $HEADCOUNT_OF $HEADCOUNT_VALUE $HEADCOUNT_LIMIT $HEADCOUNT_SINCE $HEADCOUNT_AT $(cat)"
printf '%s\\n' "$line" >>'${notes}'
echo noise
${more}
`, 0o700);
  return { program, notes: () => (fs.existsSync(notes) ? fs.readFileSync(notes, 'utf8').split('\n').slice(0, -1) : []) };
}

const message = (name, on, at) =>
  JSON.stringify({ site: 'shop', name, kind: 'above', of: 'online', on, value: 5, limit: 3, since: 1, at });
const publish = (s, ...change) => s.redisCli('publish', 'hc:!alerts', message(...change));

story('a program hears of each change, on its input and in its environment', async (s) => {
  await s.startRedis();
  const { program, notes } = noter(s);
  const follower = await follow(s, 'shop', '--exec', program);
  await publish(s, 'a', true, 10);
  await publish(s, 'a', false, 20);
  await publish(s, 'a', false, 20); // known
  await publish(s, 'a', true, 15); // late
  await publish(s, 'b', true, 30);
  await s.redisCli('publish', 'hc:!alerts', message('c', true, 40).replace('shop', 'other'));
  await s.redisCli('publish', 'hc:!alerts', '{"site":"shop"}');
  await follower.says(/a message of 15 bytes was not headcount's/);
  await eventually(() => assert.equal(notes().length, 3));
  assert.deepEqual(notes().filter((note) => note.includes(' a ')), [
    `shop a 1 above online 5 3 1 10 ${message('a', true, 10)}`,
    `shop a 0 above online 5 3 1 20 ${message('a', false, 20)}`,
  ]);
  assert.deepEqual(turns(follower.told()), ['a on', 'a off', 'b on']);
  assert.ok(!follower.out.includes('noise'));
});

story('a program gets its variables and input, and nothing else of ours', async (s) => {
  await s.startRedis();
  const { program, notes } = noter(s, 'printf \'%s\\n\' "$(env | grep -c ^HEADCOUNT_)" "$(for fd in /proc/self/fd/*; do test "${fd##*/}" -lt 3 || readlink "$fd"; done | grep -c socket:)" >>"${0%/*}/notes"');
  const env = { HEADCOUNT_SITE: 'another', HEADCOUNT_ON: '7', HEADCOUNT_REDIS_AUTH: 'kept' };
  await followWith(s, { env }, '--exec', program);
  await publish(s, 'a', true, 10);
  await eventually(() => assert.equal(notes().length, 3));
  assert.ok(notes()[0].startsWith('shop a 1 above online 5 3 1 10 {'), notes()[0]);
  assert.equal(notes()[1], '10'); // the nine, and that of its parent
  assert.equal(notes()[2], '0'); // neither of the connections to Redis
});

story('a channel full of what is no change is heard of once, and changes among it are told', async (s) => {
  await s.startRedis();
  const follower = await follow(s);
  const evil = JSON.stringify({ ...JSON.parse(message('a', true, 10)), name: '\u001b[2J' });
  await s.redisCli('eval', `for k = 1, 3000 do redis.call('publish', 'hc:!alerts', ({'', '[', ARGV[1], string.rep('[', 5000), '\\255\\0'})[k % 5 + 1]) end
    redis.call('publish', 'hc:!alerts', ARGV[2])`, '0', evil, message('a', true, 10));
  await eventually(() => assert.deepEqual(turns(follower.told()), ['a on']));
  assert.equal(follower.err.match(/was not headcount's/g).length, 1);
  assert.ok(!/[\x00-\x09\x0b-\x1f\x7f]/.test(follower.err + follower.out));
});

story('a program that takes too long is killed with what it started, and the next one runs', async (s) => {
  await s.startRedis();
  const { program, notes } = noter(s, 'test "$HEADCOUNT_ON" = 0 || { echo $$ >"${0%/*}/pid"; sleep 600; }');
  const follower = await follow(s, '--exec', program, '--timeout', '1');
  await publish(s, 'a', true, 10);
  await publish(s, 'a', false, 20);
  await publish(s, 'b', false, 30); // of another alert: it need not wait
  await eventually(() => assert.deepEqual(notes().map((note) => note.slice(0, 8)).sort(), ['shop a 1', 'shop b 0']));
  await follower.says(/--exec of shop a \(on\): killed, for it took longer than seconds 1/);
  await eventually(() => assert.equal(notes().length, 3));
  assert.ok(notes()[2].startsWith('shop a 0'));
  const group = Number(fs.readFileSync(path.join(s.dir, 'pid'), 'utf8'));
  await eventually(() => assert.throws(() => process.kill(-group, 0), { code: 'ESRCH' }));
});

story('a program that cannot be run, or fails, is told of; more than may wait give way', async (s) => {
  await s.startRedis();
  const missing = await follow(s, '--exec', '/nowhere/at/all');
  await publish(s, 'a', true, 10);
  await missing.says(/--exec of shop a \(on\): No such file or directory 2/);
  await missing.kill();

  const failing = await follow(s, '--exec', s.file('fail', '#!/bin/sh\nexit 7\n', 0o700));
  await publish(s, 'a', true, 20);
  await failing.says(/--exec of shop a \(on\): ended with 7/);
  failing.signal('SIGINT');
  assert.equal((await failing.end).code, 0);
  assert.match(failing.err, /1 hooks failed, 0 were not run/);

  const waiting = await follow(s, '--exec', s.file('wait', '#!/bin/sh\nexec sleep 600\n', 0o700), '--timeout', '3600');
  const lines = Array.from({ length: 300 }, (_, k) => `redis.call('publish', 'hc:!alerts', '${message('a', k % 2 === 0, 100 + k)}')`);
  await s.redisCli('eval', lines.join('\n'), '0');
  await waiting.says(/too many hooks wait: that of shop a \(off\) is not run/);
  await eventually(() => assert.equal(waiting.told().length, 300));
  waiting.signal('SIGINT'); // it waits for them
  waiting.signal('SIGTERM');
  await eventually(() => { waiting.signal('SIGINT'); assert.ok(waiting.ended); });
  assert.match(waiting.err, /0 hooks failed, 44 were not run/);
});

story('a URL is posted each change', async (s) => {
  await s.startRedis();
  const posts = [];
  const server = http.createServer((req, res) => {
    let body = '';
    req.on('data', (part) => (body += part)).on('end', () => {
      posts.push({ method: req.method, url: req.url, type: req.headers['content-type'], body });
      res.writeHead(posts.length === 2 ? 500 : 200).end('thanks');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => new Promise((resolve) => server.close(resolve)));
  const follower = await follow(s, '--webhook', `http://127.0.0.1:${server.address().port}/hook?a=b&c={1,2}[3-4]`);
  await publish(s, 'a', true, 10);
  await publish(s, 'a', false, 20);
  await eventually(() => assert.equal(posts.length, 2));
  assert.deepEqual(posts[0], { method: 'POST', url: '/hook?a=b&c={1,2}[3-4]', type: 'application/json', body: `${message('a', true, 10)}\n` });
  assert.equal(posts[1].body, `${message('a', false, 20)}\n`);
  await follower.says(/--webhook of shop a \(off\): ended with 22/);
  assert.ok(!follower.out.includes('thanks'));
});

story('a URL that never answers, and a program that leaves others behind, hold up nothing', async (s) => {
  await s.startRedis();
  const silent = net.createServer(() => {}), open = new Set();
  silent.on('connection', (socket) => open.add(socket.on('error', () => {})));
  await new Promise((resolve) => silent.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => { for (const socket of open) socket.destroy(); silent.close(); });
  const { program, notes } = noter(s, 'setsid sleep 5 </dev/null >/dev/null 2>&1 &');
  const follower = await follow(s, '--webhook', `http://127.0.0.1:${silent.address().port}/`, '--exec', program, '--timeout', '1');
  const files = () => fs.readdirSync(`/proc/${follower.pid}/fd`);
  await eventually(async () => assert.match(await s.redisCli('info', 'commandstats'), /cmdstat_zrange:/)); // it has caught up
  const before = files();
  await publish(s, 'a', true, 10);
  await publish(s, 'a', false, 20);
  await eventually(() => assert.equal(notes().length, 2));
  await eventually(() => assert.equal(open.size, 2));
  await follower.says(/--webhook of shop a \(off\): (ended with 28|killed)/);
  assert.doesNotMatch(follower.err, /--exec/);
  const children = () => fs.readFileSync(`/proc/${follower.pid}/task/${follower.pid}/children`, 'utf8');
  await eventually(() => assert.equal(children(), '')); // no zombie either
  await eventually(() => assert.equal(files().length, before.length));
});

story('what makes no sense is refused before anything is set', async (s) => {
  await s.startRedis();
  const rows = [
    [['site', 'alert', 'shop', 'add', 'x'], /needs either --above or --below/],
    [['site', 'alert', 'shop', 'add', 'x', '--above', '1', '--below', '2'], /needs either/],
    [['site', 'alert', 'shop', 'add', 'x', '--above', '0'], /--above needs at least 1/],
    [['site', 'alert', 'shop', 'add', 'x', '--above', 'many'], /--above "many" is no whole number/],
    [['site', 'alert', 'shop', 'add', 'x', '--above', '5', '--back', '5'], /--back has to be below --above 5/],
    [['site', 'alert', 'shop', 'add', 'x', '--below', '5', '--back', '5'], /--back has to be above --below 5/],
    [['site', 'alert', 'shop', 'add', 'x', '--below', '5', '--of', 'tabs'], /none of online, current and views/],
    [['site', 'alert', 'shop', 'add', 'x', '--below', '5', '--for', '86401'], /--for "86401"/],
    [['site', 'goal', 'shop', 'add', 'x', '--path', '/', '--for', '1'], /--for belongs to/],
    [['site', 'alert', 'shop', 'on'], /takes list, add, rm, not "on"/],
    [['alerts', 'a b'], /is no site id/],
    [['alerts', '--webhook', 'file:///etc/passwd'], /begins with neither http/],
    [['alerts', '--timeout', '0'], /--timeout/],
  ];
  for (const [words, expected] of rows) {
    const { code, err } = await s.cli([...words, '--redis', s.redisAddress]);
    assert.equal(code, 2, words.join(' '));
    assert.match(err, expected);
  }
  assert.deepEqual(await s.keys('*'), []);
  for (let k = 0; k < 16; k++) await alert(s, 'add', `a${k}`, '--below', String(k));
  const add = (name) => s.cli(['site', 'alert', 'shop', 'add', name, '--below', '1', '--redis', s.redisAddress]);
  assert.match((await add('a16')).err, /alert a16 would be one too many/);
  assert.match((await add('a15')).err, /alert a15 is there already/);
  await alert(s, 'rm', 'a3');
  assert.equal((await add('a16')).code, 0);
  assert.equal((await alert(s)).length, 16);
});
