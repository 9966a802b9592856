// What a keep-alive pixel costs the server in CPU, beside nginx, interleaved in one run.
//
//   node tests/bench/pixel.mjs [ROUNDS] [SECONDS]
//
// headcount-collector with one worker and everything on (parser, identity, datagrams to a
// real aggregator, Redis) against nginx empty_gif with the access log off, and with the access
// log sent by UDP syslog, its nearest equivalent to forwarding; against itself with --dialects
// none; and, after `make forget`, against our own sender without acknowledgements. Servers run on core 1, the load
// (tests/bench/pixel_load.c), the receivers (aggregator, udp_sink) and Redis on core 0. CPU is
// the kernel's own account of the process, /proc/PID/task/*/schedstat. Medians over the rounds; ratios are taken round by round.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, Story } from '../../e2e/stage.mjs';
import { cpuOf, freePort, median, pin } from '../lib/server.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const load = path.join(root, 'build/tests/bench/pixel_load');
const rounds = Number(process.argv[2] ?? 7);
const seconds = Number(process.argv[3] ?? 2);
const CONNECTIONS = 64;

async function startNginx(s, name, log) {
  const port = await freePort();
  const conf = s.file(`${name}.conf`, `
    daemon off; master_process on; worker_processes 1; pid ${s.dir}/${name}.pid; error_log ${s.dir}/${name}.err;
    events { worker_connections 1024; }
    http {
      access_log ${log}; keepalive_requests 1000000000; keepalive_timeout 60s;
      client_body_temp_path ${s.dir}/${name}.b; proxy_temp_path ${s.dir}/${name}.p;
      fastcgi_temp_path ${s.dir}/${name}.f; uwsgi_temp_path ${s.dir}/${name}.u; scgi_temp_path ${s.dir}/${name}.s;
      server { listen 127.0.0.1:${port}; location = /hc.gif { empty_gif; } }
    }`);
  const program = s.run(name, '/usr/sbin/nginx', ['-c', conf, '-p', s.dir, '-g', `user ${process.env.USER ?? 'root'};`]);
  const worker = await eventually(() => {
    const kids = fs.readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim();
    if (!kids) throw new Error(`${name} has no worker`);
    return kids.split(' ').map(Number);
  });
  worker.forEach((pid) => pin(pid, 1));
  return { name, port, pids: worker, program };
}

/** The same collector, which understands no other system. */
async function startPlain(s) {
  const program = s.daemon('collector', [
    '--listen', '127.0.0.1:0', '--aggregator', s.udp, '--workers', '1', '--dialects', 'none', '--admin-listen', 'none',
    '--feed-listen', 'none', '--notify-listen', 'none', '--redis', s.redisAddress, '--secret-file', s.secretFile,
  ]);
  const port = Number((await Story.addressOf(program)).split(':').at(-1));
  pin(program.pid, 1);
  return { name: 'no-dialects', port, pids: [program.pid], program };
}

/** Our own programs as `make forget` builds them, with a database of their own. */
async function startForgetful(s) {
  const bin = path.join(root, 'build/forget/bin');
  if (!fs.existsSync(bin)) return [];
  const common = ['--redis', `${s.redisAddress}?db=1`, '--secret-file', s.secretFile, '--admin-listen', 'none'];
  const aggregator = s.run('forget-aggregator', path.join(bin, 'headcount-aggregator'), ['--udp', '127.0.0.1:0', '--stats-listen', 'none', ...common]);
  pin(aggregator.pid, 0);
  const program = s.run('forget-collector', path.join(bin, 'headcount-collector'), [
    '--listen', '127.0.0.1:0', '--aggregator', await Story.addressOf(aggregator), '--workers', '1',
    '--feed-listen', 'none', '--notify-listen', 'none', '--open-sites', ...common,
  ]);
  const port = Number((await Story.addressOf(program)).split(':').at(-1));
  pin(program.pid, 1);
  return [{ name: 'forgetful', port, pids: [program.pid], program }];
}

const s = new Story();
try {
  const sink = s.run('sink', path.join(root, 'build/tests/bench/udp_sink'), []);
  const [, syslog] = await sink.says(/(\d+)\n/);
  pin(sink.pid, 0);
  await s.start();
  pin(s.redis.pid, 0);
  pin(s.aggregator.pid, 0);
  pin(s.collector.pid, 1);
  const servers = [
    { name: 'headcount', port: s.port, pids: [s.collector.pid] },
    await startPlain(s),
    ...(await startForgetful(s)),
    await startNginx(s, 'nginx-log-off', 'off'),
    await startNginx(s, 'nginx-syslog', `syslog:server=127.0.0.1:${syslog}`),
  ];
  const cost = Object.fromEntries(servers.map(({ name }) => [name, []]));
  const late = Object.fromEntries(servers.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, port, pids } of servers) {
      const before = cpuOf(pids);
      const run = spawnSync('taskset', ['-c', '0', load, '127.0.0.1', port, CONNECTIONS, seconds,
        '/hc.gif?i=bench&p=/articles/2025/11/how-many-people&k=v&a=r&v=Zk3x9Q'].map(String), { encoding: 'utf8' });
      if (run.status !== 0) throw new Error(`${name}: ${run.stderr}`);
      const [answered, , , , p99] = run.stdout.trim().split(' ').map(Number);
      if (round === 0) continue; // warm-up
      cost[name].push((cpuOf(pids) - before) / answered / 1000);
      late[name].push(p99);
    }
  }
  console.log(`keep-alive pixel, 800 B of headers, ${CONNECTIONS} connections, ${rounds} rounds of ${seconds} s`);
  for (const { name } of servers) {
    const ratio = median(cost.headcount.map((us, i) => us / cost[name][i]));
    console.log(`  ${name.padEnd(14)} ${median(cost[name]).toFixed(2).padStart(7)} us of server CPU a request` +
      `   headcount / it = ${ratio.toFixed(2)}   p99 ${median(late[name])} us`);
  }
  const counters = await s.counters(s.aggregator);
  console.log(`  aggregator: views=${counters.views} missing=${counters.missing} kernel_drops=${counters.kernel_drops}`);
  for (const { program } of servers) await program?.stop();
  await s.close();
} catch (e) {
  console.error(s.logs());
  await s.closeHard();
  throw e;
}
