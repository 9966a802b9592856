// deploy/run as somebody starts it who has just got the sources: with --demo there are people on
// the page it names, Ctrl-C stops all of it, and nothing is left.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, request, story, within } from './harness.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

story('deploy/run --demo shows people who are invented, and Ctrl-C stops it', async (s) => {
  const run = s.run('run', path.join(root, 'deploy/run'), ['--demo', '--visitors', '100000', '--speed', '120'], { env: { PORT: '0' } });
  const [, page] = await within(240_000, 'it says where it is', run.says(/dashboard +(http:\S+\/site\/shop)\n/, 240_000));
  assert.match(run.out, /headcount is running with invented visitors\. Ctrl-C stops it\./);
  const [dir] = /build\/run\/any\.\w+/.exec(run.out);
  const { origin } = new URL(page);
  const ask = async (target) => JSON.parse((await request(`${origin}${target}`)).body);
  await eventually(async () => {
    const { online, flags, countries, campaigns } = await ask('/sites/shop/realtime');
    assert.ok(online.total > 20 && countries.length > 3 && campaigns.length > 0, JSON.stringify({ online, countries, campaigns }));
    assert.deepEqual(flags, ['demo']);
  }, 30_000);
  assert.match((await request(page)).body.toString(), /<title>\(\d+\) shop<\/title>/);
  for (const where of run.out.matchAll(/http:\S+/g)) // each address that it names answers
    assert.ok((await request(where[0])).status < 500, where[0]);

  run.signal('SIGINT');
  const { code } = await within(20_000, 'it ends', run.end);
  assert.equal(code, 0, run.err);
  assert.match(run.out, /stopped demo\nstopped collector\nstopped aggregator\nstopped redis\nheadcount is stopped\n$/);
  assert.equal(fs.existsSync(path.join(root, dir)), false, 'nothing is left');
  await assert.rejects(request(page));
}, { ms: 300_000 });
