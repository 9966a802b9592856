// A real aggregator, or a socket that is only emptied, on core 1; datagrams for it from core 0.
import { execFileSync } from 'node:child_process';
import { Story } from '../../e2e/stage.mjs';
import { built } from './row.mjs';
import { cpuOf, pin } from './server.mjs';

/** Sends for @seconds what @options say (tests/bench/datagrams.c). Returns what it tells. */
export function send(s, port, seconds, options) {
  const words = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  const args = ['-c', '0', built('datagrams'), port, s.secretFile, seconds, ...words].map(String);
  const told = execFileSync('taskset', args, { encoding: 'utf8' }).split(' ').map(Number);
  const [datagrams, events, calls, resent, cpu, ms, acked, behind] = told;
  return { datagrams, events, calls, resent, cpu, ms, acked, behind };
}

/** The aggregator and its Redis. */
export async function startAggregator() {
  const s = new Story();
  await s.startRedis();
  await s.startAggregator();
  pin(s.redis.pid, 0);
  pin(s.aggregator.pid, 1);
  return s;
}

/** As send, with the CPU nanoseconds that the aggregator took, and datagrams that were lost. */
export async function feed(s, seconds, options) {
  const before = await s.counters(s.aggregator);
  const began = cpuOf([s.aggregator.pid]);
  const sent = send(s, s.udpPort, seconds, options);
  const ns = cpuOf([s.aggregator.pid]) - began;
  const after = await s.counters(s.aggregator);
  return { ...sent, ns, lost: after.kernel_drops - before.kernel_drops + after.missing + sent.resent };
}

/** The same datagrams to udp_floor @how. Returns what came and the CPU nanoseconds of that. */
export async function pour(s, how, seconds, options) {
  const floor = s.run(`udp_floor ${how}`, 'taskset', ['-c', '1', built('udp_floor'), how]);
  const [, port] = await floor.says(/(\d+)\n/);
  send(s, port, seconds, { ...options, deaf: 1 });
  await floor.stop();
  const [datagrams, ns, drops] = floor.out.trim().split('\n').at(-1).split(' ').map(Number);
  return { datagrams, ns, drops };
}

export async function withAggregator(measure) {
  const s = await startAggregator();
  try {
    await measure(s);
    await s.close();
  } catch (e) {
    console.error(s.logs());
    await s.closeHard();
    throw e;
  }
}
