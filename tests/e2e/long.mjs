// Values that are longer than anything of use, so that Redis is busy with each copy of them:
// whether somebody had one made shows in the most memory that Redis ever needed.
import assert from 'node:assert/strict';

export const LONG = 8_000_000; // bytes

async function memory(s, name) {
  const info = await s.redisCli('info', 'memory');
  return Number(info.match(new RegExp(`^${name}:(\\d+)`, 'm'))[1]);
}

/** From now on nobody has Redis copy a value of LONG bytes: returns what asserts it. */
export async function nobodyCopies(s) {
  const missing = (await memory(s, 'used_memory_peak')) - (await memory(s, 'used_memory'));
  await s.redisCli('del', 'filler'); // so that as much is needed now as ever
  await s.redisCli('setrange', 'filler', missing + LONG, 'x');
  const before = await memory(s, 'used_memory_peak');
  return async () => {
    const more = (await memory(s, 'used_memory_peak')) - before;
    assert.ok(more < LONG / 2, `${more} bytes more`);
  };
}
