// What a person gets who starts a program wrongly: one sentence that names the option to
// change, and exit code 2 if the option is wrong, 1 if what it names cannot be had.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Story, story, within } from './harness.mjs';

const DAEMONS = ['aggregator', 'collector'];

/** The arguments with which a daemon would start. */
function rightArgs(s, name, changed = {}) {
  const flags = {
    redis: s.redisAddress,
    'secret-file': s.secretFile,
    ...(name === 'aggregator'
      ? { udp: '127.0.0.1:0' }
      : { listen: '127.0.0.1:0', aggregator: '127.0.0.1:7125' }),
    ...changed,
  };
  return Object.entries(flags)
    .filter(([, value]) => value !== null)
    .flatMap(([flag, value]) => [`--${flag}`, value]);
}

/** Runs a daemon that must end by itself. */
async function ending(s, name, args) {
  const program = s.daemon(name, args);
  const { code } = await within(5_000, `${name} ${args.join(' ')} ends`, program.end);
  return { code, out: program.out, err: program.err };
}

async function isRefused(s, name, args, option, exit = 2) {
  const { code, out, err } = await ending(s, name, args);
  const what = `${name} ${args.join(' ')}\n${err}`;
  assert.equal(code, exit, what);
  assert.equal(out, '', what);
  assert.equal(err.trimEnd().split('\n').length, 1, what);
  assert.match(err, new RegExp(option), what);
}

for (const name of DAEMONS)
  story(`every option of headcount-${name} is in its manual`, async (s) => {
    const { out } = await ending(s, name, ['--help']);
    const manual = fs.readFileSync(new URL(`../../deploy/man/headcount-${name}.8.scd`, import.meta.url), 'utf8');
    const flags = [...out.matchAll(/^ +--(?:\[no-\])?([a-z-]+)/gm)].map(([, flag]) => flag);
    assert.ok(flags.length > 5);
    assert.deepEqual(flags.filter((flag) => !manual.includes(`*--${flag}*`)), []);
  });

for (const name of DAEMONS)
  story(`a wrong flag of headcount-${name} is one sentence that names it, and exit code 2`, async (s) => {
    const short = s.file('short-secret', 'too short');
    const table = [
      [['--no-such-flag'], '--no-such-flag'],
      [['--redis'], '--redis'],
      [['stray'], 'stray'],
      [rightArgs(s, name, { redis: 'http://localhost' }), '--redis'],
      [rightArgs(s, name, { redis: 'tcp://user:pw@localhost:6379' }), '--redis'],
      [rightArgs(s, name, { redis: 'tcp://localhost:99999' }), '--redis'],
      [rightArgs(s, name, { 'secret-file': null }), '--secret-file'],
      [rightArgs(s, name, { 'secret-file': path.join(s.dir, 'missing') }), '--secret-file'],
      [rightArgs(s, name, { 'secret-file': s.dir }), '--secret-file'],
      [rightArgs(s, name, { 'secret-file': short }), '--secret-file'],
      [rightArgs(s, name, { config: path.join(s.dir, 'missing') }), '--config'],
    ];
    if (name === 'aggregator')
      table.push(
        [rightArgs(s, name, { udp: 'nonsense' }), '--udp'],
        [rightArgs(s, name, { udp: '127.0.0.1:70000' }), '--udp'],
        [rightArgs(s, name, { window: '0' }), '--window'],
        [rightArgs(s, name, { window: '65' }), '--window'],
        [rightArgs(s, name, { window: 'x' }), '--window'],
      );
    else
      table.push(
        [rightArgs(s, name, { listen: 'nonsense' }), '--listen'],
        [rightArgs(s, name, { listen: '127.0.0.1:70000' }), '--listen'],
        [rightArgs(s, name, { aggregator: '127.0.0.1' }), '--aggregator'],
        [rightArgs(s, name, { workers: '-1' }), '--workers'],
        [rightArgs(s, name, { workers: 'many' }), '--workers'],
        [rightArgs(s, name, { 'trusted-proxy': '10.0.0.0/99' }), '--trusted-proxy'],
        [rightArgs(s, name, { dialects: 'matomo,,umami' }), '--dialects matomo,,umami: "" is no dialect'],
        [rightArgs(s, name, { dialects: 'all,none' }), '--dialects all,none: "none" is no dialect'],
        [rightArgs(s, name, { 'event-name': 'collect' }), '--event-name collect'],
        [rightArgs(s, name, { 'pixel-name': 'tracking_pixel.gif' }), '--pixel-name'],
        [rightArgs(s, name, { 'script-name': 'liveuser.js' }), '--script-name'],
        [rightArgs(s, name, { 'livestats-timeout': '0' }), '--livestats-timeout'],
        [rightArgs(s, name, { 'json-udp': 'x' }), '--json-udp'],
        [rightArgs(s, name, { 'member-timeout': '2' }), '--member-timeout'],
        [rightArgs(s, name, { 'member-timeout': '46' }), '--member-timeout'],
      );
    for (const [args, option] of table) await isRefused(s, name, args, option);
  });

story('a port that is in use is a sentence that names --listen or --udp', async (s) => {
  const tcp = net.createServer();
  await new Promise((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  s.closing.push(() => tcp.close());
  await isRefused(s, 'collector', rightArgs(s, 'collector', { listen: `127.0.0.1:${tcp.address().port}` }),
    '--listen .*the port is in use; .*choose another port', 1);

  const udp = dgram.createSocket('udp4');
  await new Promise((resolve) => udp.bind(0, '127.0.0.1', resolve));
  s.closing.push(() => udp.close());
  await isRefused(s, 'aggregator', rightArgs(s, 'aggregator', { udp: `127.0.0.1:${udp.address().port}` }),
    '--udp .*the port is in use; .*choose another port', 1);
});

story('--help is a document of at most 80 columns, --version one line', async (s) => {
  for (const name of DAEMONS) {
    const help = await ending(s, name, ['--help']);
    assert.equal(help.code, 0);
    assert.equal(help.err, '');
    for (const flag of ['--redis', '--secret-file', '--config', '--check-config', '--version'])
      assert.ok(help.out.includes(flag), `${name} ${flag}`);
    assert.ok(help.out.split('\n').length > 20);
    for (const line of help.out.split('\n')) assert.ok(line.length <= 80, line);
    const version = await ending(s, name, ['--version']);
    assert.match(version.out, /^headcount-\w+ \d+\.\d+\.\d+\n$/);
    assert.equal(version.code, 0);
  }
});

story('both daemons say in the same manner what they have in common', async (s) => {
  const [aggregator, collector] = await Promise.all(DAEMONS.map(async (name) => (await ending(s, name, ['--help'])).out));
  const optionOf = (help, name) => {
    const [, text] = help.match(new RegExp(`^  --(?:\\[no-\\])?${name}\\b([^]*?)(?=\\n  --|\\n\\n)`, 'm'));
    return text.replace(/\s+/g, ' ').trim();
  };
  for (const help of [aggregator, collector]) {
    for (const [, name] of help.matchAll(/^  --(?:\[no-\])?([a-z-]+)/gm)) {
      const sentence = optionOf(help, name).replace(/^[A-Z:]+ /, '').replace(/ \([^()]*\)$/, '');
      assert.match(sentence, /^(?:[A-Z/]|unix:).*\.$/, name);
    }
    assert.match(optionOf(help, 'redis'), /\(default tcp:\/\/127\.0\.0\.1:6379\)$/);
    assert.match(help, /^Signals:\n {2}SIGTERM, SIGINT {10,}[A-Z][^]*\n {2}SIGUSR1 {10,}[A-Z].*--help-counters/m);
  }
  assert.equal(optionOf(aggregator, 'redis-auth-file'), optionOf(collector, 'redis-auth-file'));
  const missing = await Promise.all(DAEMONS.map((name) => ending(s, name, rightArgs(s, name, { 'secret-file': null }))));
  assert.equal(...missing.map(({ err }) => err.replace(/^[a-z-]+: /, '')));
});

story('--check-config says what would happen without opening anything', async (s) => {
  for (const name of DAEMONS) {
    const good = await ending(s, name, [...rightArgs(s, name), '--check-config']);
    assert.equal(good.code, 0, good.err);
    assert.doesNotMatch(good.out, /event=listening/);
    await isRefused(s, name, [...rightArgs(s, name, { 'secret-file': '/nowhere' }), '--check-config'], '--secret-file');
  }
});

story('a flag beats the environment, the environment beats the file', async (s) => {
  await s.startRedis();
  const config = s.file('headcount.conf', `# all of it\nwindow = 7\nudp = 127.0.0.1:0\nsecret-file = ${s.secretFile}\n`);
  const windowOf = async (args, env) => {
    const program = s.daemon('aggregator', ['--redis', s.redisAddress, '--config', config, ...args], env);
    s.aggregator = program;
    s.udp = await Story.addressOf(program);
    await s.startCollector();
    const site = `shop${Object.keys(env).length}${args.length}`;
    await s.hit({ i: site, p: '/', u: 'alice' });
    const { window } = await s.sees(site, { currentVisitors: 1 });
    await s.collector.stop();
    await program.stop();
    return window;
  };
  assert.equal(await windowOf([], {}), 7);
  assert.equal(await windowOf([], { HEADCOUNT_WINDOW: '8' }), 8);
  assert.equal(await windowOf(['--window', '9'], { HEADCOUNT_WINDOW: '8' }), 9);
});

story('a mistake in the file or the environment is told with its place', async (s) => {
  const config = s.file('headcount.conf', 'udp = 127.0.0.1:0\nwindwo = 7\n');
  await isRefused(s, 'aggregator', ['--config', config], 'headcount.conf:2');
  const program = s.daemon('aggregator', rightArgs(s, 'aggregator'), { HEADCOUNT_WINDOW: 'x' });
  assert.equal((await within(5_000, 'it ends', program.end)).code, 2);
  assert.match(program.err, /HEADCOUNT_WINDOW/);
});
