// Datagrams from strangers, from a broken network and from an old recording. Each is
// refused with a counter of its own, and the numbers stay those of the good ones.
//
// Good datagrams are recorded from a real collector by somebody in the middle.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { eventually, story } from './harness.mjs';
import { Middle } from './middle.mjs';

const WIRE_MIN = 96; // bytes of the shortest datagram, as in proto/wire.h

/** A stranger's UDP socket: sends to the aggregator, and keeps what is answered. */
async function socketOf(s) {
  const socket = dgram.createSocket('udp4');
  const received = [];
  socket.on('message', (bytes) => received.push(bytes));
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  s.closing.push(() => socket.close());
  const send = (bytes) =>
    new Promise((resolve, reject) =>
      socket.send(bytes, s.udpPort, '127.0.0.1', (error) => (error ? reject(error) : resolve())),
    );
  return { received, send };
}

/** The aggregator's counters once they say at least this. */
const counted = (s, expected) =>
  eventually(async () => {
    const counters = await s.counters(s.aggregator);
    const seen = Object.fromEntries(Object.keys(expected).map((name) => [name, counters[name]]));
    assert.deepEqual(seen, expected);
    return counters;
  });

story('garbage of every length is refused by its shape or its version', async (s) => {
  await s.start();
  const socket = await socketOf(s);
  const lengths = [0, 1, 2, 16, 55, 56, 72, 95, 96, 97, 500, 1199, 1200, 1201, 1500, 9000, 65507];
  for (const n of lengths) await socket.send(Buffer.alloc(n, 0));
  await counted(s, { bad_shape: lengths.length });
  // With the magic, what is long enough is next asked for its version: 'H'.
  for (const n of lengths) await socket.send(Buffer.alloc(n, 'HC'));
  const whole = lengths.filter((n) => n >= WIRE_MIN && n <= 1200).length;
  await counted(s, { bad_shape: 2 * lengths.length - whole, bad_version: whole });
  await s.hit({ i: 'shop', p: '/', u: 'alice' });
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
});

story('a good datagram counts; cut, damaged or forged it does not, and each has its counter', async (s) => {
  await s.startRedis();
  await s.startAggregator();
  await s.startCollector();
  const socket = await socketOf(s);
  const middle = await Middle.of(s);
  const [good] = await middle.record([{ i: 'shop', p: '/recorded', u: 'alice' }]);
  assert.ok(good.length >= WIRE_MIN && good.length <= 1200, `${good.length} bytes`);

  for (let n = 0; n < good.length; n++) await socket.send(good.subarray(0, n));
  await counted(s, { bad_shape: good.length });

  // One bit of each byte. Which check finds it depends on the place; none may let it through.
  for (let at = 0; at < good.length; at++) {
    const flipped = Buffer.from(good);
    flipped[at] ^= 1 << at % 8;
    await socket.send(flipped);
  }
  const refusals = ['bad_shape', 'bad_version', 'bad_type', 'bad_key', 'bad_mac'];
  const counters = await eventually(async () => {
    const now = await s.counters(s.aggregator);
    const sum = refusals.reduce((all, name) => all + now[name], 0);
    assert.equal(sum, 2 * good.length);
    return now;
  });
  for (const name of refusals) assert.ok(counters[name] > 0, name);
  assert.equal(counters.views, 0);

  const other = s.file('other-secret', 'another secret of this length');
  const stranger = await Middle.of(s, other);
  const forged = await eventually(() => {
    assert.ok(stranger.pings.length > 0);
    return stranger.pings[0];
  });
  await stranger.program.stop();
  const { bad_key: before } = await s.counters(s.aggregator);
  await socket.send(forged);
  await counted(s, { bad_key: before + 1 });

  // The same key_id with another tag: only the MAC tells.
  const wrong = Buffer.from(good);
  wrong.fill(0xff, wrong.length - 16);
  await socket.send(wrong);
  await counted(s, { bad_mac: counters.bad_mac + 1, views: 0 });

  await socket.send(good);
  await s.sees('shop', {
    currentVisitors: 1,
    pageViews: 1,
    activePages: [{ path: '/recorded', visitors: 1, online: 0 }],
  });
  await middle.release();
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
});

story('a recorded datagram that is played again is a duplicate, however often', async (s) => {
  await s.start();
  const socket = await socketOf(s);
  const middle = await Middle.of(s);
  const [good] = await middle.record([{ i: 'shop', p: '/recorded', u: 'alice' }]);
  for (let k = 0; k < 100; k++) await socket.send(good);
  await counted(s, { folded: 1, duplicate: 99, views: 1 });
  await middle.release();
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
});

story('a recording is worth nothing to the next aggregator either', async (s) => {
  await s.start();
  const socket = await socketOf(s);
  const middle = await Middle.of(s);
  const [good] = await middle.record([{ i: 'shop', p: '/recorded', u: 'alice' }]);
  await middle.release();
  await s.sees('shop', { currentVisitors: 1, pageViews: 1 });
  await s.aggregator.kill();
  await s.startAggregator();
  await eventually(async () => assert.ok((await s.counters(s.aggregator)).epoch > 0));
  for (let k = 0; k < 10; k++) await socket.send(good);
  await eventually(async () => { // a few more: the collector has to learn of the new one
    const { stale_epoch, views } = await s.counters(s.aggregator);
    assert.ok(stale_epoch >= 10 && views === 0, `${stale_epoch} ${views}`);
  });
  await s.hit({ i: 'shop', p: '/', u: 'bob' });
  await s.sees('shop', { currentVisitors: 2, pageViews: 2 });
});

story('datagrams that come in the wrong order wait for the one that is missing', async (s) => {
  await s.start();
  const socket = await socketOf(s);
  const middle = await Middle.of(s);
  const hits = Array.from({ length: 8 }, (_, k) => ({ i: 'shop', p: `/${k}`, u: `v${k}` }));
  const datagrams = await middle.record(hits);
  const [lost] = datagrams.splice(1, 1);
  for (const bytes of datagrams.reverse()) await socket.send(bytes);
  await counted(s, { folded: 1, duplicate: 0, missing: 1 });
  await socket.send(lost);
  await counted(s, { folded: 8, early: 6, missing: 0 });
  await s.sees('shop', { currentVisitors: 8, pageViews: 8 });
  await middle.release();
});

story('a storm of garbage costs the good ones nothing', async (s) => {
  await s.start();
  const socket = await socketOf(s);
  // In gusts that fit the smallest receive buffer there is.
  const gust = Array(40).fill(Buffer.alloc(1200, 0x5a));
  for (let k = 0; k < 50; k++) {
    await Promise.all(gust.map(socket.send));
    await s.hit({ i: 'shop', p: `/${k}`, u: `v${k % 10}` });
  }
  await s.sees('shop', { currentVisitors: 10, pageViews: 50 });
  await counted(s, { bad_shape: 50 * gust.length, kernel_drops: 0 });
});
