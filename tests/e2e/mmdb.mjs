// Writes small databases in the MaxMind DB format, version 2.0, for tests: those that tell
// countries of real addresses may not be passed on.
//
//   mmdb({ '192.0.2.0/24': { country: { iso_code: 'DE' } } })   a Buffer
//   node tests/e2e/mmdb.mjs DIRECTORY                           writes those of `samples`
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const SEPARATOR = 16; // zero bytes between the tree and the data
const MARKER = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'); // \xab\xcd\xefMaxMind.com

/** Sixteen bytes; of IPv4 those of ::a.b.c.d, where databases have it. */
function addressBytes(text) {
  if (!text.includes(':')) return [...Array(12).fill(0), ...text.split('.').map(Number)];
  const [head, tail] = text.split('::').map((half) => (half ? half.split(':') : []));
  const zeros = tail ? Array(8 - head.length - tail.length).fill('0') : [];
  return [...head, ...zeros, ...(tail ?? [])].flatMap((group) => {
    const n = parseInt(group, 16);
    return [n >> 8, n & 255];
  });
}

/** The bits that a network's addresses begin with. */
function networkBits(text, ipVersion) {
  const [address, length] = text.split('/');
  const bits = addressBytes(address).map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const is4 = !address.includes(':');
  return ipVersion === 4 ? bits.slice(96, 96 + Number(length)) : bits.slice(0, Number(length) + (is4 ? 96 : 0));
}

// ---- the data section ----

const [STRING, UINT16, UINT32, MAP, UINT64, ARRAY] = [2, 5, 6, 7, 9, 11];

/** The control byte and what follows it: type and size. */
function control(type, size) {
  const short = size < 29 ? size : 29;
  if (size - 29 > 255) throw new Error('longer than tests need');
  const bytes = type < 8 ? [(type << 5) | short] : [short, type - 7];
  return Buffer.from(short === 29 ? [...bytes, size - 29] : bytes);
}

function number(type, size, value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return Buffer.concat([control(type, size), bytes.subarray(8 - size)]);
}

/** Texts, arrays, maps; whole numbers as uint32, or by [type, bytes, value] as `exact`. */
function encode(value) {
  if (typeof value === 'string') return Buffer.concat([control(STRING, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') return number(UINT32, 4, value);
  if (value.exact) return number(...value.exact);
  if (Array.isArray(value)) return Buffer.concat([control(ARRAY, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([control(MAP, entries.length), ...entries.flatMap((pair) => pair.map(encode))]);
}

// ---- the search tree ----

/** Nodes are [left, right]: null, the number of a node, or { at }: an offset in the data. */
function buildTree(networks, ipVersion) {
  const nodes = [[null, null]];
  const parts = [];
  const seen = new Map(); // where an entry lies: networks share it
  let at = 0;
  for (const [network, entry] of Object.entries(networks)) {
    const bits = networkBits(network, ipVersion);
    let node = nodes[0];
    for (const bit of bits.slice(0, -1)) {
      if (node[bit] === null) node[bit] = nodes.push([null, null]) - 1;
      node = nodes[node[bit]];
    }
    const text = JSON.stringify(entry);
    if (!seen.has(text)) {
      seen.set(text, { at });
      parts.push(encode(entry));
      at += parts.at(-1).length;
    }
    node[bits.at(-1)] = seen.get(text);
  }
  return { nodes, data: Buffer.concat(parts) };
}

/** Two records of 24 or 32 bits. */
function nodeBytes(node, count, recordSize) {
  const bytes = recordSize / 8;
  const out = Buffer.alloc(2 * bytes);
  node.forEach((record, i) => {
    const value = record === null ? count : (record.at ?? -1) >= 0 ? count + SEPARATOR + record.at : record;
    out.writeUIntBE(value, i * bytes, bytes);
  });
  return out;
}

/** A database. networks: CIDR -> entry; none of them may lie in another. */
export function mmdb(networks, { ipVersion = 6, recordSize = 24, type = 'Test-Country' } = {}) {
  const { nodes, data } = buildTree(networks, ipVersion);
  const metadata = {
    binary_format_major_version: { exact: [UINT16, 2, 2] },
    binary_format_minor_version: { exact: [UINT16, 2, 0] },
    build_epoch: { exact: [UINT64, 8, 1_700_000_000] },
    database_type: type,
    description: { en: 'made by a test' },
    ip_version: { exact: [UINT16, 2, ipVersion] },
    languages: ['en'],
    node_count: nodes.length,
    record_size: { exact: [UINT16, 2, recordSize] },
  };
  const tree = nodes.map((node) => nodeBytes(node, nodes.length, recordSize));
  return Buffer.concat([...tree, Buffer.alloc(SEPARATOR), data, MARKER, encode(metadata)]);
}

const iso = (code) => ({ country: { geoname_id: 1, iso_code: code, names: { en: `the land ${code}` } } });

/** A tree whose first node leads to itself. */
function circle() {
  const bytes = mmdb({ '192.0.2.0/24': iso('DE') });
  return bytes.fill(0, 0, 6);
}

/** What tests/unit/test_geo.c and the fuzz target begin with. */
export const samples = {
  'country.mmdb': mmdb({
    '192.0.2.0/24': iso('DE'),
    '198.51.100.0/25': iso('FR'),
    '203.0.113.7/32': { registered_country: { iso_code: 'GB' } },
    '203.0.113.8/32': iso('de'),
    '203.0.113.9/32': { country: 'none' },
    '2001:db8::/48': iso('JP'),
    '2001:db8:1::/48': { continent: { code: 'AS' }, ...iso('SG') },
  }),
  'ipv4_32bit.mmdb': mmdb({ '192.0.2.0/24': iso('DE') }, { ipVersion: 4, recordSize: 32 }),
  'flat.mmdb': mmdb({ '192.0.2.0/24': { country: 'Germany', country_code: 'DE' } }),
  'plain.mmdb': mmdb({ '192.0.2.0/24': { country: 'DE' } }),
  'no_countries.mmdb': mmdb({ '192.0.2.0/24': { autonomous_system_number: 64496 } }, { type: 'Test-ASN' }),
  'circle.mmdb': circle(),
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [name, bytes] of Object.entries(samples)) fs.writeFileSync(path.join(process.argv[2], name), bytes);
