// Bytes that no browser sends. Each vector through which requests have been smuggled past
// a proxy gets its refusal and the end of the connection, nothing behind it is read, and
// the collector counts on as if nothing had been.
//
// The vectors are those that lenient parsers let through; RFC 9112 says why each is wrong.
import assert from 'node:assert/strict';
import { eventually, story, within } from './harness.mjs';

const PIXEL = 'GET /hc.gif?i=shop&p=/a&u=alice HTTP/1.1\r\nHost: x\r\n';
const SMUGGLED = 'GET /hc.gif?i=smuggled&u=mallory HTTP/1.1\r\nHost: x\r\n\r\n';
const HEAD_DEADLINE_MS = 10_000;
const IDLE_DEADLINE_MS = 20_000;

const head = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;
const post = (...lines) => head('POST /e HTTP/1.1', 'Host: x', ...lines);

const refused = [
  ['a blank before the colon', 400, post('Content-Length : 1') + 'x'],
  ['line ends without CR', 400, 'GET /hc.gif?i=shop HTTP/1.1\nHost: x\n\n'],
  ['one line end without CR', 400, 'GET /hc.gif?i=shop HTTP/1.1\r\nHost: x\nX: y\r\n\r\n'],
  ['a header line that starts with a blank', 400, `${PIXEL} X: folded\r\n\r\n`],
  ['a first header line that starts with a blank', 400, 'GET / HTTP/1.1\r\n Host: x\r\n\r\n'],
  ['a folded Transfer-Encoding', 400, post('Transfer-Encoding:', ' chunked') + '0\r\n\r\n'],
  ['a bare CR in a value', 400, post('X: \rxTransfer-Encoding: chunked') + '0\r\n\r\n'],
  ['a NUL in a value', 400, `${PIXEL}X: a\0b\r\n\r\n`],
  ['a NUL in a name', 400, `${PIXEL}X\0Y: a\r\n\r\n`],
  ['an empty header name', 400, `${PIXEL}: x\r\n\r\n`],
  ['a header line without a colon', 400, `${PIXEL}nonsense\r\n\r\n`],
  ['HTTP/1.2', 505, head('GET / HTTP/1.2', 'Host: x')],
  ['HTTP/2.0', 505, head('GET / HTTP/2.0', 'Host: x')],
  ['the HTTP/2 preface', [400, 405, 505], 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['HTTP/0.9', 400, 'GET /hc.gif?i=shop\r\n'],
  ['another protocol', 400, head('GET / ICAP/1.0', 'Host: x')],
  ['a TLS greeting', 400, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['no Host', 400, head('GET /hc.gif?i=shop HTTP/1.1')],
  ['two Hosts', 400, `${PIXEL}Host: y\r\n\r\n`],
  ['a length that is given twice', 400, post('Content-Length: 1', 'Content-Length: 1') + 'x'],
  ['two lengths', 400, post('Content-Length: 1', 'Content-Length: 2') + 'xy'],
  ['a list of lengths', 400, post('Content-Length: 1, 1') + 'x'],
  ['a length with a sign', 400, post('Content-Length: +1') + 'x'],
  ['a negative length', 400, post('Content-Length: -1') + 'x'],
  ['a hexadecimal length', 400, post('Content-Length: 0x1') + 'x'],
  ['an empty length', 400, post('Content-Length:')],
  ['a length of 20 digits', [400, 413], post('Content-Length: 18446744073709551617')],
  ['a length over the bound', 413, post('Content-Length: 65537')],
  ['a length and a transfer coding', 400, post('Content-Length: 4', 'Transfer-Encoding: chunked') + '0\r\n\r\n'],
  ['a transfer coding', 501, post('Transfer-Encoding: chunked') + '0\r\n\r\n'],
  ['an unknown transfer coding', 501, post('Transfer-Encoding: xchunked') + '0\r\n\r\n'],
  ['a transfer coding in HTTP/1.0', [400, 501], head('POST /e HTTP/1.0', 'Transfer-Encoding: chunked') + '0\r\n\r\n'],
  ['a body behind GET', 400, `${PIXEL}Content-Length: 5\r\n\r\nGET /`],
  ['two blanks in the request line', 400, head('GET  / HTTP/1.1', 'Host: x')],
  ['a blank at the end of the request line', 400, head('GET / HTTP/1.1 ', 'Host: x')],
  ['a control byte in the target', 400, head('GET /\x01 HTTP/1.1', 'Host: x')],
  ['a target that is no path', 400, head('GET hc.gif HTTP/1.1', 'Host: x')],
  ['a method nobody knows', 405, head('BREW /pot HTTP/1.1', 'Host: x')],
  ['a method without an end', 400, 'A'.repeat(64)],
  ['an expectation nobody can meet', 417, post('Content-Length: 1', 'Expect: miracles') + 'x'],
  ['a request line over the bound', 414, `GET /${'a'.repeat(5000)}`],
  ['a head over the bound', 431, `${PIXEL}X: ${'a'.repeat(9000)}`],
  ['too many headers', 431, PIXEL + 'X: y\r\n'.repeat(100) + '\r\n'],
];

/** Sends bytes with a smuggled pixel behind them, and waits until the peer has closed. */
async function refusal(s, bytes) {
  const wire = s.wire();
  wire.send(bytes + SMUGGLED);
  await within(5_000, 'the connection is closed', wire.end);
  return wire.text;
}

story('each way to say a request in two ways is refused, closed, and nothing behind it is read', async (s) => {
  await s.start();
  const wrong = [];
  for (const [name, status, bytes] of refused) {
    const text = await refusal(s, bytes).catch((e) => e.message);
    const answers = [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map((found) => Number(found[1]));
    if (answers.length !== 1 || ![status].flat().includes(answers[0]))
      wrong.push(`${name}: ${status} expected, got ${JSON.stringify(text.slice(0, 80))}`);
  }
  assert.deepEqual(wrong, []);
  const counters = await s.counters(s.collector);
  assert.equal(counters.http_refused, refused.length);
  assert.equal(counters.hits, 0);
  await s.hit({ i: 'shop', p: '/good', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
  await s.sees('smuggled', { currentVisitors: 0 });
});

story('nothing is read behind Connection: close', async (s) => {
  await s.start();
  const wire = s.wire().send(`${PIXEL}Connection: close\r\n\r\n${SMUGGLED}`);
  await within(5_000, 'the connection is closed', wire.end);
  assert.equal(wire.text.match(/HTTP\/1\.1 200/g).length, 1);
  await s.sees('shop', { pageViews: 1 });
  await s.sees('smuggled', { pageViews: 0 });
});

story('a client that has closed its side still gets its answer', async (s) => {
  await s.start();
  const wire = s.wire().send(`${PIXEL}\r\n`).halfClose();
  await within(5_000, 'the connection is closed', wire.end);
  assert.match(wire.text, /^HTTP\/1\.1 200 [^]*GIF89a/);
  await s.sees('shop', { pageViews: 1 });
});

story('HTTP/1.0 and a byte at a time are fine', async (s) => {
  await s.start();
  const old = s.wire().send('GET /hc.gif?i=shop&p=/a&u=bob HTTP/1.0\r\n\r\n');
  await within(5_000, 'the connection is closed', old.end);
  assert.match(old.text, /^HTTP\/1\.1 200 /);

  const slow = s.wire();
  slow.socket.setNoDelay(true);
  for (const byte of `\r\n${PIXEL}\r\n`) {
    slow.send(byte);
    await new Promise(setImmediate);
  }
  await eventually(() => assert.match(slow.text, /^HTTP\/1\.1 200 [^]*GIF89a/));
  await s.sees('shop', { currentVisitors: 2, pageViews: 2 });
});

story('200 pixels in one write get 200 answers in order and are 200 views', async (s) => {
  await s.start();
  const one = (k) => `GET /hc.gif?i=shop&p=/${k}&u=v${k % 50} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const wire = s.wire();
  wire.send(Array.from({ length: 200 }, (_, k) => one(k)).join('') + head('GET /robots.txt HTTP/1.1', 'Host: x', 'Connection: close'));
  await within(10_000, 'the connection is closed', wire.end);
  assert.equal(wire.text.match(/HTTP\/1\.1 200 /g).length, 201);
  assert.equal(wire.text.match(/GIF89a/g).length, 200);
  assert.match(wire.text, /Disallow/);
  await s.sees('shop', { currentVisitors: 50, pageViews: 200 });
});

story('a client that never reads its answers does not stop the others', async (s) => {
  await s.start();
  const deaf = s.wire();
  deaf.socket.pause();
  const block = `${PIXEL}\r\n`.repeat(500);
  for (let k = 0; k < 40; k++) deaf.send(block);
  await s.hit({ i: 'others', p: '/', u: 'bob' });
  await s.sees('others', { currentVisitors: 1, pageViews: 1 });
});

story('who is slow or silent is let go at the deadline, others meanwhile are served', async (s) => {
  await s.start();
  const begun = performance.now();
  const after = () => performance.now() - begun;
  const gone = (wire) => wire.end.then(after);

  // A byte of a header every half second: progress, but never a whole head.
  const dripping = s.wire().send('GET / HTTP/1.1\r\nX: ');
  const drip = setInterval(() => dripping.socket.writable && dripping.send('a'), 500);
  s.closing.push(() => clearInterval(drip));
  const headless = s.wire().send('GET /hc.gif');
  const bodyless = s.wire().send(post('Content-Length: 10') + 'i=s');
  const idle = s.wire().send(`${PIXEL}\r\n`);
  const silent = s.wire();
  const all = Promise.all([dripping, headless, bodyless, idle, silent].map(gone));

  await s.sees('shop', { pageViews: 1 });
  const [drippingAt, headlessAt, bodylessAt, idleAt, silentAt] = await within(40_000, 'all are let go', all);
  for (const at of [drippingAt, headlessAt, bodylessAt])
    assert.ok(at > HEAD_DEADLINE_MS - 500 && at < HEAD_DEADLINE_MS + 3_000, `${at} ms`);
  assert.ok(idleAt > IDLE_DEADLINE_MS - 500 && idleAt < IDLE_DEADLINE_MS + 3_000, `${idleAt} ms`);
  // The kernel keeps a silent one to itself for some seconds first (TCP_DEFER_ACCEPT).
  assert.ok(silentAt < IDLE_DEADLINE_MS + 12_000, `${silentAt} ms`);
  const counters = await s.counters(s.collector);
  assert.equal(counters.timeouts_head, 2);
  assert.equal(counters.timeouts_body, 1);
  await s.hit({ i: 'shop', p: '/good', u: 'bob' });
  await s.sees('shop', { currentVisitors: 2, pageViews: 2 });
});

story('a storm of resets leaves the collector standing', async (s) => {
  await s.start({ workers: 2 });
  for (let k = 0; k < 300; k++) {
    const wire = s.wire();
    wire.send(k % 2 ? `${PIXEL}\r\n` : 'GET /sites/shop/realtime HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((resolve) => wire.socket.once('connect', resolve));
    if (k % 3) wire.socket.resetAndDestroy();
    else wire.destroy();
  }
  await s.hit({ i: 'calm', p: '/', u: 'bob' });
  await s.sees('calm', { currentVisitors: 1 });
  await eventually(async () => assert.ok((await s.counters(s.collector)).conns_open <= 1));
});
