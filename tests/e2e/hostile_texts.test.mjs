// Texts that strangers choose, as long as they may be and of what takes most bytes to write down.
import assert from 'node:assert/strict';
import { eventually, request, story } from './harness.mjs';

const JSON_BODY = { 'content-type': 'application/json', 'user-agent': 'Mozilla/5.0' };
const MORE = 130; // than an answer tells of anything
const GOALS = 32;

/** As long as it may be, every byte of it written as \u003c, and no two the same. */
const text = (k, bytes) => `${k}`.padEnd(bytes, '<');

async function send(s, hits) {
  const body = JSON.stringify(hits);
  const { status } = await request(`http://${s.http}/e`, { method: 'POST', headers: JSON_BODY, body });
  assert.equal(status, 202);
}

story('a site of nothing but the longest texts is answered, whole, wherever it is asked for', async (s) => {
  await s.start();
  for (let k = 0; k < GOALS; k++) {
    const named = ['site', 'goal', 'shop', 'add', `${k}`.padEnd(64, 'g'), '--path', '/*'];
    assert.equal((await s.cli([...named, '--redis', s.redisAddress])).code, 0);
  }
  await s.hit({ i: 'shop', p: '/', u: 'first' });
  await eventually(async () => assert.equal((await s.api('shop')).goals.length, GOALS));
  for (let k = 0; k < MORE; k += 10)
    await send(s, Array.from({ length: 10 }, (_, i) => k + i).map((n) => ({
      i: 'shop', p: `/${text(n, 500)}`, t: text(n, 128), r: `https://${`${n}`.padEnd(50, 'h')}.example`,
      utm_campaign: text(n, 64), utm_term: text(n, 64), u: `${n}`, v: `${n}`,
    })));
  const seen = async (url) => {
    const answer = await request(`http://${s.http}${url}`);
    assert.equal(answer.status, 200);
    return answer;
  };
  await eventually(async () => {
    const now = JSON.parse((await seen('/sites/shop/realtime')).body);
    assert.equal(now.pageViews, MORE + 1);
    assert.equal(now.recentEvents.length, 100);
    assert.equal(now.recentEvents[0].goals.length, 8);
  });
  const answer = await seen('/sites/shop/realtime');
  assert.ok(answer.body.length > 850_000, `it is long: ${answer.body.length}`);
  const page = await seen('/site/shop');
  assert.ok(page.body.length > answer.body.length, 'the page has it, too');
  assert.equal((await s.counters(s.collector)).answers_too_large, 0);
});
