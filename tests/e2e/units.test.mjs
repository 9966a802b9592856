// Under systemd: what the daemons tell it, the sockets it hands them, and the files in
// deploy/systemd/. No systemd runs here: systemd.py plays its part.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import dgram from 'node:dgram';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually, request, Story, story } from './harness.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = path.resolve(root, process.env.HEADCOUNT_BIN ?? 'build/bin');
const units = path.join(root, 'deploy/systemd');
const DAEMONS = ['aggregator', 'collector'];
const SERVICES = DAEMONS.map((name) => `headcount-${name}.service`);
const EXPOSED_AT_MOST = 1.5;
const SILENCE_MS = 1500; // many times what lies between two pats of the watchdog in these tests

const run = promisify(execFile);
const read = (name) => fs.readFileSync(path.join(units, name), 'utf8');

/** Starts a daemon under systemd.py; options are those of that script. */
function supervised(s, name, options, args) {
  const none = { HEADCOUNT_ADMIN_LISTEN: '127.0.0.1:0', HEADCOUNT_STATS_LISTEN: 'none', HEADCOUNT_FEED_LISTEN: 'none', HEADCOUNT_NOTIFY_LISTEN: 'none', HEADCOUNT_OPEN_SITES: 'yes' };
  const script = fileURLToPath(new URL('systemd.py', import.meta.url));
  const common = ['--redis', s.redisAddress, '--secret-file', s.secretFile];
  s[name] = s.run(name, 'python3', [script, ...options, path.join(bin, `headcount-${name}`), ...common, ...args], { env: none });
  return s[name];
}

const aggregator = (s, options = [], args = []) => supervised(s, 'aggregator', options, ['--udp', '127.0.0.1:0', ...args]);
const collector = (s, options = [], args = []) =>
  supervised(s, 'collector', options, ['--listen', '127.0.0.1:0', '--aggregator', s.udp ?? '127.0.0.1:9', ...args]);

const told = (program) => [...program.out.matchAll(/^notify (.*)$/gm)].map(([, text]) => text);
const handed = async (program, name) => Number((await program.says(new RegExp(`^handed ${name}=(\\d+)$`, 'm')))[1]);

story('systemd is told at once that the daemons are up, then whether they are ready, and that they stop', async (s) => {
  aggregator(s);
  await s.aggregator.says(/^notify READY=1\|STATUS=not ready: redis: /m);
  s.udp = await Story.addressOf(s.aggregator);
  collector(s);
  await s.collector.says(/^notify READY=1\|STATUS=not ready: redis: not connected /m);
  await s.startRedis();
  for (const name of DAEMONS) await s[name].says(/^notify STATUS=ready$/m, 20_000);
  for (const name of DAEMONS.slice().reverse()) {
    assert.deepEqual(await s[name].stop(), { code: 0, signal: null });
    assert.equal(told(s[name]).at(-1), 'STOPPING=1|STATUS=stopping');
    assert.equal(told(s[name]).filter((text) => text.startsWith('READY=1')).length, 1);
  }
});

story('a reload is told from its beginning to its end', async (s) => {
  await s.startRedis();
  aggregator(s);
  s.udp = await Story.addressOf(s.aggregator);
  collector(s);
  for (const name of DAEMONS) {
    await s[name].says(/^notify (?:READY=1\|)?STATUS=ready$/m, 20_000);
    s[name].signal('SIGHUP');
    await s[name].says(/^notify RELOADING=1\|MONOTONIC_USEC=\d+\nnotify READY=1\|STATUS=ready$/m);
  }
});

story('the watchdog is satisfied by both, and not while one worker hangs', async (s) => {
  await s.startRedis();
  const often = ['--watchdog-us', '400000'];
  aggregator(s, often);
  s.udp = await Story.addressOf(s.aggregator);
  collector(s, often, ['--workers', '2']);
  const pats = (program) => told(program).filter((text) => text === 'WATCHDOG=1').length;
  const more = async (program, n) => {
    const before = pats(program);
    await eventually(() => assert.ok(pats(program) >= before + n, `${program.name} is silent`));
  };
  for (const name of DAEMONS) await more(s[name], 4);

  s.collector.signal('SIGUSR2');
  await s.collector.says(/^hangs$/m);
  let last = { pats: -1 };
  await eventually(() => {
    const now = { pats: pats(s.collector), at: performance.now() };
    if (now.pats !== last.pats) last = now;
    assert.ok(now.at - last.at > SILENCE_MS, 'it is still said that all is well');
  });
  s.collector.signal('SIGUSR2');
  await s.collector.says(/^turns$/m);
  await more(s.collector, 4);
});

story('sockets that are handed over are used: browsers, feed, notifications, datagrams, operators', async (s) => {
  await s.startRedis();
  aggregator(s, ['--datagrams', 'udp=127.0.0.1:0', '--socket', 'admin=127.0.0.1:0']);
  const [udp, admin] = [await handed(s.aggregator, 'udp'), await handed(s.aggregator, 'admin')];
  s.udp = await Story.addressOf(s.aggregator);
  assert.equal(s.udp, `127.0.0.1:${udp}`);
  await eventually(async () => assert.equal((await request(`http://127.0.0.1:${admin}/readyz`)).status, 200));

  const names = ['feed', 'http', 'notify', 'admin'];
  collector(s, names.flatMap((name) => ['--socket', `${name}=127.0.0.1:0`]), ['--workers', '2', '--listen', '127.0.0.1:1']);
  for (const name of names)
    assert.equal(await Story.addressOf(s.collector, name), `127.0.0.1:${await handed(s.collector, name)}`);
  s.http = await Story.addressOf(s.collector, 'http');
  await Promise.all(Array.from({ length: 20 }, (_, k) => s.hit({ i: 'shop', p: '/', u: `v${k}` })));
  await s.sees('shop', { currentVisitors: 20, pageViews: 20 });
  const notify = await handed(s.collector, 'notify');
  assert.equal((await request(`http://127.0.0.1:${notify}/shop/office/hello`)).status, 200);
});

story('what came for the aggregator while it was away waits in the socket', async (s) => {
  await s.startRedis();
  const stray = dgram.createSocket('udp4').unref();
  aggregator(s, ['--datagrams', 'udp=127.0.0.1:0', '--wait']);
  const port = await handed(s.aggregator, 'udp');
  await new Promise((resolve, reject) => stray.send('stray', port, '127.0.0.1', (e) => (e ? reject(e) : resolve())));
  s.aggregator.signal('SIGUSR2');
  await s.aggregator.says(/event=listening/);
  assert.equal((await s.aggregator.stop()).code, 0);
  assert.match(s.aggregator.err, /event=counters .*\bbad_shape=1\b/);
});

story('a socket nobody has a use for is a sentence and exit code 2', async (s) => {
  const table = [
    [aggregator, ['--socket', 'http=127.0.0.1:0'], /LISTEN_FDNAMES: .*"http".* udp, admin/],
    [aggregator, ['--socket', 'udp=127.0.0.1:0'], /LISTEN_FDNAMES: .*"udp" is not for datagrams/],
    [collector, ['--socket', 'headcount-collector.socket=127.0.0.1:0'], /LISTEN_FDNAMES: .*"headcount-collector.socket".* http, /],
    [collector, ['--socket', 'http=127.0.0.1:0', '--socket', 'http=127.0.0.1:0'], /LISTEN_FDNAMES: .*twice/],
  ];
  for (const [start, options, sentence] of table) {
    const program = start(s, options);
    const { code } = await program.end;
    assert.equal(code, 2, program.err);
    assert.match(program.err, sentence);
    assert.equal(program.err.trimEnd().split('\n').length, 1, program.err);
    assert.deepEqual(told(program), []);
  }
  s.aggregator = s.collector = null;
});

story('the services expose little and are understood by systemd', async (s) => {
  for (const name of SERVICES) {
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', path.join(units, name)]);
    const [, score] = /Overall exposure level for \S+: (\S+)/.exec(stdout);
    assert.ok(Number(score) <= EXPOSED_AT_MOST, `${name}: ${score}`);
  }
  const all = fs.readdirSync(units).filter((name) => /\.(service|socket)$/.test(name));
  assert.equal(all.length, 4);
  const here = all.map((name) => s.file(name, read(name).replace('/usr/bin/headcount', `${bin}/headcount`), 0o644));
  const { stderr } = await run('systemd-analyze', ['verify', '--man=no', ...here]);
  assert.equal(stderr.split('\n').filter((line) => line.includes('headcount')).join('\n'), '');
});

story('the services come back however they ended, and do not wait for Redis', async () => {
  for (const name of SERVICES) {
    const text = read(name);
    for (const line of ['Type=notify', 'Restart=always', 'StartLimitIntervalSec=0', 'User=headcount'])
      assert.ok(text.includes(`\n${line}\n`), `${name}: ${line}`);
    assert.match(text, /^WatchdogSec=\d/m);
    assert.doesNotMatch(text, /^(?:Requires|BindsTo|Requisite)=/m);
  }
});

story('every setting in the files of /etc/headcount is one, those that are switched off too', async (s) => {
  const auth = s.file('auth', 'secret\n');
  for (const name of DAEMONS) {
    const text = read(`${name}.conf`)
      .replace(/^#([a-z-]+ = )/gm, '$1')
      .replace('/etc/headcount/redis-auth', auth)
      .replace('/etc/headcount/secret', s.secretFile)
      .replace('/var/lib/headcount/spool', s.dir);
    assert.ok([...text.matchAll(/^[a-z-]+ = /gm)].length >= 4, name);
    const config = s.file(`${name}.conf`, text);
    await run(path.join(bin, `headcount-${name}`), ['--config', config, '--check-config']);
    const { stdout } = await run(path.join(bin, `headcount-${name}`), ['--help']);
    for (const [, key, value] of read(`${name}.conf`).matchAll(/^#([a-z-]+) = (.*)$/gm)) {
      const [, option] = stdout.match(new RegExp(`^  --(?:\\[no-\\])?${key} ([^]*?)(?=\\n  --|\\n\\n)`, 'm'));
      if (option.includes('(default')) assert.ok(option.replace(/\s+/g, ' ').includes(`(default ${value})`), `${name}: ${key} = ${value}`);
    }
  }
});

story('make install puts everything where it belongs, and leaves settings alone', async (s) => {
  const make = () => run('make', ['-C', root, 'install', `DESTDIR=${s.dir}/root`, 'PREFIX=/opt/hc', 'SYSCONFDIR=/etc'], { env: { PATH: process.env.PATH } });
  await make();
  const at = (file) => path.join(s.dir, 'root', file);
  for (const name of DAEMONS) {
    const unit = fs.readFileSync(at(`opt/hc/lib/systemd/system/headcount-${name}.service`), 'utf8');
    const [, program] = /^ExecStart=(\S+)/m.exec(unit);
    assert.equal(program, `/opt/hc/bin/headcount-${name}`);
    fs.accessSync(at(program), fs.constants.X_OK);
    fs.accessSync(at(`opt/hc/share/man/man8/headcount-${name}.8`));
    fs.accessSync(at(`opt/hc/lib/systemd/system/headcount-${name}.socket`));
  }
  for (const file of ['bin/headcount', 'lib/sysusers.d/headcount.conf', 'lib/tmpfiles.d/headcount.conf', 'share/doc/headcount/sysctl.conf'])
    fs.accessSync(at(path.join('opt/hc', file)));
  fs.writeFileSync(at('etc/headcount/collector.conf'), '# mine\n');
  await make();
  assert.equal(fs.readFileSync(at('etc/headcount/collector.conf'), 'utf8'), '# mine\n');

  fs.mkdirSync(at('etc/headcount'), { recursive: true });
  fs.writeFileSync(at('etc/headcount/secret'), 'a secret of a test', { mode: 0o644 });
  await run('systemd-sysusers', [`--root=${at('')}`, at('opt/hc/lib/sysusers.d/headcount.conf')]);
  const [, , , gid] = /^headcount:.*$/m.exec(fs.readFileSync(at('etc/passwd'), 'utf8'))[0].split(':');
  await run('systemd-tmpfiles', ['--create', `--root=${at('')}`, at('opt/hc/lib/tmpfiles.d/headcount.conf')]);
  const secret = fs.statSync(at('etc/headcount/secret'));
  assert.equal((secret.mode & 0o777).toString(8), '640');
  if (process.getuid() === 0) assert.equal(secret.gid, Number(gid));
}, { ms: 300_000 });
