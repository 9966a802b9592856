// What one more costs: an idle keep-alive connection, an idle stream, a visitor, an open tab.
//
//   node tests/bench/rows/memory.mjs [CONNECTIONS] [ROUNDS]
//
// Connections and streams: so much more the server's resident memory is with 10,000 of them than
// without, each by a server that was just started; what the kernel holds for sockets is not in it.
// Each connection has had an answer. Beside them nginx (empty_gif, keep-alive; what it takes in
// advance for its worker_connections is not in its figure) and nchan with one message in its channel.
// Visitors and tabs: what the aggregator has allocated (tests/bench/memory_bench.c); beside them a
// Redis SET of a million members of eight bytes.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { eventually, Story } from '../../e2e/stage.mjs';
import { built, cannot, row } from '../lib/row.mjs';
import { freePort } from '../lib/server.mjs';

const connections = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 2);
const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so';
const SITE = 'bench';
const pixel = `/hc.gif?i=${SITE}&p=/articles/2025/11/how-many-people&k=v&u=somebody`;

function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

async function startOurs(s) {
  const program = await s.startCollector(['--workers', 1, '--streams', 12000]);
  await eventually(async () => {
    if ((await s.request('/readyz')).status !== 200) throw new Error('not ready');
  });
  return { program, pid: program.pid, port: s.port };
}

async function startNginx(s, name, module, server) {
  const port = await freePort();
  const conf = s.file(`${name}.conf`, `
    ${module}
    daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 20000;
    pid ${s.dir}/${name}.pid; error_log ${s.dir}/${name}.err;
    events { worker_connections 19500; }
    http {
      access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
      client_body_temp_path ${s.dir}/n.b; proxy_temp_path ${s.dir}/n.p;
      fastcgi_temp_path ${s.dir}/n.f; uwsgi_temp_path ${s.dir}/n.u; scgi_temp_path ${s.dir}/n.s;
      server { listen 127.0.0.1:${port} backlog=4096; ${server} }
    }`);
  const program = s.run(name, '/usr/sbin/nginx', ['-c', conf, '-p', s.dir, '-g', `user ${process.env.USER ?? 'root'};`]);
  const pid = await eventually(() => {
    const kids = fs.readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim();
    if (!kids) throw new Error(`${name} has no worker`);
    return Number(kids.split(' ')[0]);
  });
  await eventually(() => fetch(`http://127.0.0.1:${port}/`)); // whatever it says
  return { program, pid, port };
}

const startPlain = (s) => startNginx(s, 'nginx', '', 'location = /hc.gif { empty_gif; }');

async function startNchan(s) {
  const server = await startNginx(s, 'nchan', `load_module ${NCHAN};`, `
    location = /pub { nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 2; }
    location = /sub { nchan_subscriber; nchan_channel_id bench; nchan_subscriber_first_message newest; }`);
  await fetch(`http://127.0.0.1:${server.port}/pub`, { method: 'POST', body: 'x'.repeat(700) });
  return server;
}

/** Bytes of the server for each connection of a kind. */
async function each(s, start, kind, target) {
  const server = await start(s);
  const before = memoryOf(server.pid);
  const load = s.run('load', built('idle_load'), [kind, '127.0.0.1', server.port, connections, target].map(String), { stdin: true });
  await load.says(/ready\n/);
  const bytes = (memoryOf(server.pid) - before) / connections;
  await load.kill();
  await server.program.stop();
  return bytes;
}

/** Of each round: ours and the peer's, if it is here. */
async function measure(s, [ourKind, ourTarget], peer) {
  const ours = [];
  const theirs = [];
  for (let i = 0; i < rounds; i++) {
    ours.push(await each(s, startOurs, ourKind, ourTarget));
    if (peer) theirs.push(await each(s, peer.start, ourKind, peer.target));
  }
  return { ours, peer: peer && { name: peer.name, rounds: theirs } };
}

/** One line for the bound, and one beside the peer, which must cost more. */
function print(what, { ours, peer }, most, missing) {
  row({ what, unit: 'B', ours, goal: `≤ ${most} B`, most });
  if (peer) row({ what: `${what}, beside`, unit: 'B', ours, peer, goal: '< the peer', most: 1 });
  else cannot(`${what}, beside`, missing);
}

/** Bytes of a member of a set of a million. */
async function redisMember(s) {
  const used = async () => Number(/used_memory:(\d+)/.exec(await s.redisCli('info', 'memory'))[1]);
  const before = await used();
  await s.redisCli('eval', `for i = 1, 1000000 do redis.call('SADD', KEYS[1],
    struct.pack('>I4I4', i * 2654435761 % 4294967296, i)) end`, '1', 'visitors');
  const bytes = (await used()) - before;
  await s.redisCli('unlink', 'visitors');
  return bytes / 1e6;
}

const s = new Story();
try {
  await s.startRedis();
  await s.startAggregator();
  const has = (file) => fs.existsSync(file);
  const nginx = has('/usr/sbin/nginx') && { name: 'nginx', start: startPlain, target: '/hc.gif' };
  const nchan = has(NCHAN) && { name: 'nchan', start: startNchan, target: '/sub' };
  print('memory of an idle keep-alive connection', await measure(s, ['pixel', pixel], nginx), 400, 'nginx is not installed');
  print('memory of an idle SSE stream', await measure(s, ['sse', `/sites/${SITE}/stream`], nchan), 600, 'nchan is not installed');
  print('memory of an idle WebSocket', await measure(s, ['ws', `/sites/${SITE}/ws`], nchan), 600, 'nchan is not installed');
  const [million, ten, fewTabs, tabs] = execFileSync(built('memory_bench'), { encoding: 'utf8' }).trim().split(' ').map(Number);
  const member = await redisMember(s);
  print('memory of a visitor of a million', { ours: [million], peer: { name: 'Redis SET', rounds: [member] } }, 32);
  row({ what: 'memory of a visitor of ten million', unit: 'B', ours: [ten], goal: '≤ 32 B', most: 32 });
  row({ what: 'memory of an open tab of 100,000 and of a million', unit: 'B', ours: [fewTabs, tabs], goal: '≤ 64 B', most: 64 });
} catch (e) {
  console.error(s.logs());
  throw e;
} finally {
  await s.close();
}
