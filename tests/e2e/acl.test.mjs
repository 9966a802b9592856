// The Redis users that the man pages advise: their programs need nothing more, whatever
// befalls them, and make use of all that they are granted.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { eventually, story, Story, within } from './harness.mjs';
import { Held } from './held.mjs';
import { Sse } from './sse.mjs';

const PAGES = ['headcount-aggregator.8', 'headcount-collector.8', 'headcount.1'];
const CROWD = 3_000; // visitors; their log does not fit into the first reply of a reading

/** The arguments of each `ACL SETUSER` in the source of a man page, the user's name first. */
function rulesOf(page) {
  const text = fs.readFileSync(new URL(`../../deploy/man/${page}.scd`, import.meta.url), 'utf8');
  const found = [...text.matchAll(/^redis-cli ACL SETUSER ((?:.*\\\\\n)*.*)$/gm)];
  assert.ok(found.length > 0, `${page} names the rules of a user`);
  const words = (rules) => rules.replaceAll('\\\\\n', ' ').trim().split(/\s+/);
  return found.map(([, rules]) => words(rules).map((word) => word.replace(/^'(.*)'$/, '$1')));
}

/** Makes the users, and returns their commands and the options that log each one in. */
async function makeUsers(s) {
  const commands = new Set();
  const login = [];
  for (const [name, ...rules] of PAGES.flatMap(rulesOf)) {
    assert.equal(await s.redisCli('acl', 'setuser', name, ...rules), 'OK');
    for (const rule of rules) if (rule.startsWith('+')) commands.add(rule.slice(1));
    login.push(['--redis-auth-file', s.file(`auth-${name}`, `${name}:PASSWORD\n`)]);
  }
  return { commands, login };
}

/** What Redis has refused to whom, as redis-cli prints it. */
const refusals = (s) => s.redisCli('acl', 'log');

/** The commands that somebody has run since the statistics were reset. */
async function ran(s) {
  const stats = await s.redisCli('info', 'commandstats');
  return new Set([...stats.matchAll(/^cmdstat_([^:]+):calls=[1-9]/gm)].map(([, name]) => name));
}

const minuteOf = async (s) => Math.floor(Number((await s.redisCli('time')).split('\n')[0]) / 60);

/** Somebody who was seen before comes again in a later minute: one commit of two rows. */
async function returns(s, fields, expected) {
  const minute = await minuteOf(s);
  await eventually(async () => assert.ok((await minuteOf(s)) > minute), 70_000);
  await s.hit(fields);
  await s.sees(fields.i, expected);
}

async function crowdCame(s) {
  for (let from = 0; from < CROWD; from += 500) {
    const hits = Array.from({ length: 500 }, (_, k) => ({ i: 'big', p: `/${k % 7}`, u: `v${from + k}` }));
    const body = Buffer.from(JSON.stringify(hits));
    const { status } = await s.request('/e', { method: 'POST', headers: { 'content-length': body.length }, body });
    assert.equal(status, 202);
  }
  await s.sees('big', { currentVisitors: CROWD });
}

/** What the commands read, and a message that tail waits for. */
async function cliReads(s, login) {
  const at = ['--redis', s.redisAddress, ...login];
  for (const command of [['now', 'shop'], ['minutes', 'shop'], ['top']]) {
    const { code, err } = await s.cli([...command, ...at]);
    assert.equal(code, 0, err);
  }
  const done = new Set(); // who was told that the minute turned, maybe, before it is asked who listens
  const told = (what) => s.cli(['tail', what, '--count', '1', '--timeout', '30', ...at]).finally(() => done.add(what));
  const [all, tail] = [told('--all'), told('shop')];
  await eventually(async () => assert.ok(done.has('shop') || /\n1$/.test(await s.redisCli('pubsub', 'numsub', 'hc:shop'))));
  await eventually(async () => assert.ok(done.has('--all') || (await s.redisCli('pubsub', 'numpat')) === '1'));
  await s.hit({ i: 'shop', p: '/tail', u: 'alice' });
  for (const end of [tail, all]) assert.equal((await end).code, 0);
  const [collector, aggregator] = [await Story.adminOf(s.collector), await Story.adminOf(s.aggregator)];
  const doctor = await s.cli(['doctor', '--collector-admin', collector, '--aggregator-admin', aggregator, ...at]);
  assert.match(doctor.out, /Redis at .* answers, version/);
}

/** A stream from its greeting to the end of its subscription. */
async function streams(s) {
  const subscribers = () => s.redisCli('pubsub', 'numsub', 'hc:live');
  const stream = await Sse.open(s, '/sites/live/stream');
  await stream.until((x) => assert.ok(x.state));
  assert.equal(await subscribers(), 'hc:live\n1');
  await stream.close();
  await eventually(async () => assert.equal(await subscribers(), 'hc:live\n0'), 20_000);
}

/** A member whose name is taken at another collector. */
async function nameIsTaken(s, login) {
  const other = s.daemon('collector', [
    '--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--secret-file', s.secretFile,
    '--workers', '1', '--enable-uuid', ...login,
  ]);
  const address = await Story.addressOf(other);
  await eventually(async () => assert.equal(await s.redisCli('pubsub', 'numsub', 'hc:!joined'), 'hc:!joined\n2'));
  const here = await Held.open(s, '/live/uuid');
  await here.tells(1);
  await Held.open(s, '/live/uuid', { address });
  await within(5_000, 'it is replaced', here.end);
  await other.stop();
}

/** A visitor of the day, as a fork of LiveUser counts it. */
async function isOfTheDay(s) {
  const body = Buffer.from(JSON.stringify({ visitorId: 'alice', siteId: 'live' }));
  const answer = await s.request('/v1/visit', { method: 'POST', headers: { 'content-length': body.length }, body });
  assert.equal(JSON.parse(answer.body).today, 1, answer.body.toString());
}

/** Settings made, listed and taken back. */
async function cliSets(s, login) {
  for (const words of ['add x', 'token x add bot', 'token x rm bot', 'badge x on', 'goal x add g --path /', 'goal x rm g', 'alert x add a --above 5', 'alert x rm a', 'badge x off', 'visibility x token', 'visibility x public', 'add x --origin https://a.example', 'origin x rm https://a.example', 'privacy x heed', 'privacy x off', 'list', 'rm x --data']) {
    const { code, err } = await s.cli(['site', ...words.split(' '), '--redis', s.redisAddress, ...login]);
    assert.equal(code, 0, err);
  }
}

story('the Redis users of the man pages suffice, and use all they may', async (s) => {
  s.redisAddress += '?db=1';
  await s.startRedis();
  const { commands, login: [aggregator, collector, cli, site] } = await makeUsers(s);
  await s.redisCli('config', 'resetstat');

  await s.startAggregator(aggregator);
  await s.startCollector(['--workers', '1', '--enable-uuid', ...collector]);
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1, activePages: [{ path: '/', visitors: 1, online: 0 }] });
  await s.hit({ i: 'shop', p: '/cart', u: 'alice' }); // nobody is on / any more
  await s.sees('shop', { pageViews: 2, activePages: [{ path: '/cart', visitors: 1, online: 0 }] });
  await crowdCame(s);

  await s.aggregator.kill();
  await s.startAggregator(aggregator);
  await s.hit({ i: 'shop', p: '/', u: 'bob' });
  await s.hit({ i: 'big', p: '/', u: 'bob' });
  await s.sees('shop', { currentVisitors: 2, pageViews: 3 }, 20_000);
  await s.sees('big', { currentVisitors: CROWD + 1 }, 20_000);
  assert.equal((await s.counters(s.aggregator)).loads, 2);

  assert.equal(await s.redisCli('script', 'flush'), 'OK');
  await s.hit({ i: 'shop', p: '/', u: 'carol' });
  await s.sees('shop', { currentVisitors: 3 });
  assert.equal(await s.redisCli('flushall'), 'OK');
  await s.hit({ i: 'shop', p: '/', u: 'dave' });
  await s.hit({ i: 'big', p: '/', u: 'dave' });
  await s.sees('shop', { currentVisitors: 4 }, 20_000);
  await s.sees('big', { currentVisitors: CROWD + 2 }, 20_000);
  await streams(s);
  await isOfTheDay(s);
  await s.redisCli('-n', 1, 'eval', "for k = 1, 201 do redis.call('sadd', 'hc:sites', 'named-' .. k) end", 0); // more than are listed
  await eventually(async () => assert.equal(JSON.parse((await s.request('/sites')).body).sites.length, 200));
  await nameIsTaken(s, collector);
  await cliReads(s, cli);
  await cliSets(s, site);
  await s.sees('shop', { currentVisitors: 4, pageViews: 6 });
  await returns(s, { i: 'shop', p: '/', u: 'dave' }, { currentVisitors: 4, pageViews: 7 });

  await eventually(async () => assert.equal((await s.counters(s.aggregator)).dirty, 0));
  assert.equal((await s.counters(s.aggregator)).refused, 0);
  await eventually(async () => assert.ok((await ran(s)).has('srandmember')), 60_000); // senders were heard for long enough
  assert.equal(await refusals(s), '');
  const used = await ran(s);
  assert.deepEqual([...commands].filter((command) => !used.has(command)), []);
}, { ms: 180_000 });

story('the users of the man pages may not touch what is not of headcount', async (s) => {
  await s.startRedis();
  await makeUsers(s);
  for (const [name] of PAGES.flatMap(rulesOf)) {
    for (const command of [['flushall'], ['get', 'other'], ['hset', 'other', 'a', '1'], ['config', 'set', 'maxmemory', '1']])
      assert.match(await s.redisCli('--user', name, '--pass', 'PASSWORD', '--no-auth-warning', ...command), /NOPERM/);
  }
});
