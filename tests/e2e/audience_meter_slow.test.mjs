// Audience Meter's own delays, as they are without any option: real seconds, side by side.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';
import { crowd, Held } from './held.mjs';

const count = async (s, site, n) =>
  eventually(async () => assert.equal((await s.api(site)).online.members, n));

/** 50 members: 4 more are told after 25 s, and then 6 more within 2 s. */
async function grows(s) {
  await crowd(s, '/grows', 49);
  await count(s, 'grows', 49);
  const member = await Held.open(s, '/grows');
  await member.tells(50);
  const first = member.toldAt;
  await crowd(s, '/grows', 4);
  await member.tells(54, 30_000);
  const second = member.toldAt;
  assert.deepEqual(member.numbers, [50, 54]);
  assert.ok(second - first > 24_000 && second - first < 26_500, `told after ${second - first} ms`);
  await crowd(s, '/grows', 6);
  await eventually(() => assert.ok(member.numbers.at(-1) >= 59));
  assert.ok(member.toldAt - second < 3_500, `told after ${member.toldAt - second} ms`);
}

/** One that stays alone is told so again after 25 s. */
async function stays(s) {
  const member = await Held.open(s, '/stays');
  await eventually(() => assert.deepEqual(member.numbers, [1, 1]), 30_000);
  const [first, second] = member.frames.map(({ at }) => at);
  assert.ok(second - first > 24_000 && second - first < 26_500, `told after ${second - first} ms`);
}

story('A6, A7: by default 50 members hear of 4 more after 25 s, and of 6 more within 2 s', async (s) => {
  await s.start();
  await Promise.all([grows(s), stays(s)]);
}, { ms: 90_000 });

story('A7: without a longest delay a silent stream gets a comment after 15 s', async (s) => {
  await s.start({ collector: ['--notify-max-delay', '0'] });
  const member = await Held.open(s, '/live');
  await member.tells(1);
  await eventually(() => assert.deepEqual(member.frames.map(({ text }) => text), ['data: 1', ':']), 20_000);
});
