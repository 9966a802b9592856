// What telling one state to many readers costs a delivery, beside a bare write loop and nginx's
// nchan module.
//
//   node tests/bench/rows/fanout.mjs [STREAMS,STREAMS,…]
//
// The bare loop (tests/bench/stream_floor.c), headcount over SSE, over WebSocket, and nchan over SSE each
// hold as many streams of their own (tests/bench/stream_load.c) all the time, and a state of some 870
// bytes goes round them in turns: to ours by Redis, to nchan by POST, to the
// loop as it is. Server CPU from the write of a message until all have heard and the server
// rests again, over the number of streams. Servers run on core 1; readers, Redis and the
// aggregator on core 0.
//
// Audience Meter is in no package: its figures were taken once on another day, beside the same
// bare loop in the same run, and stand here as multiples of that: 13.1, 13.7 and 14.4 us with a
// thousand, five thousand and ten thousand streams, where the loop took 5.08, 6.21 and 7.03.
import fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, Story } from '../../e2e/stage.mjs';
import { built, cannot, row } from '../lib/row.mjs';
import { cpuOf, freePort, pin } from '../lib/server.mjs';

const sizes = (process.argv[2] ?? '1000,5000,10000').split(',').map(Number);
const ROUNDS = 11;
const messages = (streams) => Math.max(2, Math.round(8000 / streams)); // in a round: few deliveries vary much
const SITE = 'bench';
const GAP_MS = 300; // between two states of one site; streams are told one in 250 ms at most
const REST_MS = 40;
const AUDIENCE_METER = { 1000: 13.1 / 5.08, 5000: 13.7 / 6.21, 10000: 14.4 / 7.03 };
const NCHAN = '/usr/lib/nginx/modules/ngx_nchan_module.so';

let count = 0;

/** A published message; the token by which readers know it stands in a page's path. */
function message() {
  count++;
  const pages = [{ path: `/token-${String(count).padStart(16, '0')}`, visitors: 9, online: 3 }];
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

/* Each server: what runs, where its streams are and how a message gets there. */

async function startFloor(s) {
  const program = s.run('floor', built('stream_floor'), []);
  const [, port, publish] = await program.says(/(\d+) (\d+)\n/);
  return {
    name: 'bare loop', pid: program.pid, kind: 'sse', port, target: '/', trigger: ['127.0.0.1', publish],
    wrap: (text) => `event: state\ndata: ${text}\n\n`,
  };
}

async function startOurs(s, kind) {
  const program = s.daemon('collector', [
    '--listen', '127.0.0.1:0', '--aggregator', s.udp, '--redis', s.redisAddress, '--secret-file', s.secretFile,
    '--workers', '1', '--streams', '12000',
  ]);
  const port = Number((await Story.addressOf(program)).split(':').at(-1));
  const channel = `hc:${SITE}-${kind}`;
  return {
    name: kind, pid: program.pid, kind, port, target: `/sites/${SITE}-${kind}/${kind === 'sse' ? 'stream' : 'ws'}`,
    trigger: [s.socket, 0],
    wrap: (text) => {
      const own = text.replace(`"${SITE}"`, `"${SITE}-${kind}"`);
      return `*3\r\n$7\r\nPUBLISH\r\n$${channel.length}\r\n${channel}\r\n$${Buffer.byteLength(own)}\r\n${own}\r\n`;
    },
  };
}

async function startNchan(s) {
  const port = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((of) => `${of}_temp_path ${s.dir}/n.${of};`).join(' ');
  const conf = s.file('nchan.conf', `
    load_module ${NCHAN};
    daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 20000;
    pid ${s.dir}/nchan.pid; error_log ${s.dir}/nchan.err;
    events { worker_connections 19500; }
    http {
      access_log off; keepalive_requests 1000000000; keepalive_timeout 600s; nchan_shared_memory_size 128m; ${temp}
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location = /pub { nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 2; }
        location = /sub { nchan_subscriber; nchan_channel_id bench; nchan_subscriber_first_message newest; }
      }
    }`);
  const program = s.run('nchan', '/usr/sbin/nginx', ['-c', conf, '-p', s.dir, '-g', `user ${process.env.USER ?? 'root'};`]);
  s.closing.push(() => program.stop()); // killed, it would leave its worker behind
  const pid = await eventually(() => {
    const kids = fs.readFileSync(`/proc/${program.pid}/task/${program.pid}/children`, 'utf8').trim();
    if (!kids) throw new Error('nchan has no worker');
    return Number(kids.split(' ')[0]);
  });
  return {
    name: 'nchan', pid, kind: 'sse', port, target: '/sub', trigger: ['127.0.0.1', port],
    wrap: (text) => `POST /pub HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  };
}

/** Opens the streams of a server. */
async function open(s, server, streams) {
  pin(server.pid, 1);
  server.load = s.run(`readers of ${server.name}`, 'taskset', ['-c', '0', built('stream_load'), server.kind, '127.0.0.1',
    server.port, server.target, streams, ...server.trigger], { stdin: true });
  s.closing.push(() => server.load.kill());
  await server.load.says(/ready (\d+)/);
  server.told = performance.now();
}

/** Microseconds of the server's CPU a delivery of one message. */
async function tell(server, streams) {
  await pause(Math.max(0, server.told + GAP_MS - performance.now()));
  const from = server.load.out.length;
  const before = cpuOf([server.pid]);
  server.load.write(`${escape(server.wrap(message()))}\n`);
  await eventually(() => {
    if (/heard .*\n/.test(server.load.out.slice(from))) return;
    throw Object.assign(new Error(server.load.log()), { isFinal: server.load.ended !== null });
  }, 30_000);
  await pause(REST_MS);
  server.told = performance.now();
  return (cpuOf([server.pid]) - before) / streams / 1000;
}

async function measure(streams) {
  const s = new Story();
  try {
    await s.startRedis();
    pin(s.redis.pid, 0);
    await s.startAggregator();
    pin(s.aggregator.pid, 0);
    const servers = [await startFloor(s), await startOurs(s, 'sse'), await startOurs(s, 'ws')];
    if (fs.existsSync(NCHAN)) servers.push(await startNchan(s));
    for (const server of servers) await open(s, server, streams);
    const cost = Object.fromEntries(servers.map(({ name }) => [name, []]));
    for (const server of servers) await tell(server, streams); // warm-up
    for (let i = 0; i < ROUNDS; i++) {
      for (const server of servers) cost[server.name].push(0);
      for (let k = 0; k < messages(streams); k++)
        for (const server of servers) cost[server.name][i] += (await tell(server, streams)) / messages(streams);
    }
    return cost;
  } finally {
    await s.closeHard();
  }
}

for (const streams of sizes) {
  const cost = await measure(streams);
  const floor = cost['bare loop'];
  const times = AUDIENCE_METER[streams];
  const audience = times && { name: `Audience Meter, as published ${times.toFixed(2)} × the loop:`, rounds: floor.map((us) => us * times) };
  const many = streams.toLocaleString('en');
  for (const [kind, name] of [['sse', 'SSE'], ['ws', 'WebSocket']]) {
    const line = { what: `${name}, ${many} streams, a delivery`, unit: 'µs', ours: cost[kind] };
    row({ ...line, peer: { name: 'bare loop', rounds: floor }, most: 1.1, goal: '≤ 1.1 ×' });
    if (kind === 'sse' && cost.nchan) row({ ...line, peer: { name: 'nchan SSE', rounds: cost.nchan }, least: 1.4, goal: '≥ 1.4 × cheaper' });
    if (kind === 'sse' && !cost.nchan) cannot(line.what, 'nchan is not installed (libnginx-mod-nchan)');
    if (audience) row({ ...line, peer: audience, least: 1.8, goal: '≥ 1.8 × cheaper' });
  }
}
