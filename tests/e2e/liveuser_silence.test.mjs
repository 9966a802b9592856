// LiveUser, what takes real minutes: its connections that died without a word.
import assert from 'node:assert/strict';
import { Visitor } from './clients/liveuser_client.mjs';
import { eventually, story, within } from './harness.mjs';

/** Waits until the visitor was told this count last. */
const tell = (count, [visitor]) => eventually(() => assert.equal(visitor.last?.count, count));

story('U5: a socket that answers no ping is dropped, also where numbers change all the time', async (s) => {
  await s.start();
  const witness = await Visitor.join(s);
  const silent = await Visitor.join(s);
  await tell(2, [witness, silent]);
  silent.socket.removeAllListeners('ping');
  silent.socket._receiver.removeAllListeners('ping'); // which answers
  const busy = (async () => {
    while (!silent.closing && !witness.closing) {
      const guest = await Visitor.join(s);
      await tell(3, [witness]).catch(() => {}); // or 2, at the end
      await guest.leave();
      await tell(2, [witness]).catch(() => {}); // or 1
    }
  })().catch(() => {});
  await within(95_000, 'the silent one is dropped', silent.closed);
  await busy;
  await tell(1, [witness]);
  assert.ok((await s.counters(s.collector)).streams_dead >= 1);
}, { ms: 120_000 });
