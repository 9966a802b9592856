// Every vector of tests/unit/http_vectors.txt over a real socket: as many answers as it has
// requests, the status of the one that is refused, the end of the connection, and nothing
// of what stands behind that is answered or counted.
import assert from 'node:assert/strict';
import { story, within } from './harness.mjs';
import { readVectors } from './vectors.mjs';

const SMUGGLED = 'GET /hc.gif?i=smuggled&u=mallory HTTP/1.1\r\nHost: x\r\n\r\n';
const GOODBYE = 'GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const AT_A_TIME = 20;
// One of them answers whatever is asked of it, and closes.
const NO_DIALECTS = ['--dialects', 'none'];

const isStatus = (verdict) => /^\d+$/.test(verdict);

/** Sends it with something behind it, and returns the statuses of the answers. */
async function statusesOf(s, { verdicts, bytes }, pieces) {
  const last = verdicts.at(-1);
  const wire = s.wire();
  const behind = { keep: GOODBYE, more: '' }[last] ?? SMUGGLED;
  const text = bytes + behind;
  if (pieces) {
    wire.socket.setNoDelay(true);
    for (let at = 0; at < text.length; at += pieces) {
      wire.send(text.slice(at, at + pieces));
      await new Promise(setImmediate);
    }
  } else {
    wire.send(text);
  }
  if (last === 'more') wire.halfClose();
  await within(8_000, 'the connection is closed', wire.end);
  wire.destroy();
  return [...wire.text.matchAll(/HTTP\/1\.1 (\d{3}) [A-Z]/g)].map((found) => found[1]);
}

/** What is wrong with the answers, if anything. */
function judge({ verdicts }, statuses) {
  const last = verdicts.at(-1);
  const requests = verdicts.filter((v) => v !== 'more').length + (last === 'keep' ? 1 : 0);
  if (statuses.length !== requests) return `${requests} answers expected, got ${statuses}`;
  if (isStatus(last) && statuses.at(-1) !== last) return `${last} expected, got ${statuses}`;
  if (last === 'keep' && statuses.at(-1) !== '200') return `the connection did not stay: ${statuses}`;
  return null;
}

async function tryAll(s, vectors, pieces) {
  const wrong = [];
  const queue = [...vectors];
  const work = async () => {
    for (let v = queue.shift(); v; v = queue.shift()) {
      const said = await statusesOf(s, v, pieces).then((statuses) => judge(v, statuses), (e) => e.message);
      if (said) wrong.push(`${v.name}: ${said}`);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  assert.deepEqual(wrong, []);
}

story('every vector gets its verdict over a socket, and nothing behind it is read', async (s) => {
  const vectors = readVectors();
  assert.ok(vectors.length > 300);
  await s.start({ workers: 2, collector: NO_DIALECTS });
  await tryAll(s, vectors);
  const refused = vectors.filter((v) => isStatus(v.verdicts.at(-1))).length;
  assert.equal((await s.counters(s.collector)).http_refused, refused);
  await s.hit({ i: 'shop', p: '/good', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
  await s.sees('smuggled', { pageViews: 0 });
});

story('and the same in pieces', async (s) => {
  const vectors = readVectors().filter((v) => v.bytes.length < 400);
  await s.start({ collector: NO_DIALECTS });
  await tryAll(s, vectors, 7);
  await s.hit({ i: 'shop', p: '/good', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
  await s.sees('smuggled', { pageViews: 0 });
});
