// The country of a view, by a database of the operator's: for every form in which addresses
// come, less believed than what a trusted proxy says, and refused at start when it is none.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { eventually, story, within } from './harness.mjs';
import { samples } from './mmdb.mjs';

const corpus = new URL('../fuzz/corpus/geo/', import.meta.url);

function database(s, name) {
  const at = `${s.dir}/${name}`;
  fs.writeFileSync(at, samples[name]);
  return at;
}

const from = (s, address, headers = {}) =>
  s.hit({ i: 'shop', p: '/', u: `of ${address}` }, { 'x-forwarded-for': address, ...headers });

async function counted(s) {
  const { geo_unknown: unknown = 0, geo_damaged: damaged = 0 } = await s.counters(s.collector);
  return { unknown, damaged };
}

/** Nothing is tested where headcount was built without the library. */
function geoStory(name, fn) {
  story(name, async (s, ...rest) => {
    const program = s.daemon('collector', ['--check-config', '--secret-file', s.secretFile, '--geoip', database(s, 'country.mmdb')]);
    const { code } = await within(5_000, 'a check of options ends', program.end);
    if (code === 2 && program.err.includes('without libmaxminddb')) return console.log(`skipped: ${program.err}`);
    assert.equal(code, 0, program.err);
    await fn(s, ...rest);
  });
}

geoStory('an address is in the country that the database says, however it is written', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--geoip', database(s, 'country.mmdb')] });
  for (const address of ['192.0.2.1', '192.0.2.2:4711', '::ffff:192.0.2.3', '::ffff:c000:204']) await from(s, address);
  for (const address of ['198.51.100.1', '2001:db8::1', '[2001:db8:1::1]:443']) await from(s, address);
  for (const address of ['203.0.113.7', '10.0.0.1', '2001:db8:2::1', 'nonsense']) await from(s, address);
  await s.sees('shop', {
    pageViews: 11,
    countries: [
      { name: 'DE', views: 4 },
      { name: 'FR', views: 1 },
      { name: 'JP', views: 1 },
      { name: 'SG', views: 1 },
    ],
  });
  assert.deepEqual(await counted(s), { unknown: 4, damaged: 0 });
});

geoStory('only views are asked about, and a trusted proxy knows better', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--geoip', database(s, 'country.mmdb')] });
  await from(s, '192.0.2.1', { 'cf-ipcountry': 'AT' });
  await from(s, '192.0.2.2', { 'cf-ipcountry': 'XX' });
  await from(s, '10.0.0.1', { 'cf-ipcountry': 'CH' });
  await s.hit({ i: 'shop', p: '/', k: 'h', v: '1' }, { 'x-forwarded-for': '10.0.0.1' });
  await s.hit({ i: 'shop', p: '/', e: 'buy' }, { 'x-forwarded-for': '10.0.0.1' });
  const countries = ['AT', 'CH', 'DE'].map((name) => ({ name, views: 1 }));
  await s.sees('shop', { pageViews: 3, countries });
  assert.deepEqual(await counted(s), { unknown: 0, damaged: 0 });
});

geoStory('nobody else is believed: neither what was forwarded nor the header', async (s) => {
  await s.start({ collector: ['--geoip', database(s, 'country.mmdb')] });
  await from(s, '192.0.2.1', { 'cf-ipcountry': 'AT' });
  await s.sees('shop', { pageViews: 1, countries: [] });
  assert.deepEqual(await counted(s), { unknown: 1, damaged: 0 });
});

geoStory('a batch with a token, which waits for Redis, is from somewhere too', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--geoip', database(s, 'country.mmdb')] });
  const { out: token } = await s.cli(['site', 'token', 'shop', 'add', 'bot', '--scope', 'send', '--redis', s.redisAddress]);
  const answer = await s.request('/e', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json', 'x-forwarded-for': '2001:db8::7',
    },
    body: JSON.stringify([
      { i: 'shop', p: '/' },
      { i: 'shop', k: 'query', text: 'SELECT 1', name: 'api', ms: 1 },
    ]),
  });
  assert.equal(answer.status, 202, answer.body.toString());
  await s.sees('shop', { pageViews: 1, countries: [{ name: 'JP', views: 1 }] });
});

geoStory('a damaged place is counted, and the rest still told', async (s) => {
  const at = database(s, 'country.mmdb');
  const bytes = fs.readFileSync(at);
  bytes[bytes.indexOf('BJP') + 0] = 0x3f; // a pointer to nowhere instead of two letters
  fs.writeFileSync(at, bytes);
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1', '--geoip', at] });
  await from(s, '2001:db8::1');
  await from(s, '192.0.2.1');
  await s.sees('shop', { pageViews: 2, countries: [{ name: 'DE', views: 1 }] });
  await eventually(async () => assert.deepEqual(await counted(s), { unknown: 0, damaged: 1 }));
});

geoStory('a file that is no database of countries ends the start with a sentence', async (s) => {
  const table = [
    [`${s.dir}/missing.mmdb`, 'No such file'],
    [s.dir, 'not a file'],
    [s.secretFile, 'not a database'],
    [database(s, 'no_countries.mmdb'), 'tells no countries'],
    [database(s, 'circle.mmdb'), 'tells no countries'],
  ];
  for (const [file, why] of table)
    for (const check of [[], ['--check-config']]) {
      const program = s.daemon('collector', ['--secret-file', s.secretFile, '--listen', '127.0.0.1:0', '--geoip', file, ...check]);
      const { code } = await within(5_000, 'the collector ends', program.end);
      assert.equal(code, 2, program.err);
      assert.equal(program.err.trimEnd().split('\n').length, 1, program.err);
      assert.match(program.err, /^headcount-collector: --geoip /);
      assert.ok(program.err.includes(why), program.err);
    }
});

story('the databases that other tests begin with are those that are written here', async () => {
  for (const [name, bytes] of Object.entries(samples))
    assert.deepEqual(fs.readFileSync(new URL(name, corpus)), bytes, `${name}: node tests/e2e/mmdb.mjs tests/fuzz/corpus/geo`);
});
