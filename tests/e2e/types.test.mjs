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

/** What the compiler has to say of each line of the text, those of which it is silent left out. */
function complaints(s, name, text) {
  const types = path.join(root, 'deploy/clients/js');
  const file = s.file(`${name}.mts`, text.replaceAll('headcount-client', path.join(types, 'index.js')).replaceAll('elements-of-headcount', path.join(types, 'elements.js')));
  const { stdout, status } = spawnSync(process.execPath, [tsc, ...OPTIONS, file], { encoding: 'utf8' });
  const said = stdout.split('\n').filter((line) => line && !line.startsWith(' '));
  assert.equal(status === 0, said.length === 0, stdout);
  return new Map(said.map((line) => {
    const place = /^\S*\.mts\((\d+),/.exec(line);
    assert.ok(place, line); // of another file: the types themselves
    return [text.split('\n')[place[1] - 1], line];
  }));
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

story('the types of the npm package compile, and find what is wrong', async (s) => {
  const said = complaints(s, 'use', `${USE}${MISTAKES.map(([line]) => `${line};`).join('\n')}\n`);
  for (const [line, code] of MISTAKES) assert.match(said.get(`${line};`) ?? 'nothing', code, line);
  assert.equal(said.size, MISTAKES.length, [...said.values()].join('\n'));
});

/** A line with a literal, of which the compiler tells what the type does not know. */
const line = (value, i) => `export const v${i}: RealtimeNumbers = ${JSON.stringify(value)};`;

story('of real answers no member is unknown to the types', async (s) => {
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
  const said = complaints(s, 'answers', ["import type { RealtimeNumbers } from 'headcount-client';", ...lines].join('\n'));
  assert.deepEqual(lines.map((one) => /TS\d+.*/.exec(said.get(one) ?? '')?.[0].split(' ')[0]), [undefined, undefined, 'TS2353:', 'TS2739:']);
});
