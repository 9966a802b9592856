// Goals: named by an operator while traffic runs, counted from the next commit on, exact over
// the death of the aggregator, told in the realtime answer, the feed, messages and streams.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';
import { LONG, nobodyCopies } from './long.mjs';
import { Sse } from './sse.mjs';

/** One command about goals; it must do what it says. */
async function goal(s, ...words) {
  const { code, err } = await s.cli(['site', 'goal', 'shop', ...words, '--redis', s.redisAddress]);
  assert.equal(code, 0, err);
}

const view = (s, p) => s.hit({ i: 'shop', p, u: 'alice' });
const event = (s, n) => s.hit({ i: 'shop', k: 'e', e: n, p: '/', u: 'alice' });

/** A commit that begins after now, and its reply: the aggregator has heard of all goals. */
async function hears(s) {
  const { pageViews } = await s.api('shop');
  await view(s, '/nothing');
  await s.sees('shop', { pageViews: pageViews + 1 });
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).dirty, 0));
}

story('a goal that is named while traffic runs counts from then on, exactly, also over a crash', async (s) => {
  await s.start();
  let running = true, sent = 0;
  const traffic = (async () => {
    while (running) {
      await event(s, 'buy it'); // first, so that all are there when all views are
      await view(s, `/thanks/${++sent % 7}`);
    }
  })();
  await eventually(() => assert.ok(sent > 20));
  assert.deepEqual((await s.api('shop')).goals, []);
  await goal(s, 'add', 'order', '--path', '/thanks*');
  await goal(s, 'add', 'bought', '--event', 'buy it');
  await goal(s, 'add', 'never', '--path', '/never');
  await eventually(async () => assert.ok((await s.api('shop')).goals.every(({ name, count }) => name === 'never' || count > 20)));
  running = false;
  await traffic;
  const { pageViews, goals } = await s.sees('shop', { pageViews: sent });
  const counts = Object.fromEntries(goals.map(({ name, count }) => [name, count]));
  assert.deepEqual(Object.keys(counts).sort(), ['bought', 'never', 'order']);
  assert.equal(counts.never, 0);
  assert.ok(counts.order < pageViews && Math.abs(counts.order - counts.bought) < 20, JSON.stringify(counts));

  await s.aggregator.kill();
  for (let i = 0; i < 5; i++) await view(s, '/thanks');
  await s.startAggregator();
  await event(s, 'buy it');
  await event(s, 'buy');
  await view(s, '/thank');
  await s.sees('shop', {
    pageViews: sent + 6,
    goals: [
      { name: 'order', count: counts.order + 5 },
      { name: 'bought', count: counts.bought + 1 },
      { name: 'never', count: 0 },
    ].sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1)),
  }, 20_000);
}, { ms: 90_000 });

story('an entry of the feed names the goals that were reached', async (s) => {
  await s.start();
  await goal(s, 'add', 'order', '--path', '/thanks*');
  await goal(s, 'add', 'all', '--path', '/*');
  await goal(s, 'add', 'bought', '--event', 'buy');
  const messages = await s.subscribe('shop');
  const stream = await Sse.open(s, '/sites/shop/stream');
  await stream.until((x) => assert.ok(x.hello));
  await view(s, '/thanks/7'); // the first one counts: they are read with the site
  await event(s, 'buy');
  await event(s, 'look');
  const { recentEvents } = await eventually(async () => {
    const answer = await s.api('shop');
    assert.equal(answer.recentEvents.length, 3);
    return answer;
  });
  assert.deepEqual(recentEvents.map((entry) => entry.goals), [undefined, ['bought'], ['all', 'order']]);
  await s.sees('shop', {
    goals: [{ name: 'all', count: 1 }, { name: 'bought', count: 1 }, { name: 'order', count: 1 }],
  });
  await stream.until(() => assert.deepEqual(stream.frames.find(({ data }) => data?.goals)?.data.goals, ['all', 'order']));
  await eventually(() => assert.ok(messages.program.out.includes('"goals":["bought"]')));
  assert.match(await s.redisCli('hget', 'hc:{shop}:r', '1'), /"goals":\["all","order"\]/);
  const tr = (await s.keys('hc:{shop}:tr:*')).sort();
  assert.equal(await s.redisCli('hget', tr[0], 'a:order'), '1');
});

story('a goal that is removed counts no more, and leaves with its rows', async (s) => {
  await s.start();
  await goal(s, 'add', 'order', '--path', '/thanks*');
  await view(s, '/thanks');
  await s.sees('shop', { goals: [{ name: 'order', count: 1 }] });
  await goal(s, 'rm', 'order');
  await hears(s);
  await view(s, '/thanks');
  await s.sees('shop', { pageViews: 3, goals: [{ name: 'order', count: 1 }] });

  await goal(s, 'add', 'order', '--path', '/nothing');
  await hears(s); // another of the same name goes on from there
  await view(s, '/nothing');
  await view(s, '/thanks');
  await s.sees('shop', { pageViews: 6, goals: [{ name: 'order', count: 2 }] });

  const { code } = await s.cli(['site', 'rm', 'shop', '--redis', s.redisAddress]);
  assert.equal(code, 0);
  await goal(s, 'add', 'fresh', '--path', '/fresh'); // a version that there never was; the old one counts until that is heard
  await hears(s);
  await view(s, '/nothing');
  await view(s, '/fresh');
  await s.sees('shop', { pageViews: 9, goals: [{ name: 'order', count: 3 }, { name: 'fresh', count: 1 }] });
});

story('settings may be anything: goals that cannot be read are left out and counted', async (s) => {
  await s.start();
  await s.redisCli('hset', 'hc:{shop}:c', 'g:ok', 'path /ok', 'g:x', 'page /', 'g:y', 'path ', 'v', '1');
  await view(s, '/ok');
  await s.sees('shop', { pageViews: 1 });
  assert.equal((await s.counters(s.aggregator)).goals, 1);
  assert.equal((await s.counters(s.aggregator)).goals_bad, 2);
  await s.redisCli('del', 'hc:{shop}:c');
  await s.redisCli('set', 'hc:{other}:c', 'no hash');
  await view(s, '/ok');
  await s.sees('shop', { pageViews: 2 });
  await s.hit({ i: 'other', p: '/' });
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).dirty, 0));
  assert.equal((await s.counters(s.aggregator)).refused, 0);
  assert.equal(await s.redisCli('hget', 'hc:{other}:t', 'pv'), '1');
});

story('settings of any length and number are no burden for other sites', async (s) => {
  await s.startRedis(); // what is long is there before the others: to make it takes Redis long
  await s.redisCli('eval', `redis.call('setrange', 'long', ${LONG}, 'x') -- the fastest way to make one
    local long, name = redis.call('get', 'long'), string.rep('x', 1000)
    redis.call('hset', 'hc:{shop}:c', 'g:ok', 'path /ok', 'g:long', long, 'g:' .. name, 'path /', 'v', name)
    redis.call('hset', 'hc:{other}:al', 'long', long, name, 'off')
    for k = 1, 2000 do redis.call('hset', 'hc:{many}:c', 'g:' .. k, 'path /', 'al:' .. k, 'above online 2 1 0', 'v', '1') end`, '0');
  await s.startAggregator();
  await s.startCollector(['--workers', '1']);
  let assertUncopied = await nobodyCopies(s);
  for (const i of ['shop', 'many', 'other']) await s.hit({ i, p: '/ok' }); // read with the site
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).views, 3));
  await eventually(async () => assert.equal((await s.counters(s.aggregator)).dirty, 0));
  await assertUncopied();
  assertUncopied = await nobodyCopies(s);
  await s.redisCli('hset', 'hc:{shop}:c', 'v', '2'); // and with a commit
  await s.redisCli('hset', 'hc:{many}:c', 'v', '2');
  for (const i of ['shop', 'many', 'other']) await s.hit({ i, p: '/ok' });
  for (const i of ['shop', 'many', 'other'])
    await eventually(async () => assert.equal(await s.redisCli('hget', `hc:{${i}}:t`, 'pv'), '2'));
  const { goals_bad, goals, unknown } = await s.counters(s.aggregator);
  assert.ok(goals >= 2 && goals_bad > 2, `${goals} ${goals_bad}`);
  assert.equal(unknown, 0);
  assert.doesNotMatch(s.aggregator.err, /event=redis_down/);
  await assertUncopied();
});
