// A datagram in, the state of its sites updated: MAC, receive rules, decoding and folding, random visitors.
import { foldRounds } from '../lib/fold.mjs';
import { row } from '../lib/row.mjs';

const what = (sites, visitors, mixed) =>
  `event folded, ${sites} × ${visitors} visitors${mixed ? ', sites mixed within datagrams' : ''}`;

const [small, large, many, vast, mixed] = [
  foldRounds(1, 100_000), foldRounds(1, 10_000_000), foldRounds(10_000, 1_000_000),
  foldRounds(10_000, 10_000_000), foldRounds(10_000, 1_000_000, true),
];
row({ what: what('1 site', '100 k'), unit: 'ns', ours: small.all, most: 120, goal: '≤ 120' });
row({ what: what('10 k sites', '1 M'), unit: 'ns', ours: many.all, most: 200, goal: '≤ 200' });
row({ what: what('1 site', '10 M'), unit: 'ns', ours: large.all, most: 230, goal: '≤ 230' });
row({ what: what('10 k sites', '10 M'), unit: 'ns', ours: vast.all, most: 230, goal: '≤ 230' });
row({ what: what('10 k sites', '1 M', true), unit: 'ns', ours: mixed.all, goal: '– (all memory is far)' });
