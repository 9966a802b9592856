// What an event costs the aggregator from the socket to Redis, beside the bare socket.
//
//   make bench-drain
//
// Full datagrams of random visitors from four senders that obey the windows, as fast as they may;
// then at 80 % of what a core of the aggregator can take, where nothing may be lost (less was sent
// where Redis, on the sender's core, needed much of it); then the same
// datagrams at that rate to programs that only receive them (tests/bench/udp_floor.c). CPU is the
// process' own account. Datagrams of one length that follow each other go out with one call
// (UDP_SEGMENT), as few as there are: as a collector sends them.
import { feed, pour, withAggregator } from '../lib/drain.mjs';
import { row } from '../lib/row.mjs';

const ROUNDS = 3;
const SECONDS = 2;
const FULL = { train: 16, visitors: 100_000 }; // as a collector sends (UPLINK_TRAIN_MAX)

await withAggregator(async (s) => {
  const event = [], datagram = [], recvmmsg = [], gro = [], lost = [], sent = [];
  await feed(s, 1, FULL); // its site is read back, its tables grow
  for (let round = 0; round < ROUNDS; round++) {
    const all = await feed(s, SECONDS, FULL);
    event.push(all.ns / all.events);
    datagram.push(all.ns / all.datagrams);
    const rate = Math.floor((0.8e9 * all.datagrams) / all.ns);
    const most = await feed(s, SECONDS, { ...FULL, rate });
    lost.push(most.lost);
    sent.push(most.datagrams / (rate * SECONDS));
    for (const [how, found] of [['recvmmsg', recvmmsg], ['gro', gro]]) {
      const bare = await pour(s, how, SECONDS, { ...FULL, rate });
      found.push(bare.ns / bare.datagrams);
    }
  }
  const one = '1 site × 100 k visitors';
  row({ what: `socket to Redis, an event, ${one}`, unit: 'ns', ours: event, goal: '≤ 200 ns: 5 M a CPU second', most: 200 });
  row({ what: `lost at ${Math.round(80 * Math.min(...sent))} to ${Math.round(80 * Math.max(...sent))} % of a core`, unit: 'datagrams', ours: lost, goal: '0', most: 0 });
  row({ what: 'the same, a datagram', unit: 'ns', ours: datagram, peer: { name: 'bare recvmmsg', rounds: recvmmsg }, goal: '–' });
  row({ what: 'the same, a datagram', unit: 'ns', ours: datagram, peer: { name: 'bare UDP_GRO', rounds: gro }, goal: '–' });
});
