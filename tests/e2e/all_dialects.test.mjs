// All dialects at once, on one site: who is counted through several is one visitor, and who
// comes through one of them is told from the others.
import assert from 'node:assert/strict';
import { play, recorded } from './clients/recorded.mjs';
import { eventually, story } from './harness.mjs';

const SITE = 'all.example'; // also the host that is asked: some dialects know no other name
const URL_OF = (path) => `https://${SITE}${path}`;
const query = (fields) => new URLSearchParams(fields).toString();

const head = (person, ...more) => [`Host: ${SITE}`, `User-Agent: ${person.agent}`, ...more];
const get = (person, target) => recorded(`GET ${target}`, head(person));
const post = (person, target, type, body) =>
  recorded(`POST ${target}`, head(person, `Content-Type: ${type}`), typeof body === 'string' ? body : JSON.stringify(body));

// How a person tells that a page is shown or open. `user`: the dialect takes an id of one's own.
const ways = {
  native: { views: 1, user: true, say: (p) => get(p, `/hc.gif?${query({ i: SITE, p: '/native', ...(p.user && { u: p.user }) })}`) },
  livestats: {
    views: 0, tab: true,
    say: (p) => post(p, '/livestats.php', 'application/x-www-form-urlencoded', query({ state: 1, url: URL_OF('/livestats'), title: 'T' })),
  },
  'ts-analytics': {
    views: 1,
    say: (p) => post(p, '/collect', 'text/plain;charset=UTF-8', { s: SITE, sid: 'k3x9', e: 'pageview', u: URL_OF('/ts'), r: '', t: 'T', sw: 1, sh: 1 }),
  },
  hummingbird: { views: 1, user: true, say: (p) => get(p, `/tracking_pixel.gif?${query({ u: URL_OF('/hummingbird'), ...(p.user && { guid: p.user }) })}`) },
  goatcounter: { views: 1, say: (p) => get(p, '/count?p=%2Fgoatcounter&b=0&rnd=x') },
  plausible: { views: 1, say: (p) => post(p, '/api/event', 'text/plain', { n: 'pageview', u: URL_OF('/plausible'), d: SITE }) },
  matomo: {
    views: 1, tab: true, user: true,
    say: (p) => get(p, `/matomo.php?${query({ idsite: SITE, rec: 1, url: URL_OF('/matomo'), pv_id: 'Ab1Cd2', ...(p.user && { uid: p.user }) })}`),
  },
  umami: {
    views: 1, user: true,
    say: (p) => post(p, '/api/send', 'application/json', { type: 'event', payload: { website: SITE, hostname: SITE, url: '/umami', ...(p.user && { id: p.user }) } }),
  },
  fathom: { views: 1, say: (p) => get(p, `/collect?${query({ sid: SITE, h: `https://${SITE}`, p: '/fathom' })}`) },
  snowplow: {
    views: 1, tab: true, user: true,
    say: (p) => get(p, `/i?${query({ e: 'pv', aid: SITE, url: URL_OF('/snowplow'), ...(p.user && { uid: p.user }) })}`),
  },
  liveuser: {
    held: true,
    say: (p) => recorded(`GET /ws?${query({ siteId: SITE, clientId: `client-${p.agent}` })}`, head(p,
      'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==')).replace('Connection: close', 'Connection: Upgrade'),
  },
  'audience-meter': { held: true, say: (p) => recorded(`GET /${SITE}`, head(p, 'Accept: text/event-stream')) },
};

const count = (list, key) => list.reduce((sum, [, way]) => sum + Number(way[key] ?? 0), 0);

/** The person is seen through each of these. */
async function seen(s, list, personOf) {
  for (const [name, way] of list) {
    const bytes = way.say(personOf(name));
    if (way.held) {
      const wire = s.wire().send(bytes);
      await eventually(() => assert.match(wire.text, /^HTTP\/1.1 (101|200)/, name));
    } else {
      const { status } = await play(s, bytes);
      assert.ok(status >= 200 && status < 300, `${name}: ${status}`);
    }
  }
}

story('all dialects at once on one site: each visitor counts once, whatever tells of it', async (s) => {
  await s.start();
  const all = Object.entries(ways);
  const named = all.filter(([, way]) => way.user);
  const views = count(all, 'views');
  const there = count(all, 'tab') + count(all, 'held'); // through these one is online

  await seen(s, all, () => ({ agent: 'one' }));
  await s.sees(SITE, { currentVisitors: 1, pageViews: views });
  await eventually(async () => {
    const { online } = await s.api(SITE);
    assert.deepEqual([online.total, online.tabs], [1, there]);
  });

  await seen(s, all, (name) => ({ agent: `of ${name}` }));
  await s.sees(SITE, { currentVisitors: 1 + all.length, pageViews: 2 * views });
  await eventually(async () => {
    const { online } = await s.api(SITE);
    assert.deepEqual([online.total, online.tabs], [1 + there, 2 * there]);
  });

  await seen(s, named, (name) => ({ agent: `of ${name}`, user: 'alice' }));
  await s.sees(SITE, { currentVisitors: 2 + all.length, pageViews: 2 * views + count(named, 'views') });

  const pages = (await s.api(SITE)).activePages.map(({ visitors }) => visitors);
  assert.equal(pages.reduce((sum, n) => sum + n, 0), 2 + all.length - count(all, 'held'), 'each stands on one page, who told one');
});
