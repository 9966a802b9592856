// SIGHUP: what is in files may change while the programs run. Nobody's request fails over it,
// and a broken file changes nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { eventually, story, within } from './harness.mjs';
import { mmdb, samples } from './mmdb.mjs';

const CLIENTS = 6;

/** Moves the text into the file's place, as an operator should. */
function put(file, text) {
  fs.writeFileSync(`${file}.new`, text, { mode: 0o600 });
  fs.renameSync(`${file}.new`, file);
}

/** Sends SIGHUP and returns the lines that it made the program say, when there are n. */
async function reload(program, n) {
  const before = program.err.length;
  program.signal('SIGHUP');
  return eventually(() => {
    const lines = program.err.slice(before).match(/event=reload.*\n/g) ?? [];
    assert.equal(lines.length, n, program.err.slice(before));
    return lines;
  });
}

const why = async (s, agent, fields = {}) => (await s.hit({ i: 'shop', p: '/', u: 'me', ...fields }, { 'user-agent': agent })).headers['x-headcount'];

/** A worker takes over what was read in a turn of its own, and which worker answers is the
 * kernel's choice. */
async function becomes(s, agent, want, fields) {
  await eventually(async () => {
    for (let i = 0; i < 8; i++) assert.equal(await why(s, agent, fields), want);
  });
}

story('robots and spammers are others after SIGHUP, those too who were judged before', async (s) => {
  const bots = s.file('bots', 'first\n');
  const spam = s.file('spam', 'first.example\n');
  await s.start({ workers: 2, collector: ['--bots', bots, '--referrer-spam', spam] });
  await becomes(s, 'first/1', 'bot');
  await becomes(s, 'second/1', undefined);
  await becomes(s, 'x', 'spam', { r: 'http://first.example' });
  put(bots, 'second\n');
  put(spam, 'second.example\n');
  const lines = await reload(s.collector, 3);
  for (const option of ['secret-file', 'bots', 'referrer-spam']) assert.ok(lines.some((line) => line.includes(`event=reloaded option=${option} `)), option);
  await becomes(s, 'first/1', undefined);
  await becomes(s, 'second/1', 'bot');
  await becomes(s, 'x', undefined, { r: 'http://first.example' });
  await becomes(s, 'x', 'spam', { r: 'http://second.example' });
});

story('a broken file is told in one line and changes nothing', async (s) => {
  const bots = s.file('bots', 'first\n');
  await s.start({ workers: 2, collector: ['--bots', bots, '--referrer-spam', 'none'] });
  put(bots, 'second\nxy\n');
  put(s.secretFile, 'short');
  const lines = await reload(s.collector, 2);
  assert.match(lines.join(''), /event=reload_refused option=secret-file why="--secret-file: \S+ holds a secret of 5 bytes/);
  assert.match(lines.join(''), /event=reload_refused option=bots why="--bots \S+, line 2: shorter than 3 bytes/);
  assert.match((await reload(s.aggregator, 1))[0], /event=reload_refused option=secret-file why=/);
  fs.rmSync(bots);
  fs.rmSync(s.secretFile);
  await reload(s.collector, 2);
  await reload(s.aggregator, 1);
  await becomes(s, 'first/1', 'bot');
  await becomes(s, 'second/1', undefined);
  await s.sees('shop', { currentVisitors: 1 }); // under the secret that both had
  assert.equal((await s.counters(s.aggregator)).bad_key, 0);
});

story('without files of its own the collector has its secret to read again', async (s) => {
  await s.start();
  await reload(s.collector, 1);
  await reload(s.aggregator, 1);
});

/** A pipe holds the start up where the files are read, and later there is nothing in it. */
story('SIGHUP waits until the start is over, and a pipe is not read again', async (s) => {
  const pipe = `${s.dir}/pipe`;
  execFileSync('mkfifo', [pipe]);
  const ports = { collector: ['--listen', '127.0.0.1:0'], aggregator: ['--udp', '127.0.0.1:0', '--stats-listen', 'none'] };
  for (const [name, options] of Object.entries(ports)) {
    const program = s.daemon(name, ['--secret-file', pipe, '--admin-listen', 'none', ...options]);
    const writer = await within(10_000, `${name} reads its secret`, fs.promises.open(pipe, 'w'));
    program.signal('SIGHUP');
    await writer.writeFile('correct horse battery staple\n');
    await writer.close();
    await eventually(() => assert.match(program.err, /event=reload_refused option=secret-file why="--secret-file \S+: not a file/));
    assert.match(program.out, /event=listening/);
  }
});

story('a new password of Redis is for the next connection', async (s) => {
  const auth = s.file('auth', 'counter:one\n');
  await s.startRedis();
  await s.redisCli('acl', 'setuser', 'counter', 'on', '>one', '~*', '&*', '+@all');
  await s.startAggregator(['--redis-auth-file', auth]);
  await s.startCollector(['--workers', 2, '--redis-auth-file', auth]);
  await s.hit({ i: 'shop', p: '/', u: '1' });
  await s.sees('shop', { pageViews: 1 });
  await s.redisCli('acl', 'setuser', 'counter', 'resetpass', '>two');
  put(auth, 'counter:two\n');
  const lines = [await reload(s.collector, 2), await reload(s.aggregator, 2)];
  for (const told of lines) assert.match(told.join(''), /event=reloaded option=redis-auth-file/);
  const ups = async () => (await s.counters(s.collector)).redis_ups;
  const before = await ups();
  assert.ok(Number(await s.redisCli('client', 'kill', 'user', 'counter')) >= 5); // all of them
  await eventually(async () => assert.equal(await ups(), before + 2));
  await s.hit({ i: 'shop', p: '/', u: '2' });
  await s.sees('shop', { pageViews: 2, currentVisitors: 2 }, 20_000);
});

story('another database tells other countries', async (s) => {
  const geoip = `${s.dir}/geo.mmdb`;
  put(geoip, samples['country.mmdb']);
  const program = s.daemon('collector', ['--check-config', '--secret-file', s.secretFile, '--geoip', geoip]);
  const { code } = await within(5_000, 'a check of options ends', program.end);
  if (code === 2 && program.err.includes('without libmaxminddb')) return console.log(`skipped: ${program.err}`);
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--geoip', geoip] });
  await s.hit({ i: 'shop', p: '/', u: '1' }, { 'x-forwarded-for': '192.0.2.1' });
  await s.sees('shop', { countries: [{ name: 'DE', views: 1 }] });
  put(geoip, 'no database');
  assert.match((await reload(s.collector, 2)).join(''), /reload_refused option=geoip why="--geoip \S+: not a database/);
  await s.hit({ i: 'shop', p: '/', u: '2' }, { 'x-forwarded-for': '192.0.2.1' });
  await s.sees('shop', { countries: [{ name: 'DE', views: 2 }] });
  put(geoip, mmdb({ '192.0.2.0/24': { country: { iso_code: 'FR' } } }));
  assert.match((await reload(s.collector, 2)).join(''), /reloaded option=geoip/);
  await s.hit({ i: 'shop', p: '/', u: '3' }, { 'x-forwarded-for': '192.0.2.1' });
  await s.sees('shop', { countries: [{ name: 'DE', views: 2 }, { name: 'FR', views: 1 }] });
});

story('nobody notices fifty reloads', async (s) => {
  const bots = s.file('bots', 'nobody at all\n');
  await s.start({ workers: 2, collector: ['--bots', bots] });
  const seen = { answered: 0, over: false };
  const client = async (n) => {
    for (let k = 0; !seen.over; k++) {
      await s.hit({ i: 'shop', p: '/', u: `${n}.${k % 20}` }, { 'user-agent': `client ${n}` });
      seen.answered++;
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n)));
  for (let i = 0; i < 50; i++) {
    put(bots, `nobody ${i}\n`);
    s.aggregator.signal('SIGHUP');
    await reload(s.collector, 2);
  }
  seen.over = true;
  await clients;
  await s.sees('shop', { pageViews: seen.answered });
  assert.ok(seen.answered > CLIENTS * 20, 'everybody was there');
  await s.sees('shop', { currentVisitors: CLIENTS * 20 });
}, { ms: 120_000 });
