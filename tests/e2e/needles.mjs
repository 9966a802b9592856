// What a person would be known by, in all the ways it may be written down, and the search for
// them in anything that is bytes: many at once, each byte looked at once.
import fs from 'node:fs';
import net from 'node:net';

const HASH_BITS = 20;
const hashOf = (word) => Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);

const reversed = (bytes) => Buffer.from(bytes).reverse();
const number = (bytes) => BigInt(`0x${bytes.toString('hex')}`).toString();

/** The bytes of an address, 4 or 16. */
export function bytesOf(address) {
  if (net.isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head, tail = ''] = address.split('::');
  const of = (part) => (part ? part.split(':') : []).map((group) => group.padStart(4, '0'));
  const [left, right] = [of(head), of(tail)];
  const zeros = Array(8 - left.length - right.length).fill('0000');
  return Buffer.from([...left, ...zeros, ...right].join(''), 'hex');
}

const numbers = (bytes) =>
  [bytes, reversed(bytes)].flatMap((some) => [
    ['bytes', some],
    ['decimal', number(some)],
    ['hex', some.toString('hex')],
    ['HEX', some.toString('hex').toUpperCase()],
  ]);

/** All ways to write the address: { how, bytes, weak }. weak: 32 bits, which random numbers
 *  have now and then. */
export function spellings(address) {
  const bytes = bytesOf(address);
  const hex = bytes.toString('hex');
  const all =
    bytes.length === 4
      ? [['text', address], ['backwards', address.split('.').reverse().join('.')], ['mapped', `${hex.slice(0, 4)}:${hex.slice(4)}`], ...numbers(bytes)]
      : [['text', address], ['whole', hex.match(/.{4}/g).join(':')], ['network', hex.slice(0, 16).match(/.{4}/g).map((group) => group.replace(/^0{1,3}/, '')).join(':')],
        ...numbers(bytes), ...numbers(bytes.subarray(0, 8))];
  const weak = (how) => bytes.length === 4 && how !== 'text' && how !== 'backwards';
  const found = new Map(all.flatMap(([how, text]) => (typeof text === 'string' ? [text.toLowerCase(), text.toUpperCase()] : [text])
    .map((some) => [Buffer.from(some).toString('latin1'), { how, bytes: Buffer.from(some), weak: weak(how) }])));
  return [...found.values()];
}

/** A text as it is, and in small and large letters. */
export const letters = (text) =>
  [...new Set([text, text.toLowerCase(), text.toUpperCase()])].map((one) => ({ how: 'text', bytes: Buffer.from(one), weak: false }));

export class Search {
  /** @needles: { who, how, bytes, weak }, of at least four bytes each. */
  constructor(needles) {
    this.needles = needles;
    this.byStart = new Map();
    this.may = new Uint8Array(1 << HASH_BITS);
    for (const needle of needles) {
      const start = needle.bytes.readUInt32BE(0);
      if (!this.byStart.has(start)) this.byStart.set(start, []);
      this.byStart.get(start).push(needle);
      this.may[hashOf(start)] = 1;
    }
  }

  /** The needles that are in these bytes. */
  in(bytes) {
    const found = new Set();
    let word = 0;
    for (let i = 0; i < bytes.length; i++) {
      word = (word << 8) | bytes[i];
      if (!this.may[hashOf(word)] || i < 3) continue;
      for (const needle of this.byStart.get(word >>> 0) ?? [])
        if (needle.bytes.length <= bytes.length - i + 3 && needle.bytes.compare(bytes, i - 3, i - 3 + needle.bytes.length) === 0)
          found.add(needle);
    }
    return [...found];
  }
}

/** The memory of a process, all that it has and may read, region by region: { name, bytes }. */
export function* memoryOf(pid) {
  const mem = fs.openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const { from, to, rights, name } of regions(pid)) {
      if (!rights.startsWith('r') || /^\[v/.test(name)) continue; // the kernel's own
      const bytes = Buffer.alloc(to - from);
      let n = 0;
      while (n < bytes.length) {
        const got = fs.readSync(mem, bytes, n, bytes.length - n, from + n);
        if (got === 0) break;
        n += got;
      }
      yield { name: name || 'anonymous', bytes: bytes.subarray(0, n) };
    }
  } finally {
    fs.closeSync(mem);
  }
}

/** What of the memory is there at all, others are zero. */
function regions(pid) {
  const found = [];
  for (const line of fs.readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const [, from, to, rights, name] = line.match(/^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)$/) ?? [];
    if (from) found.push({ from: parseInt(from, 16), to: parseInt(to, 16), rights, name, rss: 0 });
    else if (line.startsWith('Rss:')) found.at(-1).rss = parseInt(line.slice(4), 10);
  }
  return found.filter(({ rss }) => rss > 0);
}
