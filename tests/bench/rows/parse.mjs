// What it costs to understand a request of a browser: its head, and the fields of its query.
//
// The peer is no parser at all: memchr over the lines of the same request.
import { figures } from '../lib/figures.mjs';
import { row } from '../lib/row.mjs';

const { bytes: [bytes], lines: [lines], fields: [ns, mallocs], whole: [whole, wholeMallocs] } = figures('parse_bench', 7);
const what = `request of ${bytes[0]} B parsed, fields taken`;

row({ what, unit: 'ns', ours: ns, goal: '≤ 150 ns', most: 150 });
row({ what: `${what}, beside its lines alone`, unit: 'ns', ours: ns, peer: { name: 'memchr', rounds: lines }, goal: '–' });
row({ what: 'from the request to its place in a datagram', unit: 'ns', ours: whole, peer: { name: 'memchr', rounds: lines }, goal: '–' });
row({ what: 'calls of malloc for that', unit: '', ours: mallocs.map((n, i) => n + wholeMallocs[i]), goal: '0', most: 0 });
