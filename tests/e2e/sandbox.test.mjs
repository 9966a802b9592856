// The units' sandbox and the programs: nothing that they ask of the kernel from their start
// to their end is refused to them. strace listens.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, request, Story, story } from './harness.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = path.resolve(root, process.env.HEADCOUNT_BIN ?? 'build/bin');
const unit = (name) => fs.readFileSync(path.join(root, `deploy/systemd/headcount-${name}.service`), 'utf8');
const settings = (name, key) => [...unit(name).matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].map(([, value]) => value);

/** Groups of system calls by their names, as systemd has them. */
function groups() {
  const found = {};
  let members;
  for (const line of execFileSync('systemd-analyze', ['syscall-filter'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).split('\n'))
    if (/^@/.test(line)) members = found[line.trim()] = [];
    else if (/^ +[@a-z_0-9-]+$/.test(line)) members?.push(line.trim());
  return found;
}

/** What a unit's filter lets through. */
function allowed(name) {
  const all = groups();
  const members = (one) => (one.startsWith('@') ? all[one].flatMap(members) : [one]);
  const calls = new Set();
  for (const line of settings(name, 'SystemCallFilter'))
    for (const call of line.replace('~', '').split(' ').flatMap(members)) line.startsWith('~') ? calls.delete(call) : calls.add(call);
  return calls;
}

/** A daemon with strace in its back: the process is the daemon's own. */
function traced(s, name, args) {
  const trace = path.join(s.dir, `${name}.strace`);
  const env = { HEADCOUNT_ADMIN_LISTEN: '127.0.0.1:0', HEADCOUNT_OPEN_SITES: 'yes' };
  for (const port of ['STATS', 'FEED', 'NOTIFY']) env[`HEADCOUNT_${port}_LISTEN`] = '127.0.0.1:0';
  s[name] = s.run(name, 'strace', ['-D', '-f', '-q', '-o', trace, path.join(bin, `headcount-${name}`), '--secret-file', s.secretFile, '--redis', s.redisAddress, ...args], { env });
  return trace;
}

story('nothing is asked of the kernel that a unit refuses', async (s) => {
  await s.startRedis();
  const spool = path.join(s.dir, 'spool');
  fs.mkdirSync(spool);
  const traces = { aggregator: traced(s, 'aggregator', ['--udp', '127.0.0.1:0']) };
  s.udp = await Story.addressOf(s.aggregator);
  traces.collector = traced(s, 'collector', ['--listen', '127.0.0.1:0', '--aggregator', s.udp, '--workers', '2', '--spool', spool]);
  s.http = await Story.addressOf(s.collector);
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1 }, 30_000);
  for (const daemon of [s.collector, s.aggregator]) {
    for (const signal of ['SIGHUP', 'SIGUSR1']) daemon.signal(signal);
    await daemon.says(/event=counters/);
    assert.equal((await request(`http://${await Story.adminOf(daemon)}/metrics`)).status, 200);
    assert.equal((await daemon.stop(30_000)).code, 0);
  }
  for (const [name, file] of Object.entries(traces)) {
    const text = await eventually(() => {
      const all = fs.readFileSync(file, 'utf8');
      assert.ok(all.endsWith(' +++ exited with 0 +++\n'), 'strace has not written the end');
      return all;
    });
    const calls = new Set([...text.matchAll(/^\d+ +(\w+)\(/gm)].map(([, call]) => call));
    assert.ok(calls.size > 30 && calls.has('epoll_wait'), `${name}: ${[...calls]}`);
    const may = allowed(name);
    assert.ok(!may.has('reboot') && !may.has('chroot'));
    assert.deepEqual([...calls].filter((call) => !may.has(call)), [], name);
    const families = new Set([...text.matchAll(/\bsocket\((AF_\w+)/g)].map(([, family]) => family));
    const open = settings(name, 'RestrictAddressFamilies')[0].split(' ');
    assert.deepEqual([...families].filter((family) => !open.includes(family)), [], name);
    assert.ok(!text.includes('PROT_WRITE|PROT_EXEC'), `${name}: memory that is written and run`);
  }
}, { ms: 120_000 });
