// What operators see: the admin ports of the real daemons, and the two commands that read
// them.
import assert from 'node:assert/strict';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, request, Story, story, Wire, within } from './harness.mjs';
import { lint } from './metrics_lint.mjs';

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPENMETRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Everything, with the addresses of the admin ports. */
async function start(s, options) {
  await s.start(options);
  const [collector, aggregator] = await Promise.all([Story.adminOf(s.collector), Story.adminOf(s.aggregator)]);
  return { collector, aggregator };
}

const get = (at, target, headers) => request(`http://${at}${target}`, { headers });
const countersOf = async (at) => JSON.parse((await get(at, '/counters')).body);

async function isReady(at) {
  return eventually(async () => {
    const answer = await get(at, '/readyz');
    assert.equal(answer.status, 200, answer.body.toString());
  });
}

const isUnready = (at, pattern) =>
  eventually(async () => {
    const answer = await get(at, '/readyz');
    assert.equal(answer.status, 503);
    assert.match(answer.body.toString(), pattern);
  });

async function doctor(s, at, ...args) {
  const all = ['doctor', '--json', '--collector-admin', at.collector, '--aggregator-admin', at.aggregator, '--redis', s.redisAddress];
  const { code, out } = await s.cli([...all, ...args]);
  return { code, ...JSON.parse(out) };
}

const promtool = fileURLToPath(new URL('promtool', import.meta.url));

const problems = (report) => report.findings.filter((found) => found.level === 'problem');

story('metrics of both daemons are what Prometheus takes, in either format', async (s) => {
  const at = await start(s);
  for (const [kind, address] of Object.entries(at)) {
    const text = await get(address, '/metrics');
    assert.equal(text.status, 200);
    assert.equal(text.headers['content-type'], TEXT);
    assert.equal(text.headers['x-content-type-options'], 'nosniff');
    assert.equal(text.headers['access-control-allow-origin'], undefined);
    const series = lint(text.body.toString());
    assert.equal([...series.keys()].filter((key) => key.startsWith(`headcount_build_info{program="headcount-${kind}",`)).length, 1);
    assert.ok(series.get('process_resident_memory_bytes') > 100_000);
    assert.ok(Math.abs(series.get('process_start_time_seconds') - Date.now() / 1000) < 120);
    const open = await get(address, '/metrics', { accept: 'application/openmetrics-text; version=1.0.0, text/plain;q=0.5' });
    assert.equal(open.headers['content-type'], OPENMETRICS);
    const opened = lint(open.body.toString(), { open: true });
    assert.deepEqual([...opened.keys()].sort(), [...series.keys()].sort());
  }
});

story('promtool has nothing to say against the metrics', async (s) => {
  const at = await start(s);
  await s.hit({ i: 'shop', p: '/', u: 'a' });
  for (const address of Object.values(at)) {
    const { body } = await get(address, '/metrics');
    const check = s.run('promtool', promtool, ['check', 'metrics'], { input: body.toString() });
    const { code } = await within(60_000, 'promtool ends', check.end);
    assert.equal(`${code} ${check.err}${check.out}`, '0 ');
  }
}, { ms: 120_000 });

story('counters and metrics add up with what was sent', async (s) => {
  const at = await start(s, { workers: 2 });
  const HITS = 25;
  for (let k = 0; k < HITS; k++) await s.hit({ i: 'shop', p: `/${k % 3}`, u: `u${k}` });
  await s.hit({ i: 'shop', p: '/', e: 'buy', u: 'u0' });
  await s.sees('shop', { pageViews: HITS });
  await eventually(async () => {
    const { program, version, uptime_seconds: uptime, counters } = await countersOf(at.collector);
    assert.equal(program, 'headcount-collector');
    assert.match(version, /^\d+\.\d+\.\d+$/);
    assert.ok(uptime < 60);
    assert.equal(counters.hits, HITS + 1);
  });
  const { program, counters } = await countersOf(at.aggregator);
  assert.equal(program, 'headcount-aggregator');
  assert.deepEqual([counters.views, counters.events], [HITS, 1]);
  const series = lint((await get(at.aggregator, '/metrics')).body.toString());
  assert.equal(series.get('headcount_events_total{kind="view"}'), HITS);
  assert.equal(series.get('headcount_events_total{kind="event"}'), 1);
});

story('the admin port answers four paths, GET and HEAD, and nothing else', async (s) => {
  const at = await start(s);
  for (const address of Object.values(at)) {
    await isReady(address);
    assert.equal((await get(address, '/livez')).body.toString(), 'ok\n');
    assert.equal((await get(address, '/')).status, 404);
    assert.equal((await request(`http://${address}/metrics`, { method: 'POST', body: Buffer.from('x') })).status, 405);
    const head = await request(`http://${address}/counters`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.body.length, 0);
    assert.ok(Number(head.headers['content-length']) > 100);
  }
});

story('who is not ready says why', async (s) => {
  const at = await start(s);
  for (const address of Object.values(at)) await isReady(address);
  await s.redis.kill();
  for (const address of Object.values(at)) await isUnready(address, /^redis: /m);
  await isUnready(at.aggregator, /^redis: commits cannot be made\nredis: sites cannot be read back\n$/);
  await s.startRedis();
  for (const address of Object.values(at)) await isReady(address);
});

story('an aggregator whose commits Redis refuses is not ready, whatever Redis answers to a PING', async (s) => {
  await s.startRedis();
  const user = (...rules) => s.redisCli('acl', 'setuser', 'aggregator', ...rules);
  assert.equal(await user('reset', 'on', '>word', '~*', '&*', '+@all'), 'OK');
  await s.startAggregator(['--redis-auth-file', s.file('auth', 'aggregator:word\n')]);
  await s.startCollector();
  const at = { collector: await Story.adminOf(s.collector), aggregator: await Story.adminOf(s.aggregator) };
  await isReady(at.aggregator);

  assert.equal(await user('-hset'), 'OK');
  await s.hit({ i: 'shop', p: '/', u: 'a' });
  await isUnready(at.aggregator, /^redis: refuses the commits of 1 of 1 sites\n$/);
  await s.aggregator.says(/event=site_refused site=shop /);
  const told = problems(await doctor(s, at)).filter((found) => found.text.includes('The aggregator'));
  assert.match(told.map((found) => found.text).join('\n'), /is not ready: redis: refuses the commits of 1 of 1 sites\.$/m);
  for (const found of told) assert.match(found.advice, /event=site_refused.*ACL/);

  // The one site is left out for a minute; when it is the smaller part, that is no alarm.
  assert.equal(await user('+hset'), 'OK');
  for (const i of ['one', 'two']) await s.hit({ i, p: '/', u: 'a' });
  await isReady(at.aggregator);
});

story('H6: an admin port in use is a sentence that names --admin-listen; none is none', async (s) => {
  await s.startRedis();
  const tcp = net.createServer();
  await new Promise((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => tcp.close());
  const taken = `127.0.0.1:${tcp.address().port}`;
  const common = ['--redis', s.redisAddress, '--secret-file', s.secretFile];
  const daemons = { aggregator: ['--udp', '127.0.0.1:0'], collector: ['--listen', '127.0.0.1:0', '--aggregator', '127.0.0.1:9'] };
  for (const [name, args] of Object.entries(daemons)) {
    const refused = s.daemon(name, [...args, ...common, '--admin-listen', taken]);
    assert.equal((await refused.end).code, 1);
    assert.match(refused.err.trimEnd().split('\n').at(-1), new RegExp(`^headcount-${name}: --admin-listen ${taken}: .*in use`));
    const without = s.daemon(name, [...args, ...common, '--admin-listen', 'none']);
    await Story.addressOf(without);
    assert.equal((await without.stop()).code, 0);
    assert.doesNotMatch(without.out, /proto=admin/);
  }
});

story('the stats port says all sites in one object and hangs up', async (s) => {
  await s.start({ aggregator: ['--stats-listen', '127.0.0.1:0'] });
  const [host, port] = (await Story.addressOf(s.aggregator, 'stats')).split(':');
  const told = async () => {
    const wire = new Wire(host, Number(port));
    await within(5000, 'the stats port hangs up', wire.end);
    return JSON.parse(wire.text);
  };
  assert.deepEqual(await told(), {});
  await s.hit({ i: 'shop', p: '/', u: 'a', v: '1' });
  await s.hit({ i: 'shop', p: '/', u: 'b', v: '2', a: 'b', k: 'h' });
  await s.hit({ i: 'blog', p: '/', u: 'a' });
  await eventually(async () => {
    const { shop, blog } = await told();
    const seconds = Date.now() / 1000;
    assert.ok(Math.abs(shop.created - seconds) < 60 && Math.abs(shop.modified - seconds) < 60);
    delete shop.created;
    delete shop.modified;
    assert.deepEqual(shop, { members: 0, connections: 0, online: 2, active: 1, current: 2, views: 1, visits: 2 });
    assert.equal(blog.online, 0); // a bare pixel says nothing about who is still there
  });
});

story('the stats port counts whom it answered', async (s) => {
  await s.start({ aggregator: ['--stats-listen', '127.0.0.1:0'] });
  const [host, port] = (await Story.addressOf(s.aggregator, 'stats')).split(':');
  const admin = await Story.adminOf(s.aggregator);
  for (let k = 0; k < 20; k++) await within(5000, 'the stats port hangs up', new Wire(host, Number(port)).end);
  await eventually(async () => assert.equal((await countersOf(admin)).counters.stats_answers, 20));
  assert.equal((await countersOf(admin)).counters.stats_timeouts, 0);
});

story('stats shows what was counted, and says who is not there', async (s) => {
  const at = await start(s);
  await s.hit({ i: 'shop', p: '/', u: 'a' });
  await s.sees('shop', { pageViews: 1 });
  const both = ['--collector-admin', at.collector, '--aggregator-admin', at.aggregator];
  const text = await s.cli(['stats', ...both]);
  assert.equal(text.code, 0, text.err);
  assert.match(text.out, /^headcount-collector \d+\.\d+\.\d+ at /m);
  assert.match(text.out, /^ +1 +hits$/m);
  assert.match(text.out, /^headcount-aggregator /m);
  assert.match(text.out, /^ +1 +views$/m);
  assert.doesNotMatch(text.out, /^ +0 /m);
  assert.match((await s.cli(['stats', '--all', ...both])).out, /^ +0 +bad_mac$/m);

  // The hits of a collector with a ring add up once they are durable.
  await eventually(async () => {
    const { code, out } = await s.cli(['stats', '--json', ...both]);
    assert.equal(code, 0);
    const { daemons, balance } = JSON.parse(out);
    assert.equal(daemons[0].told.counters.hits, 1);
    if (balance === null) return; // a collector without a ring
    assert.deepEqual([balance.accepted, balance.durable, balance.balanced], [1, 1, true]);
  });

  const nobody = await s.cli(['stats', '--collector-admin', at.collector, '--aggregator-admin', '127.0.0.1:1']);
  assert.equal(nobody.code, 3);
  assert.match(nobody.err, /aggregator at 127\.0\.0\.1:1/);
  assert.match(nobody.out, /^headcount-collector /m);
  assert.equal((await s.cli(['stats', '--collector-admin', 'nonsense'])).code, 2);
});

story('doctor finds a sound installation sound', async (s) => {
  const at = await start(s, { redis: ['--appendonly', 'yes'] });
  await s.hit({ i: 'shop', p: '/', u: 'a' });
  await s.sees('shop', { pageViews: 1 });
  const report = await eventually(async () => {
    const found = await doctor(s, at);
    assert.deepEqual(problems(found), []);
    return found;
  });
  assert.equal(report.code, 0);
  assert.ok(report.findings.some((found) => /append-only file, appendfsync everysec/.test(found.text)));
  const text = await s.cli(['doctor', '--collector-admin', at.collector, '--aggregator-admin', at.aggregator, '--redis', s.redisAddress]);
  assert.equal(text.code, 0);
  assert.match(text.out, /^ok {6} The collector at .* is ready\.$/m);
  assert.match(text.out, /^0 problems, \d notes?\.$/m);
});

story('doctor finds a Redis that evicts, a stopped aggregator, and nobody at all', async (s) => {
  const at = await start(s, { redis: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'] });
  for (const address of Object.values(at)) await isReady(address);
  const evicting = await doctor(s, at);
  assert.equal(evicting.code, 1);
  assert.match(problems(evicting)[0].text, /maxmemory is 67108864 bytes and maxmemory-policy allkeys-lru/);
  assert.match(problems(evicting)[0].advice, /noeviction/);
  assert.equal(problems(evicting).length, 1);

  await s.aggregator.stop();
  const stopped = await doctor(s, at);
  assert.equal(stopped.code, 1);
  assert.ok(problems(stopped).some((found) => found.text.includes(`The aggregator at ${at.aggregator} cannot be asked`)));

  const nowhere = path.join(s.dir, 'nobody.sock');
  const none = await doctor(s, at, '--collector-admin', '127.0.0.1:1', '--redis', `unix:${nowhere}`);
  assert.equal(none.code, 1); // the collector of the story answers still
  await s.collector.stop();
  const gone = await doctor(s, at, '--redis', `unix:${nowhere}`);
  assert.equal(gone.code, 3);
  assert.equal(problems(gone).length, gone.findings.length);
});

story('doctor finds collectors with another secret', async (s) => {
  const at = await start(s);
  const other = s.file('other', 'the secret of quite another story');
  const stranger = s.daemon('collector', [
    '--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--secret-file', other,
  ]);
  const http = await Story.addressOf(stranger);
  await request(`http://${http}/hc.gif?i=shop&p=/`);
  await eventually(async () => assert.ok((await countersOf(at.aggregator)).counters.bad_key > 0));
  const report = await doctor(s, at);
  assert.ok(problems(report).some((found) => /another secret file/.test(found.text)), JSON.stringify(report));
});
