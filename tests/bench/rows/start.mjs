// How long from the exec of the aggregator until it is ready, and until a site of a million visitors has
// its right number again.
//
// Ready: /readyz answers 200, asked every two milliseconds; the program's file is in memory, its Redis
// runs. Right: a subscriber has the message that names the old number (tests/bench/restart.mjs tells
// more of it).
import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, Story } from '../../e2e/stage.mjs';
import { Feed } from '../feed.mjs';
import { cannot, row } from '../lib/row.mjs';

const STARTS = 9;
const VISITORS = 1_000_000;

const isReady = (port) =>
  new Promise((resolve) => {
    const socket = net.connect({ host: '127.0.0.1', port }, () => socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n'));
    socket.once('data', (text) => {
      resolve(String(text).startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });

/** ms from the exec of an aggregator until it is ready. */
async function timeStart(s, port) {
  const begin = performance.now();
  const program = s.daemon('aggregator', [
    '--udp', '127.0.0.1:0', '--stats-listen', 'none', '--admin-listen', `127.0.0.1:${port}`,
    '--redis', s.redisAddress, '--secret-file', s.secretFile,
  ]);
  while (!(await isReady(port))) await pause(2);
  const took = performance.now() - begin;
  await program.stop();
  return took;
}

/** ms until a message names so many visitors; and until one does that is not loading any more. */
function hear(socket, begin) {
  let rest = '';
  let said = 0;
  const redis = net.connect(socket).setEncoding('utf8');
  redis.write('SUBSCRIBE hc:million\r\n');
  return new Promise((resolve) => {
    redis.on('data', (part) => {
      const lines = (rest + part).split('\r\n');
      rest = lines.pop();
      for (const line of lines.filter((l) => l.startsWith('{'))) {
        const message = JSON.parse(line);
        if (message.visitors[30] !== VISITORS) continue;
        said ||= performance.now() - begin();
        if (message.flags.includes('loading')) continue;
        resolve([said, performance.now() - begin()]);
        redis.destroy();
      }
    });
  });
}

async function timeMillion(s) {
  const feed = new Feed(s.port);
  await feed.send(VISITORS, (k) => ({ i: 'million', p: `/${k % 7}`, u: `${k}` }));
  await eventually(async () => {
    const c = await s.counters(s.collector);
    assert.equal(c.in_ring + c.open + c.unprotected, 0);
  }, 120_000);
  const said = [];
  const known = [];
  for (let i = 0; i < 3; i++) {
    await s.aggregator.kill();
    const begin = performance.now();
    const heard = hear(s.socket, () => begin);
    const started = s.startAggregator();
    await feed.send(1, () => ({ i: 'million', p: '/0', u: '0' }));
    await started;
    const [first, loaded] = await heard;
    said.push(first / 1000);
    known.push(loaded / 1000);
  }
  feed.close();
  return { said, known };
}

const s = new Story();
try {
  await s.start();
  const port = Number((await s.constructor.addressOf(s.aggregator, 'admin')).split(':').at(-1));
  const million = await timeMillion(s);
  await s.aggregator.kill();
  const starts = [];
  for (let i = 0; i < STARTS; i++) starts.push(await timeStart(s, port));
  row({ what: 'aggregator ready after its exec', unit: 'ms', ours: starts, goal: '< 50 ms', most: 50 });
  row({ what: 'right number of a site of a million visitors', unit: 's', ours: million.said, goal: '< 1 s', most: 1 });
  row({ what: 'and all of them known', unit: 's', ours: million.known, goal: 'shown' });
  await s.close();
} catch (e) {
  console.error(s.logs().slice(-3000));
  await s.closeHard();
  cannot('start', e.message);
  process.exitCode = 1;
}
