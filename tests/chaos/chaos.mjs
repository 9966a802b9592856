// Everything goes wrong, for as long as you like; in the end every event is accounted for.
//
//   node tests/chaos/chaos.mjs [--minutes 10] [--seed N] [--rate 2000] [--aggregators 1]
//                              [--workers 2] [--pressure 0] [--spool] [--forgets] [--quiet]
//
// HEADCOUNT_BIN names the programs. --pressure: so many hits a second more, of a site of their own,
// that nobody looks for; those of them that are lost are among those counted as lost. --forgets is for
// the fire-and-forget build (`make forget`), which has nothing to settle. Prints what happened, and
// ends with 1 when an event is missing without having been counted lost, or is there twice.
import { parseArgs } from 'node:util';
import { chaos, imbalance, lost } from './run.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    rate: { type: 'string', default: '2000' },
    aggregators: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    pressure: { type: 'string', default: '0' },
    hold: { type: 'string' },
    spool: { type: 'boolean', default: false },
    forgets: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
console.log(`seed ${seed}`);
const begun = performance.now();
const r = await chaos({
  seconds: Number(values.minutes) * 60,
  seed,
  rate: Number(values.rate),
  aggregators: Number(values.aggregators),
  workers: Number(values.workers),
  pressure: Number(values.pressure),
  hold: values.hold,
  spool: values.spool,
  forgets: values.forgets,
  say: (text) => values.quiet || console.log(`${((performance.now() - begun) / 1000).toFixed(1)} s  ${text}`),
});
const uncounted = values.forgets ? r.missing.length : Math.max(0, r.missing.length - lost(r.counters));
console.log(`
events sent ${r.sent}, answered ${r.answered}, stored ${r.stored}
double ${r.double}, missing ${r.missing.length}, of them not counted lost ${uncounted}, invented ${r.invented.length}, rows that do not add up ${r.wrong.length}
collector: ${JSON.stringify(r.counters)}
accepted less durable, in_ring, open, unprotected and lost: ${imbalance(r.counters)}
${r.pressed ? `pressure: ${JSON.stringify(r.pressed)}\n` : ''}kill -9: aggregator ${r.kills.aggregator}, Redis ${r.kills.redis}, collector ${r.kills.collector}; ${JSON.stringify(r.done)}
exit codes ${r.exits}`);
for (const line of [...r.wrong.slice(0, 20), ...r.missing.slice(0, 20).map((event) => `missing ${event}`)]) console.log(line);
const bad = r.double || uncounted || r.invented.length || r.wrong.length || imbalance(r.counters);
process.exit(bad ? 1 : 0);
