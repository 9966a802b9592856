// What 100,000 datagrams a second of one event each cost, beside libuv as it comes.
//
//   make bench-quiet
//
// One by one, ten microseconds apart, so that whoever is woken by each has to be; and as 2,000
// trains of fifty, as a sender with UDP_SEGMENT gives them to the kernel. The part of a core is the
// process' own account over the time.
import { feed, pour, withAggregator } from '../lib/drain.mjs';
import { row } from '../lib/row.mjs';

const ROUNDS = 3;
const SECONDS = 2;
const LOAD = { rate: 100_000, hits: 1, path: 4 };
const percent = ({ ns }) => ns / (SECONDS * 1e7);

await withAggregator(async (s) => {
  const single = [], train = [], libuv = [], bare = [];
  await feed(s, 1, LOAD);
  for (let round = 0; round < ROUNDS; round++) {
    single.push(percent(await feed(s, SECONDS, LOAD)));
    train.push(percent(await feed(s, SECONDS, { ...LOAD, train: 50 })));
    libuv.push(percent(await pour(s, 'libuv', SECONDS, LOAD)));
    bare.push(percent(await pour(s, 'recvmmsg', SECONDS, LOAD)));
  }
  const what = '100 k datagrams/s of one event';
  row({ what: `${what}, one by one`, unit: '% of a core', ours: single, goal: '≤ 10 %', most: 10 });
  row({ what: `${what}, in trains`, unit: '% of a core', ours: train, goal: '≤ 10 %', most: 10 });
  row({ what: `${what}, one by one`, unit: '% of a core', ours: single, peer: { name: 'libuv, nothing done', rounds: libuv }, goal: '–' });
  row({ what: `${what}, one by one`, unit: '% of a core', ours: single, peer: { name: 'bare recvmmsg each ms', rounds: bare }, goal: '–' });
});
