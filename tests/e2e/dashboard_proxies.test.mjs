// The dashboard behind the servers that people put in front, with the very files of deploy/nginx
// and deploy/caddy: nginx with a name of its own and TLS, and in a path of a site, with and
// without a password; Caddy with TLS. What happens is seen at once, so nothing gathers a stream.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually, freePort, request, story, within } from './harness.mjs';
import { browse, isLive, open, shows, WIDE } from './pages.mjs';

const AT_ONCE_MS = 1_500;

const isHere = (program) => ['/usr/sbin', '/usr/bin'].some((dir) => fs.existsSync(`${dir}/${program}`));

/** A story with a program that a machine may be without. */
const needing = (program, name, fn) => (isHere(program) ? story(name, fn) : test(name, { skip: `${program} is not installed` }, () => {}));

/** A file of deploy/, for this collector instead of the one on 8080. */
function shipped(s, name) {
  const text = fs.readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8');
  assert.ok(text.includes('127.0.0.1:8080'), name);
  return text.replaceAll(/^(?!#)(.*)127\.0\.0\.1:8080/gm, `$1${s.http}`);
}

async function nginx(s, servers) {
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((what) => `${what}_temp_path ${s.dir}/${what};`).join(' ');
  const file = s.file('nginx.conf', `daemon off; master_process off; pid ${s.dir}/nginx.pid; error_log ${s.dir}/nginx.log;
    ${process.getuid() === 0 ? 'user root;' : ''} events {}
    http { ${temp} access_log off; ${servers} }`);
  s.run('nginx', 'nginx', ['-p', s.dir, '-c', file]);
}

/** In a path of a site's own server. */
async function nginxPath(s, extra = '') {
  const port = await freePort();
  await nginx(s, `server { listen 127.0.0.1:${port}; ${extra} ${shipped(s, 'nginx/headcount-path.conf')} }`);
  return `http://127.0.0.1:${port}/about/`;
}

/** Under a name of its own, with a certificate that nobody has signed. */
async function nginxName(s) {
  const port = await freePort();
  const [key, certificate] = [`${s.dir}/key.pem`, `${s.dir}/certificate.pem`];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', '/CN=localhost', '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  await nginx(s, shipped(s, 'nginx/headcount.conf')
    .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
    .replace('listen [::]:443 ssl;', '')
    .replace(/ssl_certificate \S+;/, `ssl_certificate ${certificate};`)
    .replace(/ssl_certificate_key \S+;/, `ssl_certificate_key ${key};`));
  return `https://127.0.0.1:${port}/`;
}

async function caddy(s) {
  const port = await freePort();
  const site = shipped(s, 'caddy/Caddyfile').replace(/^stats\.example\.com \{$/m, `https://localhost:${port} {\n\ttls internal`);
  assert.ok(site.includes('tls internal'));
  const file = s.file('Caddyfile', `{
  admin off
  auto_https disable_redirects
  skip_install_trust
  storage file_system ${s.dir}/caddy
}
${site}`);
  s.run('caddy', 'caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { env: { HOME: s.dir } });
  return `https://localhost:${port}/`;
}

/** Every name is this host, one that no file of hosts has, too. */
const lookup = (name, { all }, done) => (all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4));

/** One request; its status. With headers that ask for it, 101 of a WebSocket. */
function ask(url, headers = {}) {
  const answer = new Promise((resolve, reject) => {
    const { request: send } = url.startsWith('https') ? https : http;
    const sent = send(url, { headers, lookup, agent: false, rejectUnauthorized: false }, (res) => res.resume().on('end', () => resolve(res.statusCode)));
    sent.on('upgrade', (res, socket) => {
      socket.destroy();
      resolve(res.statusCode);
    });
    sent.on('error', reject).end();
  });
  return within(10_000, `${url} is answered`, answer);
}

const WEBSOCKET = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };

/** Beacons, with the address of whoever sent them, and streams over WebSocket. */
async function passesOn(s, base, seen) {
  const agent = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0' };
  for (const address of ['203.0.113.7', '203.0.113.8'])
    assert.equal(await eventually(() => ask(`${base}hc.gif?i=cafe&p=/`, { ...agent, 'x-forwarded-for': address })), 200);
  await eventually(async () => assert.equal((await s.cliJson('now', 'cafe')).currentVisitors, seen));
  assert.equal(await ask(`${base}sites/cafe/ws`, WEBSOCKET), 101);
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
  const base = await nginxPath(s);
  await passesOn(s, base, 2);
  await works(s, base);
});

needing('nginx', 'behind nginx that asks for a password', async (s) => {
  await startAbout(s);
  const users = s.file('users', 'wall:{PLAIN}office\n');
  const base = await nginxPath(s, `auth_basic office; auth_basic_user_file ${users};`);
  const refused = await eventually(() => request(`${base}sites/shop/realtime`));
  assert.equal(refused.status, 401);
  await works(s, base, { httpCredentials: { username: 'wall', password: 'office' } });
});

needing('caddy', 'behind Caddy, with TLS', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  const base = await caddy(s);
  await passesOn(s, base, 1); // nobody tells Caddy who they are
  await works(s, base);
});

needing('nginx', 'behind nginx, with a name of its own and TLS', async (s) => {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.1'] });
  const base = await nginxName(s);
  await passesOn(s, base, 2);
  await works(s, base);
});

test('the man page has the configuration of nginx as it is shipped', () => {
  const [man, file] = ['man/headcount-collector.8.scd', 'nginx/headcount-path.conf'].map((name) => fs.readFileSync(fileURLToPath(new URL(`../../deploy/${name}`, import.meta.url)), 'utf8'));
  const blocks = [...man.matchAll(/^location .*?^\}\n/gms)].map(([block]) => block);
  assert.equal(blocks.length, 2);
  for (const block of blocks) assert.ok(file.includes(block), block);
});
