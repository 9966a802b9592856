// What a keep-alive pixel with the headers of Chrome costs the server.
//
//   node tests/bench/rows/pixel.mjs [ROUNDS] [MS]
//
// Beside headcount, in turns: the probe that only forwards (http_floor.c), nginx empty_gif with its
// access log off, and with the log sent by UDP, its nearest equivalent to forwarding, and a server
// in Node. 64 connections, a visitor of its own for each request.
import fs from 'node:fs';
import { cannot, row } from '../lib/row.mjs';
import { allCounted, busy, NGINX, PIXEL, startFloor, startHeadcount, startNginx, startNode, startSink, takeTurns, withStory } from '../lib/web.mjs';

const rounds = Number(process.argv[2] ?? 15);
const ms = Number(process.argv[3] ?? 450);
const what = 'keep-alive pixel, 800 B of headers';
const goals = [
  ['forward probe', { goal: '≤ 1.15 × it', most: 1.15 }],
  ['nginx, log off', { goal: '≥ 1.4 × cheaper', least: 1.4 }],
  ['nginx, syslog', { goal: '≥ 2.2 × cheaper', least: 2.2 }],
  ['Node', { goal: '≥ 4.5 × cheaper', least: 4.5 }],
];

await withStory(async (s) => {
  const sink = await startSink(s);
  const servers = [await startHeadcount(s), await startFloor(s, 'forward', sink)];
  if (fs.existsSync(NGINX))
    servers.push(await startNginx(s, 'nginx, log off', 'off'), await startNginx(s, 'nginx, syslog', `syslog:server=127.0.0.1:${sink}`));
  servers.push(await startNode(s));
  const { cost, asked } = await takeTurns(servers, rounds, busy(ms, '--target', PIXEL));
  await allCounted(s, asked.headcount);
  for (const [name, goal] of goals)
    if (cost[name]) row({ what, unit: 'µs', ours: cost.headcount, peer: { name, rounds: cost[name] }, ...goal });
    else cannot(what, `${NGINX} is not installed`);
});
