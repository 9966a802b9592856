// What an event takes on the wire, in bytes; and to be read there, beside msgpack-c.
import { figures } from '../lib/figures.mjs';
import { row } from '../lib/row.mjs';

const { bytes_new: [fresh], bytes_live: [live], add: [add], next: [next], unpack: [unpack], open: [open], copy: [copy] } = figures('wire_bench', 5);

row({ what: 'wire, an event with a path of 40 B', unit: 'B', ours: fresh, goal: '≤ 60 B', most: 60 });
row({ what: 'wire, an event of a site with 100 live paths', unit: 'B', ours: live, goal: '≤ 35 B', most: 35 });
row({ what: 'an event read and checked', unit: 'ns', ours: next, peer: { name: 'msgpack_unpack', rounds: unpack }, goal: '–' });
row({ what: 'an event written', unit: 'ns', ours: add, goal: '–' });
row({ what: 'a datagram verified', unit: 'ns', ours: open, peer: { name: 'memcpy', rounds: copy }, goal: '–' });
