// What is not seen again is forgotten: by the answer when the window has passed, by Redis
// when its keys have run out. In real time, with a window of one minute.
import assert from 'node:assert/strict';
import { eventually, story } from './harness.mjs';

const WINDOW_MIN = 1;
const GONE_MS = 270_000; // hc:live is swept once a minute, two minutes behind the window
const FOR_EVER = ['hc:epoch', 'hc:{shop}:t'];

story('a visitor of a one-minute window is gone within minutes, and all keys but the totals', async (s) => {
  await s.start({ window: WINDOW_MIN });
  // Early in a minute, or the turn of it would come between the hit and the look at it.
  await eventually(() => assert.ok(new Date().getSeconds() < 45), 20_000);
  await s.hit({ i: 'shop', p: '/', u: 'alice', r: 'news.example' });
  await s.sees('shop', { window: WINDOW_MIN, currentVisitors: 1, pageViews: 1 });

  const keys = await s.keys();
  for (const kind of ['b', 'tr', 'l']) assert.ok(keys.some((key) => key.startsWith(`hc:{shop}:${kind}:`)), `${keys}`);
  for (const key of keys.filter((name) => ![...FOR_EVER, 'hc:live'].includes(name)))
    assert.ok(Number(await s.redisCli('ttl', key)) > 0, `${key} has no end`);

  await s.sees('shop', { currentVisitors: 0, pageViews: 0, activePages: [] }, 70_000);
  await eventually(async () => assert.deepEqual((await s.keys()).sort(), FOR_EVER), GONE_MS);
  await s.sees('shop', { currentVisitors: 0, flags: ['unknown'] });
}, { ms: GONE_MS + 90_000 });
