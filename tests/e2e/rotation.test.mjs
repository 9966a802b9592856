// The secret is changed while everything runs: the new one is added everywhere, then signs
// everywhere, then the old one is taken away. No hit is lost, and nobody counts twice.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { eventually, story } from './harness.mjs';

const OLD = 'the secret that everybody has had so far';
const NEW = 'the secret that everybody is to have';
const CLIENTS = 6;
const VISITORS = 15; // of each client
const DAY_MS = 24 * 60 * 60_000;

const dayAfter = (days) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

/** A file of its own for each program, so that they are at different steps. */
class Keys {
  constructor(s) {
    this.s = s;
    this.next = `${dayAfter(2)} ${NEW}`; // of a day that does not begin while this runs
    this.collector = s.file('collector-secret', `${OLD}\n`);
    this.aggregator = s.file('aggregator-secret', `${OLD}\n`);
  }

  async start(collector = []) {
    const { s } = this;
    await s.startRedis();
    s.secretFile = this.aggregator;
    await s.startAggregator();
    s.secretFile = this.collector;
    await s.startCollector(['--workers', 2, ...collector]);
    await eventually(async () => assert.equal((await s.request('/readyz')).status, 200));
  }

  /** Gives the program these secrets, a line each, and waits until it has read them. */
  async give(who, ...lines) {
    const program = this.s[who];
    const before = program.err.length;
    fs.writeFileSync(this[who], `${lines.join('\n')}\n`);
    program.signal('SIGHUP');
    await eventually(() => assert.match(program.err.slice(before), /event=reloaded option=secret-file /));
  }
}

/** Clients that send views, each of its own few visitors over and over, or each view of
 *  another visitor, until told to stop. */
class Load {
  constructor(s, name, visitors = VISITORS) {
    this.s = s;
    this.answered = 0;
    this.over = false;
    this.clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => this.#client(`${name}${n}`, visitors)));
    this.clients.catch(() => {});
  }

  async #client(name, visitors) {
    for (let k = 0; !this.over; k++) {
      const u = `${name}.${k % visitors}`;
      await this.s.hit({ i: 'shop', p: '/', u, v: u });
      this.answered++;
    }
  }

  /** Until everybody has been there again. */
  async goesOn() {
    const enough = this.answered + CLIENTS * VISITORS;
    await eventually(() => assert.ok(this.answered >= enough), 30_000);
  }

  async stop() {
    this.over = true;
    await this.clients;
    return this.answered;
  }
}

story('the secret changes under load, in three steps, and every hit and visitor counts once', async (s) => {
  const keys = new Keys(s);
  const { next } = keys;
  await keys.start();
  const load = new Load(s, 'a');
  await load.goesOn();
  await keys.give('aggregator', OLD, next); // 1: the new one is known
  await load.goesOn();
  await keys.give('collector', OLD, next);
  await load.goesOn();
  await keys.give('collector', next, OLD); // 2: it signs
  await load.goesOn();
  await keys.give('aggregator', next, OLD);
  await load.goesOn();
  const before = await load.stop();
  const people = CLIENTS * VISITORS;
  const { online } = await s.sees('shop', { pageViews: before, currentVisitors: people });
  assert.deepEqual([online.total, online.tabs], [people, people]);

  // 3: the old one goes. In life its day has passed; here everybody is somebody else.
  const others = new Load(s, 'b', Infinity);
  await others.goesOn();
  await keys.give('aggregator', next);
  await others.goesOn();
  await keys.give('collector', next);
  await others.goesOn();
  const after = await others.stop();
  await s.sees('shop', { pageViews: before + after, currentVisitors: people + after });
  const aggregator = await s.counters(s.aggregator);
  assert.equal(aggregator.bad_key + aggregator.bad_mac, 0);
  const collector = await s.counters(s.collector);
  assert.equal(collector.lost_full + collector.lost_expired + collector.lost_poison, 0);
}, { ms: 120_000 });

story('a secret that one side does not know yet delays hits and loses none', async (s) => {
  const keys = new Keys(s);
  await keys.start();
  const load = new Load(s, 'a');
  await load.goesOn();
  await keys.give('collector', keys.next, OLD); // signs with what nobody knows
  await eventually(async () => assert.ok((await s.counters(s.aggregator)).bad_key > 0));
  await load.goesOn();
  await keys.give('aggregator', OLD, keys.next);
  const answered = await load.stop();
  const people = CLIENTS * VISITORS;
  const { online } = await s.sees('shop', { pageViews: answered, currentVisitors: people }, 30_000);
  assert.deepEqual([online.total, online.tabs], [people, people]);
}, { ms: 120_000 });

/** Under which secrets the rings are, by their ids (ring_file.c). */
function keyIds(spool) {
  const rings = fs.readdirSync(spool).filter((name) => name.startsWith('ring-'));
  return rings.map((name) => fs.readFileSync(path.join(spool, name)).readUInt32LE(12));
}

story('hits in a spool are delivered by a process that has the new secret alone', async (s) => {
  const keys = new Keys(s);
  const spool = path.join(s.dir, 'spool');
  fs.mkdirSync(spool);
  await keys.start(['--ring', 1, '--spool', spool]);
  await s.aggregator.kill();
  for (let n = 0; n < 100; n++) await s.hit({ i: 'shop', p: '/', u: `v${n}` });
  const before = keyIds(spool);
  await keys.give('collector', keys.next, OLD);
  await eventually(() => assert.ok(!keyIds(spool).some((id) => before.includes(id)), 'both workers have marked their rings'));
  await s.collector.kill();
  fs.writeFileSync(keys.aggregator, `${keys.next}\n`);
  fs.writeFileSync(keys.collector, `${keys.next}\n`);
  s.secretFile = keys.aggregator;
  await s.startAggregator();
  s.secretFile = keys.collector;
  await s.startCollector(['--workers', 2, '--ring', 1, '--spool', spool]);
  await s.sees('shop', { pageViews: 100, currentVisitors: 100 }, 30_000);
});

story('two secrets that no day tells apart are refused', async (s) => {
  const file = s.file('both', `${OLD}\n${NEW}\n`);
  for (const name of ['collector', 'aggregator']) {
    const program = s.daemon(name, ['--check-config', '--secret-file', file]);
    assert.equal((await program.end).code, 2);
    assert.match(program.err, /--secret-file: \S+both holds two secrets; write before the new one from which day on/);
  }
});
