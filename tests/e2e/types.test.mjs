// The types of the npm package, read by the compiler of those who use them: a program that does
// everything, mistakes that must be found, and real answers, of which no member may be unknown.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, story } from './harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsc = path.join(root, 'tests/node_modules/typescript/bin/tsc');
const OPTIONS = ['--strict', '--noEmit', '--pretty', 'false', '--target', 'es2022', '--module', 'nodenext', '--lib', 'es2022,dom'];

/** What the compiler has to say of each line of these texts, a map for each; lines of which it is
 *  silent are left out. All at once, for it takes seconds to read the types of a browser. */
function complaints(s, ...texts) {
  const types = path.join(root, 'deploy/clients/js');
  const files = texts.map((text, n) =>
    s.file(`text${n}.mts`, text.replaceAll('headcount-client', path.join(types, 'index.js')).replaceAll('elements-of-headcount', path.join(types, 'elements.js'))));
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...OPTIONS, ...files], { encoding: 'utf8' });
  const said = stdout.split('\n').filter((line) => line && !line.startsWith(' '));
  assert.equal(status === 0, said.length === 0, stdout);
  const found = texts.map(() => new Map());
  for (const line of said) {
    const place = /^\S*text(\d+)\.mts\((\d+),/.exec(line);
    assert.ok(place, line); // of another file: the types themselves
    const [, n, row] = place;
    found[n].set(texts[n].split('\n')[row - 1], line);
  }
  return found;
}

const USE = `
import { createRealtimePoller, subscribe } from 'headcount-client';
import type { RealtimeNumbers, View } from 'headcount-client';
import 'elements-of-headcount';

const end: () => void = subscribe('shop', (view: View) => console.log(view), { minutes: 5, feed: false });
end();
const poller = createRealtimePoller({ baseUrl: 'https://stats.example.com', siteId: 'shop', onUpdate: (now) => console.log(now.online.total) });
const now: RealtimeNumbers | null = poller.data;
const loading: boolean = poller.isLoading, status: number | undefined = poller.error?.status;
poller.start();
poller.stop();
const counter = document.querySelector('headcount-counter');
if (counter) counter.token = now && loading && status ? undefined : 'hc_token';
for (const page of now?.activePages ?? []) console.log(page.path.length, page.title?.length);
`;

const MISTAKES = [
  ["subscribe('shop')", /TS2554/],
  ["createRealtimePoller({ siteId: 'shop' })", /TS2345/],
  ["createRealtimePoller({ baseUrl: '/', siteId: 'shop' }).data.online", /TS2531|TS18047/],
  ["createRealtimePoller({ baseUrl: '/', siteId: 'shop' }).isLoading = true", /TS2540/],
  ["subscribe('shop', (view) => view.nothing)", /TS2339/],
];

/** A line with a literal, of which the compiler tells what the type does not know. */
const line = (value, i) => `export const v${i}: RealtimeNumbers = ${JSON.stringify(value)};`;

story('the types of the npm package compile, find what is wrong, and know each member of real answers', async (s) => {
  await s.start();
  const set = async (...words) => assert.equal((await s.cli(['site', ...words, '--redis', s.redisAddress])).code, 0);
  await set('goal', 'shop', 'add', 'tea', '--path', '/tea*');
  await set('alert', 'shop', 'add', 'busy', '--above', '1');
  const empty = await s.api('shop');
  await s.hit({ i: 'shop', p: '/', u: 'first', v: '0' });
  await eventually(async () => assert.equal((await s.api('shop')).alerts.length, 1));
  await s.hit({ i: 'shop', p: '/tea?utm_campaign=spring&utm_term=green', t: 'Tea', r: 'https://news.example/', u: 'alice', v: 'a' });
  await s.hit({ i: 'shop', p: '/tea', e: 'cart', u: 'alice', v: 'a', d: 2000 });
  const full = await eventually(async () => {
    const now = await s.api('shop');
    assert.equal(now.recentEvents.length, 3);
    assert.ok(now.goals.length && now.campaigns.length && now.alerts.length && now.engagedTime, JSON.stringify(now));
    return now;
  });
  const less = { ...full, activePages: undefined, currentVisitors: undefined };
  const lines = [empty, full, { ...full, unheard: 1 }, less].map(line);
  const [ofUse, said] = complaints(s, `${USE}${MISTAKES.map(([line]) => `${line};`).join('\n')}\n`,
    ["import type { RealtimeNumbers } from 'headcount-client';", ...lines].join('\n'));
  for (const [line, code] of MISTAKES) assert.match(ofUse.get(`${line};`) ?? 'nothing', code, line);
  assert.equal(ofUse.size, MISTAKES.length, [...ofUse.values()].join('\n'));
  assert.deepEqual(lines.map((one) => /TS\d+.*/.exec(said.get(one) ?? '')?.[0].split(' ')[0]), [undefined, undefined, 'TS2353:', 'TS2739:']);
});
