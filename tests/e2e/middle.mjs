// Somebody in the middle, between a collector and its aggregator: passes everything on, and
// can hold back the collector's data, each datagram once.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { eventually, Story } from './stage.mjs';

const DATA = 1; // types, as in proto/wire.h
const PING = 2;

export class Middle {
  /** Between the story's aggregator and a collector that is started here, or with a secret of
   *  its own. */
  static async of(s, secretFile = s.secretFile) {
    const middle = new Middle();
    middle.holding = true;
    middle.held = new Map(); // by number
    middle.pings = [];
    middle.s = s;
    middle.down = await middle.open((bytes, from) => middle.fromCollector(bytes, from));
    middle.up = await middle.open((bytes) => middle.down.send(bytes, middle.collector, '127.0.0.1'));
    middle.program = s.daemon('collector', [
      '--listen', '127.0.0.1:0', '--aggregator', `127.0.0.1:${middle.down.address().port}`,
      '--redis', s.redisAddress, '--secret-file', secretFile, '--workers', '1',
    ]);
    middle.http = await Story.addressOf(middle.program);
    return middle;
  }

  async open(take) {
    const socket = dgram.createSocket('udp4');
    socket.on('message', take).on('error', () => {});
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    this.s.closing.push(() => socket.close());
    return socket;
  }

  fromCollector(bytes, from) {
    this.collector = from.port;
    if (bytes[3] === PING) this.pings.push(bytes);
    if (this.holding && bytes[3] === DATA) {
      const seq = bytes.readBigUInt64LE(32);
      if (!this.held.has(seq)) this.held.set(seq, bytes);
      return;
    }
    this.up.send(bytes, this.s.udpPort, '127.0.0.1', () => {});
  }

  /** What the collector sends for these hits, a datagram each. */
  async record(hits) {
    const usual = this.s.http;
    this.s.http = this.http;
    for (const fields of hits) {
      const before = this.held.size;
      await this.s.hit(fields);
      await eventually(() => assert.equal(this.held.size, before + 1));
    }
    this.s.http = usual;
    return [...this.held.values()];
  }

  /** From now on everything passes; ends the collector, which has delivered all then. */
  async release() {
    this.holding = false;
    assert.deepEqual(await this.program.stop(), { code: 0, signal: null });
  }
}
