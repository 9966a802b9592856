// WebSocket: the rules of RFC 6455 by a list of cases on raw sockets, and three clients
// that others wrote: the npm package ws, Python's websockets, and Chromium.
import assert from 'node:assert/strict';
import net from 'node:net';
import { chromium } from 'playwright-core';
import { WebSocket } from 'ws';
import { eventually, story, within } from './harness.mjs';
import { cases, close, frame } from './ws_cases.mjs';

const PING = 9;
const PONG = 10;
const CLOSE = 8;
const TEXT = 1;
const CASES_AT_ONCE = 8;
const SILENCE_MS = 25_000;

// As in chromium.test.mjs.
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const head = (lines, target = '/sites/shop/ws') => `GET ${target} HTTP/1.1\r\nHost: x\r\n${lines.join('\r\n')}\r\n\r\n`;
const wanted = ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Key: ${KEY}`, 'Sec-WebSocket-Version: 13'];

/** A client that does nothing by itself: what came, as frames. */
class Raw {
  constructor(s, { behind = '', lines = wanted, target } = {}) {
    this.bytes = Buffer.alloc(0);
    this.ended = false;
    this.socket = net.connect({ host: '127.0.0.1', port: s.port, noDelay: true });
    this.socket.on('data', (piece) => (this.bytes = Buffer.concat([this.bytes, piece])));
    this.socket.on('error', () => {});
    for (const event of ['end', 'close']) this.socket.on(event, () => (this.ended = true));
    s.closing.push(() => this.socket.destroy());
    this.send(Buffer.concat([Buffer.from(head(lines, target)), Buffer.from(behind)]));
  }

  send(bytes) {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  get head() {
    const end = this.bytes.indexOf('\r\n\r\n');
    return end < 0 ? null : this.bytes.subarray(0, end + 4).toString('latin1');
  }

  /** All whole frames so far. Everything of a server's is final and not masked. */
  get frames() {
    const found = [];
    let rest = this.bytes.subarray(this.head?.length ?? this.bytes.length);
    while (rest.length >= 2) {
      let at = 2;
      let n = rest[1];
      assert.ok([TEXT, CLOSE, PING, PONG].includes(rest[0] & 0x7f) && rest[0] & 0x80 && n < 0x80, `frame ${rest[0]} ${n}`);
      if (n === 126) [at, n] = [4, rest.length < 4 ? Infinity : rest.readUInt16BE(2)];
      if (rest.length < at + n) break;
      found.push({ opcode: rest[0] & 15, payload: rest.subarray(at, at + n) });
      rest = rest.subarray(at + n);
    }
    return found;
  }

  of(opcode) {
    return this.frames.filter((each) => each.opcode === opcode).map((each) => each.payload);
  }

  get messages() {
    return this.of(TEXT).map((text) => JSON.parse(text));
  }

  /** undefined: no close frame; null: one without a code. */
  get code() {
    const [payload] = this.of(CLOSE);
    return payload && (payload.length ? payload.readUInt16BE(0) : null);
  }

  async opened() {
    await eventually(() => assert.ok(this.head, 'no answer to the handshake'));
    assert.match(this.head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    return this;
  }

  async closed(code) {
    await eventually(() => assert.ok(this.ended, 'the connection stays'));
    assert.equal(this.code, code);
    assert.equal(this.frames.at(-1).opcode, CLOSE, 'a close frame is the last');
  }
}

async function run(s, { send, pongs, ...expected }) {
  const raw = await new Raw(s).opened();
  for (const piece of send) {
    raw.send(piece);
    if (send.length > 1) await new Promise(setImmediate);
  }
  if ('close' in expected) {
    await raw.closed(expected.close);
  } else {
    raw.send(frame(PING, 'still there?'));
    await eventually(() => assert.equal(raw.of(PONG).at(-1)?.toString(), 'still there?'));
    raw.send(close(1000));
    await raw.closed(1000);
  }
  const answered = raw.of(PONG).filter((pong) => pong.toString() !== 'still there?');
  assert.deepEqual(answered, pongs.map((pong) => Buffer.from(pong)));
  raw.socket.destroy();
}

for (const group of ['1 framing', '2 pings', '3 reserved bits', '4 opcodes', '5 fragments', '6 UTF-8', '7 closing'])
  story(`every case of group ${group} comes out as the RFC wants`, async (s) => {
    await s.start();
    const mine = cases.filter((each) => each.number.startsWith(group[0]));
    const failed = [];
    const left = mine.slice();
    const walk = async () => {
      for (let one = left.shift(); one; one = left.shift())
        await run(s, one).catch((e) => failed.push(`${one.number} ${one.what}: ${e.message}`));
    };
    await Promise.all(Array.from({ length: CASES_AT_ONCE }, walk));
    assert.deepEqual(failed, []);
    console.log(`${mine.length} cases`);

    const counters = await s.counters(s.collector);
    const broken = mine.filter((each) => [1002, 1007, 1009].includes(each.close) && !each.number.startsWith('7.7.'));
    assert.equal(counters.ws_failed, broken.length);
    assert.equal(counters.streams, mine.length);
    await eventually(async () => assert.equal((await s.counters(s.collector)).streams_open, 0));
  }, { ms: 120_000 });

// ---- the handshake ----

const without = (name) => wanted.filter((line) => !line.startsWith(name));
const refusals = [
  ['a plain GET', 426, []],
  ['no Upgrade', 426, without('Upgrade')],
  ['no Connection: Upgrade', 426, without('Connection')],
  ['no version', 426, without('Sec-WebSocket-Version')],
  ['an old version', 426, [...without('Sec-WebSocket-Version'), 'Sec-WebSocket-Version: 8']],
  ['no key', 400, without('Sec-WebSocket-Key')],
  ['a short key', 400, [...without('Sec-WebSocket-Key'), 'Sec-WebSocket-Key: c2hvcnQ=']],
];

story('who asks for something else is told what there is', async (s) => {
  await s.start();
  for (const [what, status, lines] of refusals) {
    const raw = new Raw(s, { lines });
    await eventually(() => assert.ok(raw.head, what));
    assert.match(raw.head, new RegExp(`^HTTP/1\\.1 ${status} `), what);
    if (status === 426) assert.match(raw.head, /\r\nUpgrade: websocket\r\n.*\r\nSec-WebSocket-Version: 13\r\n/s, what);
  }
  assert.equal((await s.counters(s.collector)).ws_refused, refusals.length);
});

story('the answer proves that the key was read, and agrees on nothing else', async (s) => {
  await s.start();
  const asked = ['Sec-WebSocket-Protocol: chat, superchat', 'Sec-WebSocket-Extensions: permessage-deflate'];
  const raw = await new Raw(s, { lines: [...wanted, ...asked] }).opened();
  assert.match(raw.head, /\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n/);
  assert.ok(raw.head.includes(`\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`), raw.head);
  assert.doesNotMatch(raw.head, /Protocol:|Extensions:/);
});

story('frames that come in one piece with the handshake are read', async (s) => {
  await s.start();
  const raw = await new Raw(s, { behind: Buffer.concat([frame(PING, 'early'), close(1000)]) }).opened();
  await raw.closed(1000);
  assert.deepEqual(raw.of(PONG).map(String), ['early']);
});

story('H6: only pages of the allowed origins may open one', async (s) => {
  await s.start({ collector: ['--origin', 'https://shop.example'] });
  const asking = async (...lines) => {
    const raw = new Raw(s, { lines: [...wanted, ...lines] });
    return eventually(() => Number(/^HTTP\/1\.1 (\d+)/.exec(raw.head)[1]));
  };
  assert.equal(await asking('Origin: https://evil.example'), 403);
  assert.equal(await asking('Origin: https://shop.example'), 101);
  assert.equal(await asking(), 101);
});

// ---- what is told ----

story('a client that comes back is given what it missed', async (s) => {
  await s.start();
  await s.hit({ i: 'shop', p: '/before', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1 });
  const first = await new Raw(s).opened();
  await eventually(() => assert.equal(first.messages[0]?.type, 'hello'));
  const { id, data } = first.messages[0];
  assert.deepEqual([data.site, data.resumed, data.missed], ['shop', false, 0]);
  first.send(close(1000));
  await first.closed(1000);
  await s.hit({ i: 'shop', p: '/while-away', u: 'alice' });
  await s.sees('shop', { pageViews: 2 });

  const second = await new Raw(s, { target: `/sites/shop/ws?last_event_id=${id}` }).opened();
  await eventually(() => assert.ok(second.messages.some((message) => message.type === 'event')));
  const event = second.messages.find((message) => message.type === 'event');
  assert.equal(second.messages[0].data.resumed, true);
  assert.equal(event.data.path, '/while-away');
  assert.match(event.id, /^\d+-\d+$/);
});

story('a silent client is pinged', async (s) => {
  await s.start();
  const raw = await new Raw(s).opened();
  await eventually(() => assert.equal(raw.of(PING).length, 1), SILENCE_MS + 20_000);
  raw.send(frame(PONG));
  raw.send(frame(PING, 'me too'));
  await eventually(() => assert.equal(raw.of(PONG).length, 1));
});

// ---- clients that others wrote ----

/** Waits until the messages show a hello, a state, and then the event of a new page. */
async function sawEverything(s, messages) {
  await eventually(() => {
    assert.equal(messages()[0]?.type, 'hello');
    assert.ok(messages().some(({ type }) => type === 'state'));
  });
  await s.hit({ i: 'shop', p: '/cart', u: 'alice' });
  await eventually(() => {
    assert.ok(messages().some(({ type, data }) => type === 'event' && data.path === '/cart'));
    assert.equal(messages().findLast(({ type }) => type === 'state').data.visitors[5], 1);
  });
}

const address = (s) => `ws://${s.http}/sites/shop/ws`;

story('ws of npm is told everything, and of the end', async (s) => {
  await s.start();
  const client = new WebSocket(address(s), { perMessageDeflate: true });
  const messages = [];
  client.on('message', (text, isBinary) => messages.push(isBinary ? text : JSON.parse(text)));
  const ended = new Promise((resolve, reject) => client.on('close', resolve).on('error', reject));
  await sawEverything(s, () => messages);
  const pong = new Promise((resolve) => client.once('pong', resolve));
  client.ping('anybody?');
  assert.equal((await within(5_000, 'a pong', pong)).toString(), 'anybody?');
  client.send('what a client says is ignored');
  await eventually(async () => assert.equal((await s.counters(s.collector)).ws_messages, 1));
  await s.collector.stop();
  assert.equal(await within(5_000, 'the client is closed', ended), 1001);
});

const PYTHON = `
import asyncio, sys, websockets

async def main():
    async with websockets.connect(sys.argv[1]) as ws:
        await asyncio.wait_for(await ws.ping('anybody?'), 5)
        print('{"type":"pong"}', flush=True)
        await ws.send('what a client says is ignored')
        try:
            while True:
                print(await ws.recv(), flush=True)
        except websockets.ConnectionClosed as closed:
            print(closed.rcvd.code, closed.rcvd_then_sent, flush=True)

asyncio.run(main())
`;

story("Python's websockets is told everything, and of the end", async (s) => {
  await s.start();
  const client = s.run('python', '/usr/bin/python3', ['-c', PYTHON, address(s)]);
  await client.says(/"pong"/);
  const messages = () =>
    client.out.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).filter(({ type }) => type !== 'pong');
  await sawEverything(s, messages);
  await s.collector.stop();
  await within(5_000, 'the client ends', client.end);
  assert.match(client.out, /\n1001 True\n$/, client.log());
});

story('T14: Chromium is told everything, and of the end', async (s) => {
  await s.start();
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
  s.closing.push(() => browser.close());
  const page = await (await browser.newContext()).newPage();
  await page.goto(`http://${s.http}/robots.txt`);
  await page.evaluate((url) => {
    const socket = new WebSocket(url);
    window.told = [];
    socket.onmessage = ({ data }) => window.told.push(JSON.parse(data));
    socket.onopen = () => socket.send('what a client says is ignored');
    window.ended = new Promise((resolve) => (socket.onclose = ({ code, wasClean }) => resolve({ code, wasClean })));
  }, address(s));
  let told = [];
  const poll = setInterval(async () => (told = await page.evaluate(() => window.told).catch(() => told)), 50);
  s.closing.push(() => clearInterval(poll));
  await sawEverything(s, () => told);
  clearInterval(poll);
  await s.collector.stop();
  assert.deepEqual(await page.evaluate(() => window.ended), { code: 1001, wasClean: true });
});
