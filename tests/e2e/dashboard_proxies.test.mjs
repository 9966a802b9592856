// The dashboard behind the servers that people put in front: nginx with a path of its own, as the
// man page has it, with and without a password, and Caddy with TLS. What happens is seen at once, so nothing gathers a stream.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, freePort, request, story } from './harness.mjs';
import { browse, isLive, open, shows, WIDE } from './pages.mjs';

const AT_ONCE_MS = 1_500;

const isHere = (program) => ['/usr/sbin', '/usr/bin'].some((dir) => fs.existsSync(`${dir}/${program}`));

/** A story with a program that a machine may be without. */
const needing = (program, name, fn) => (isHere(program) ? story(name, fn) : test(name, { skip: `${program} is not installed` }, () => {}));

/** The configuration in the man page of the collector, for this one. */
function documented(s) {
  const man = fs.readFileSync(fileURLToPath(new URL('../../deploy/man/headcount-collector.8.scd', import.meta.url)), 'utf8');
  const [location] = /^location \/about\/ \{\n.*?^\}/ms.exec(man);
  return location.replace('http://127.0.0.1:8080', `http://${s.http}`);
}

async function nginx(s, extra = '') {
  const port = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${s.dir}/${what};`).join(' ');
  const file = s.file('nginx.conf', `daemon off; master_process off; pid ${s.dir}/nginx.pid; error_log ${s.dir}/nginx.log;
    ${process.getuid() === 0 ? 'user root;' : ''} events {}
    http { ${temp} access_log off; server { listen 127.0.0.1:${port}; ${extra} ${documented(s)} } }`);
  s.run('nginx', 'nginx', ['-p', s.dir, '-c', file]);
  return `http://127.0.0.1:${port}/about/`;
}

async function caddy(s) {
  const port = await freePort();
  const file = s.file('Caddyfile', `{
  admin off
  auto_https disable_redirects
  skip_install_trust
  storage file_system ${s.dir}/caddy
}
https://localhost:${port} {
  tls internal
  reverse_proxy ${s.http}
}
`);
  s.run('caddy', 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env: { HOME: s.dir } });
  return `https://localhost:${port}/`;
}

/** The overview, a site from there, the wall: live, and told of what happens at once. */
async function works(s, base, options) {
  await s.hit({ i: 'shop', p: '/', u: 'alice', v: 'a' });
  const { context, said } = await browse(s, { ...WIDE, ignoreHTTPSErrors: true, ...options });
  const asked = [];
  context.on('request', (request) => asked.push(request.url()));
  const page = await eventually(() => open(context, base), 20_000);
  await isLive(page);
  await page.locator('#all a').first().click();
  await isLive(page);
  await page.locator('headcount-map svg').waitFor();
  await shows(page, '#online', '1');
  for (const n of [2, 3, 4]) {
    await s.hit({ i: 'shop', p: '/tea', u: `${n}`, v: `${n}` });
    await shows(page, '#online', `${n}`, AT_ONCE_MS);
  }
  await page.locator('#wall').click();
  await page.reload();
  await isLive(page);
  assert.match(page.url(), /\/site\/shop\?wall$/);
  assert.deepEqual(asked.filter((url) => !url.startsWith(base)), []);
  assert.deepEqual(said, []);
}

/** Story.hit for a collector with a base path. */
const hitBehind = (s, path) => async (fields) => {
  const { status } = await s.request(`${path}/hc.gif?${new URLSearchParams(fields)}`);
  assert.equal(status, 200);
};

async function startAbout(s) {
  await s.startRedis();
  await s.startAggregator();
  await s.startCollector(['--workers', '1', '--base-path', '/about', '--trusted-proxy', '127.0.0.1']);
  s.hit = hitBehind(s, '/about');
}

needing('nginx', 'behind nginx, in a path of its own', async (s) => {
  await startAbout(s);
  await works(s, await nginx(s));
});

needing('nginx', 'behind nginx that asks for a password', async (s) => {
  await startAbout(s);
  const users = s.file('users', 'wall:{PLAIN}office\n');
  const base = await nginx(s, `auth_basic office; auth_basic_user_file ${users};`);
  const refused = await eventually(() => request(`${base}sites/shop/realtime`));
  assert.equal(refused.status, 401);
  await works(s, base, { httpCredentials: { username: 'wall', password: 'office' } });
});

needing('caddy', 'behind Caddy, with TLS', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  await works(s, await caddy(s));
});
