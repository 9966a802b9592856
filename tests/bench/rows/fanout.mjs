// What a live stream costs, beside nginx's nchan module and a bare write loop, in one run.
//
//   node tests/bench/stream.mjs [MESSAGES] [STREAMS,STREAMS,…]
//
// One state of some 700 bytes goes to 1,000, 5,000 and 10,000 readers, MESSAGES times, each a
// while after the one before, as in life: CPU of the server per delivery (the kernel's own
// account of the process), the time from publishing until half, 99 % and all of the readers
// have it (medians over the messages), and the server's memory per idle stream (RSS, so
// without the kernel's). Servers run on core 1; readers (tests/bench/stream_load.c) and Redis on
// core 0. nchan takes the same bytes by POST, we take them from Redis.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, Story } from '../../e2e/stage.mjs';
import { cpuOf, freePort, median, pin } from '../lib/server.mjs';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const built = (name) => path.join(root, 'build/tests/bench', name);
const messages = Number(process.argv[2] ?? 20);
const sizes = (process.argv[3] ?? '1000,5000,10000').split(',').map(Number);
const SITE = 'bench';
const GAP_MS = 400; // our streams tell a state at most four times a second

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function memoryOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

let count = 0;

/** A published message; the token by which readers know it stands in a page's path. */
function message() {
  count++;
  const token = `token-${String(count).padStart(16, '0')}`;
  const pages = [{ path: `/${token}`, visitors: 9, online: 3 }];
  for (let i = 0; i < 5; i++) pages.push({ path: `/articles/2025/11/number-${i}`, visitors: 5, online: 2 });
  return JSON.stringify({
    v: 1, site: SITE, e: 1763776800123, q: count, n: count, t: Date.now(), d: { pv: 1, ev: 0, new: 1 },
    online: { total: 42, active: 30, writing: 1, reading: 20, idle: 9, background: 12, tabs: 55 },
    visitors: { 1: 40, 5: 60, 30: 200 }, pv: { 1: 44, 5: 120, 30: 900 },
    engaged: { 1: 61000, 5: 90000, 30: 90000 },
    peak: { day: 50, dayAt: 1763776700000, all: 90, allAt: 1763000000000 },
    total: { views: 1234, visits: 567, since: 1763000000000 }, feed: { life: 1763000000000, last: 0 },
    pages, flags: [], events: [],
  });
}

const escape = (text) => text.replaceAll('\\', '\\\\').replaceAll('\r', '\\r').replaceAll('\n', '\\n');

/** A pid that lives, the streams' ways in, and how a message gets there. */
async function startNchan(s) {
  const port = await freePort();
  const conf = s.file('nchan.conf', `
    load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
    daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 20000;
    pid ${s.dir}/nchan.pid; error_log ${s.dir}/nchan.err;
    events { worker_connections 19500; }
    http {
      access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; nchan_shared_memory_size 128m;
      client_body_temp_path ${s.dir}/n.b; proxy_temp_path ${s.dir}/n.p;
      fastcgi_temp_path ${s.dir}/n.f; uwsgi_temp_path ${s.dir}/n.u; scgi_temp_path ${s.dir}/n.s;
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location = /pub { nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 2; }
        location = /sub { nchan_subscriber; nchan_channel_id bench; nchan_subscriber_first_message newest; }
      }
    }`);
  const program = s.run('nchan', '/usr/sbin/nginx', ['-c', conf, '-p', s.dir, '-g', `user ${process.env.USER ?? 'root'};`]);
  const pid = await eventually(() => {
    const kids = fs.readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim();
    if (!kids) throw new Error('nchan has no worker');
    return Number(kids.split(' ')[0]);
  });
  pin(pid, 1);
  return {
    pid, program, port, target: () => '/sub', trigger: ['127.0.0.1', port],
    wrap: (text) => `POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  };
}

async function startFloor(s) {
  const program = s.run('floor', built('stream_floor'), []);
  const [, port, publish] = await program.says(/(\d+) (\d+)\n/);
  pin(program.pid, 1);
  return {
    pid: program.pid, program, port, target: () => '/', trigger: ['127.0.0.1', publish],
    wrap: (text) => `event: state\ndata: ${text}\n\n`,
  };
}

async function startOurs(s) {
  const program = await s.startCollector(['--workers', 1, '--streams', 12000]);
  pin(program.pid, 1);
  await eventually(async () => { if ((await s.request('/readyz')).status !== 200) throw new Error('not ready'); });
  return {
    pid: program.pid, program, port: s.port, target: (kind) => `/sites/${SITE}/${kind === 'sse' ? 'stream' : 'ws'}`,
    trigger: [s.socket, 0],
    wrap: (text) => `*3\r\n$7\r\nPUBLISH\r\n$${3 + SITE.length}\r\nhc:${SITE}\r\n$${Buffer.byteLength(text)}\r\n${text}\r\n`,
  };
}

/** One server, one kind, one number of readers; the server is a fresh process. */
async function measure(start, kind, streams) {
  const s = await start();
  await sleep(300);
  const empty = memoryOf(s.server.pid);
  const load = s.story.run('load', 'taskset', ['-c', '0', built('stream_load'), kind, '127.0.0.1', s.server.port,
    s.server.target(kind), streams, ...s.server.trigger], { stdin: true });
  const [, ready] = await load.says(/ready (\d+)/);
  await sleep(1000);
  const memory = (memoryOf(s.server.pid) - empty) / streams;
  const rows = [];
  let cpu = 0;
  for (let i = 0; i < messages + 2; i++) {
    const before = cpuOf([s.server.pid]);
    const told = load.out.length;
    load.write(escape(s.server.wrap(message())) + '\n');
    const row = await eventually(() => {
      const m = /heard (\d+) (\d+) (\d+)\n/.exec(load.out.slice(told));
      if (!m) throw new Error('not all have heard');
      return m.slice(1).map(Number);
    }, 30_000);
    await sleep(GAP_MS);
    if (i < 2) continue; // warm-up
    cpu += cpuOf([s.server.pid]) - before;
    rows.push(row);
  }
  await load.kill();
  await s.server.program.stop();
  return {
    cpu: cpu / messages / streams / 1000, memory, ready: Number(ready),
    p50: median(rows.map((r) => r[0])) / 1000, p99: median(rows.map((r) => r[1])) / 1000, last: median(rows.map((r) => r[2])) / 1000,
  };
}

const story = new Story();
try {
  await story.startRedis();
  pin(story.redis.pid, 0);
  await story.startAggregator();
  pin(story.aggregator.pid, 0);
  const kinds = [
    ['bare write loop', 'sse', startFloor],
    ['headcount', 'sse', startOurs],
    ['headcount', 'ws', startOurs],
    ...(fs.existsSync('/usr/lib/nginx/modules/ngx_nchan_module.so') ? [['nchan', 'sse', startNchan], ['nchan', 'ws', startNchan]] : []),
  ];
  console.log(`live streams: ${messages} messages of ${message().length} bytes, one every ${GAP_MS} ms`);
  for (const streams of sizes) {
    console.log(`${streams} streams            us/delivery  x floor   p50 ms   p99 ms  last ms   bytes/stream  open ms`);
    let floor;
    for (const [name, kind, start] of kinds) {
      const m = await measure(async () => ({ story, server: await start(story) }), kind, streams);
      floor ??= m;
      console.log(`  ${`${name} ${kind}`.padEnd(22)}${m.cpu.toFixed(2).padStart(9)}${(m.cpu / floor.cpu).toFixed(2).padStart(9)}` +
        `${m.p50.toFixed(1).padStart(9)}${m.p99.toFixed(1).padStart(9)}${m.last.toFixed(1).padStart(9)}` +
        `${m.memory.toFixed(0).padStart(12)}${String(m.ready).padStart(10)}`);
    }
  }
} finally {
  await story.close();
}
