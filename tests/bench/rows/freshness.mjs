// How long from a beacon to the published message, on a quiet site.
//
//   node tests/bench/fresh.mjs [BEACONS]
//
// One keep-alive connection sends a pixel every 60 to 140 ms, each by a new visitor; a subscriber
// of Redis notes when the message that counts it arrives. Both are this process, so a little
// of Node's own time is in the figures.
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Story } from '../../e2e/stage.mjs';

const beacons = Number(process.argv[2] ?? 500);
const s = new Story();
try {
  await s.start();
  let text = '';
  let wake = () => {};
  const redis = net.connect(s.socket).setEncoding('utf8').on('data', (part) => {
    text += part;
    wake();
  });
  redis.write('SUBSCRIBE hc:fresh\r\n');
  const collector = net.connect({ host: '127.0.0.1', port: s.port, noDelay: true });
  collector.on('data', () => {});
  const took = [];
  for (let i = 1; i <= beacons; i++) {
    await pause(60 + Math.random() * 80);
    const begin = performance.now();
    collector.write(`GET /hc.gif?i=fresh&p=/&u=${i} HTTP/1.1\r\nHost: x\r\n\r\n`);
    while (!text.includes(`"id":${i},`)) await new Promise((resolve) => (wake = resolve));
    took.push(performance.now() - begin);
    text = text.slice(-65536);
  }
  took.sort((a, b) => a - b);
  const at = (q) => took[Math.min(took.length - 1, Math.floor(q * took.length))].toFixed(2);
  console.log(`beacon to published message, quiet site, ${beacons} beacons: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`);
  redis.destroy();
  collector.destroy();
  await s.close();
} catch (e) {
  console.error(s.logs());
  await s.closeHard();
  throw e;
}
