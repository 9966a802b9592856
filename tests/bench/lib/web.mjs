// What the rows of HTTP share: the web servers, the load, and rounds in which each has its turn.
//
// Servers run on core 1; the load, those who receive datagrams, and Redis on core 0. CPU is the
// kernel's own account of the server's processes.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, Story } from '../../e2e/stage.mjs';
import { built } from './row.mjs';
import { cpuOf, freePort, pin } from './server.mjs';

export const PIXEL = '/hc.gif?i=bench&p=/articles/2025/11/how-many-people&k=v&a=r&v={u}&u={u}';

/** Runs load (tests/bench/load.c) to its end; what it printed. */
export function load(port, ...args) {
  const child = spawn('taskset', ['-c', '0', built('load'), ...args, `127.0.0.1:${port}`].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part) => (text += part));
  return new Promise((resolve, reject) =>
    child.on('close', (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(`load of ${port}: ${text}`)))));
}

/** Everything of headcount, its collector with one worker and everything on. @env: of the collector. */
export async function startHeadcount(s, { env, aggregatorEnv } = {}) {
  await s.startRedis();
  await s.startAggregator([], aggregatorEnv);
  s.collector = s.daemon('collector', [
    '--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--secret-file', s.secretFile,
    '--workers', '1', '--bots', 'built-in',
  ], env);
  s.http = await Story.addressOf(s.collector);
  await s.ready();
  pin(s.redis.pid, 0);
  pin(s.aggregator.pid, 0);
  pin(s.collector.pid, 1);
  return { name: 'headcount', port: s.port, pids: [s.collector.pid] };
}

/** Throws if hits that were answered did not count, or were let go: then the figure is another's. */
export async function allCounted(s, hits) {
  const now = await s.counters(s.collector);
  if (now.hits !== hits || now.lost_full > 0) throw new Error(`${hits} hits: ${now.hits} counted, ${now.lost_full} lost`);
}

/** Whoever listens for datagrams: its port. */
export async function startSink(s) {
  const program = s.run('sink', built('udp_sink'), []);
  const [, port] = await program.says(/(\d+)\n/);
  pin(program.pid, 0);
  return Number(port);
}

async function startPrinting(s, name, file, args) {
  const program = s.run(name, file, args);
  const [, port] = await program.says(/^(\d+)\n/);
  pin(program.pid, 1);
  return { name, port: Number(port), pids: [program.pid] };
}

/** A probe of http_floor.c: "bare", "defer", or "forward" with the port of a sink. */
export const startFloor = (s, mode, ...args) => startPrinting(s, `${mode} probe`, built('http_floor'), [mode, ...args]);

export const startNode = (s) => startPrinting(s, 'Node', process.execPath, [fileURLToPath(new URL('node_pixel.mjs', import.meta.url))]);

export const NGINX = '/usr/sbin/nginx';

/** nginx empty_gif with one worker. @log: of access_log. */
export async function startNginx(s, name, log) {
  const port = await freePort();
  const at = path.join(s.dir, name.replace(/\W/g, '_'));
  const conf = s.file(`${path.basename(at)}.conf`, `
    daemon off; master_process on; worker_processes 1; pid ${at}.pid; error_log ${at}.err; user ${process.env.USER ?? 'root'};
    events { worker_connections 1024; }
    http {
      access_log ${log}; keepalive_requests 1000000000; keepalive_timeout 60s;
      client_body_temp_path ${at}.b; proxy_temp_path ${at}.p; fastcgi_temp_path ${at}.f; uwsgi_temp_path ${at}.u;
      scgi_temp_path ${at}.s;
      server { listen 127.0.0.1:${port} backlog=4096; location = /hc.gif { empty_gif; } }
    }`);
  const program = s.run(name, NGINX, ['-c', conf, '-p', s.dir]);
  s.closing.push(() => program.stop()); // killed, it would leave its worker
  const pids = await eventually(() => {
    const kids = fs.readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim();
    if (!kids) throw new Error(`${name} has no worker`);
    return kids.split(' ').map(Number);
  });
  pids.forEach((pid) => pin(pid, 1));
  return { name, port, pids };
}

/** Asks a server with all connections busy. Returns how many requests it answered. */
export const busy = (ms, ...args) => async ({ port }) => (await load(port, '--ms', ms, ...args)).requests;

/** Throws unless @n connections wait to be accepted, by the kernel's account. */
function allWait(port, n) {
  const at = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A `;
  const line = fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').find((text) => text.includes(at));
  const found = parseInt(line.split(at)[1].split(':')[1], 16);
  if (found < n) throw new Error(`${found} of ${n} connections wait`);
}

/** Asks a server with @n new connections that were made, and their requests sent, while it was stopped:
 * the client's core takes longer over a connection than the server's, which would sleep in between,
 * the longer the less a connection costs. */
export const queued = (n, ...args) => async ({ port, pids }) => {
  const signal = (name) => pids.forEach((pid) => process.kill(pid, name));
  signal('SIGSTOP');
  try {
    const asked = load(port, '--connections', n, '--requests', n, ...args);
    await Promise.race([asked, eventually(() => allWait(port, n))]);
    signal('SIGCONT');
    return (await asked).requests;
  } finally {
    signal('SIGCONT');
  }
};

/** @rounds rounds, in each of which every server is asked in turn, after one that only warms up.
 * @ask: of a server, how many requests it answered; @rest: what is done after each round. Returns microseconds of CPU a request, round by
 * round, by the server's name, and the sum of requests. */
export async function takeTurns(servers, rounds, ask, rest = () => {}) {
  const cost = Object.fromEntries(servers.map(({ name }) => [name, []]));
  const asked = Object.fromEntries(servers.map(({ name }) => [name, 0]));
  for (let round = 0; round <= rounds; round++) {
    for (const server of servers) {
      const before = cpuOf(server.pids);
      const requests = await ask(server);
      asked[server.name] += requests;
      if (round) cost[server.name].push((cpuOf(server.pids) - before) / requests / 1000);
    }
    await rest();
  }
  return { cost, asked };
}

/** Runs @measure with a Story, which is ended whatever happens. */
export async function withStory(measure) {
  const s = new Story();
  try {
    await measure(s);
    await s.close();
  } catch (e) {
    console.error(s.logs(), e);
    await s.closeHard();
    process.exitCode = 1;
  }
}
