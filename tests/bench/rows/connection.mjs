// What a pixel costs the server that comes on a connection of its own.
//
//   node tests/bench/rows/connection.mjs [ROUNDS]
//
// With `Connection: close`, so that the server closes, and once more with clients that close when
// they have the answer. Beside headcount, in turns: nginx empty_gif with its access log off, and the
// probe that does nothing else (http_floor.c defer). A round is 900 connections with the headers of
// Chrome, which were waiting to be accepted.
import fs from 'node:fs';
import { cannot, row } from '../lib/row.mjs';
import { allCounted, NGINX, PIXEL, queued, startFloor, startHeadcount, startNginx, takeTurns, withStory } from '../lib/web.mjs';

const CONNECTIONS = 900; // nginx has 1,024
const rounds = Number(process.argv[2] ?? 21);

await withStory(async (s) => {
  const headcount = await startHeadcount(s);
  const floor = await startFloor(s, 'defer');
  const nginx = fs.existsSync(NGINX) ? await startNginx(s, 'nginx, log off', 'off') : null;
  let hits = 0;
  const measure = async (who, servers) => {
    const { cost, asked } = await takeTurns(servers.filter(Boolean), rounds, queued(CONNECTIONS, '--target', PIXEL, '--once', who));
    hits += asked.headcount;
    return ({ name }, goal) =>
      row({ what: `a connection each pixel, the ${who} closes`, unit: 'µs', ours: cost.headcount, peer: { name, rounds: cost[name] }, ...goal });
  };
  const server = await measure('server', [headcount, nginx, floor]);
  if (nginx) server(nginx, { goal: '≥ 1.2 × cheaper', least: 1.2 });
  else cannot('a connection each pixel', `${NGINX} is not installed`);
  server(floor, { goal: 'to compare' });
  if (nginx) (await measure('client', [headcount, nginx]))(nginx, { goal: '≥ 1.2 × cheaper', least: 1.2 });
  await allCounted(s, hits);
});
