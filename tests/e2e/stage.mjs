// The stage of end-to-end tests and benchmarks: the real programs, a real Redis, nothing
// shared.
//
// A story has a directory of its own with a redis-server on a Unix socket in it, and an
// aggregator and a collector on ports the kernel picks.
//
// HEADCOUNT_BIN names the directory of the programs (build/bin), WORKERS how many a collector has.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DEADLINE_MS, eventually, Program, within } from './program.mjs';

export { eventually, within };

const root = fileURLToPath(new URL('../../', import.meta.url));
const bin = path.resolve(root, process.env.HEADCOUNT_BIN ?? 'build/bin');
export const buildDir = path.join(root, 'build');

/** One request on a connection of its own. Body is a Buffer, header names are lower case. */
export function request(url, { method = 'GET', headers = {}, body } = {}) {
  const answer = new Promise((resolve, reject) => {
    const req = http.request(url, { method, headers, agent: false }, (res) => {
      const parts = [];
      res.on('data', (part) => parts.push(part));
      res.on('error', reject);
      res.on('end', () =>
        resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(parts) }),
      );
    });
    req.on('error', reject);
    req.end(body);
  });
  return within(DEADLINE_MS, `${method} ${url} is answered`, answer);
}

/** A port that was free a moment ago. */
export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A TCP connection for hand-made bytes: everything received, and whether the peer closed. */
export class Wire {
  constructor(host, port) {
    this.text = '';
    this.closed = false;
    this.socket = net.connect({ host, port, allowHalfOpen: true });
    this.socket.setEncoding('latin1').on('data', (text) => (this.text += text));
    this.end = new Promise((resolve) => {
      const done = () => {
        this.closed = true;
        resolve();
      };
      this.socket.on('end', done).on('close', done).on('error', done);
    });
  }

  send(bytes) {
    this.socket.write(Buffer.from(bytes, 'latin1'));
    return this;
  }

  halfClose() {
    this.socket.end();
    return this;
  }

  destroy() {
    this.socket.destroy();
  }
}

/** A subscriber that was already listening: redis-cli, every message parsed. */
class Subscriber {
  constructor(program, channel) {
    this.program = program;
    this.channel = channel;
  }

  get messages() {
    const lines = this.program.out.split('\n');
    const found = [];
    for (let i = 0; i + 3 < lines.length; i++)
      if (lines[i] === 'message' && lines[i + 1] === this.channel) found.push(JSON.parse(lines[i + 2]));
    return found;
  }

  get last() {
    return this.messages.at(-1);
  }

  stop() {
    return this.program.kill();
  }
}

export class Story {
  constructor() {
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headcount-'));
    this.socket = path.join(this.dir, 'redis.sock');
    this.redisAddress = `unix:${this.socket}`;
    this.secretFile = this.file('secret', 'the secret of a story, which is none');
    this.programs = [];
    this.closing = []; // other things to end, functions
  }

  /** Writes a file into the story's directory and returns its path. */
  file(name, text, mode = 0o600) {
    const at = path.join(this.dir, name);
    fs.writeFileSync(at, text, { mode });
    return at;
  }

  run(name, file, args, options) {
    const program = new Program(name, file, args.map(String), options);
    this.programs.push(program);
    return program;
  }

  /** Everything. window, workers: as the flags; the rest: more arguments for each. */
  async start({ window, workers = Number(process.env.WORKERS ?? 1), redis = [], aggregator = [], collector = [] } = {}) {
    await this.startRedis(redis);
    await this.startAggregator(window ? ['--window', window, ...aggregator] : aggregator);
    await this.startCollector(['--workers', workers, ...collector]);
    await this.ready();
    return this;
  }

  /** Waits until every worker of the collector has Redis and an aggregator: who asks at the
   * port of beacons hears of one. */
  async ready(ms) {
    await this.collector.says(/event=started/);
    const { out, err } = this.collector;
    const admin = /event=listening .*\bproto=admin addr=(127\S+)/.exec(out + err)?.[1];
    await eventually(async () => assert.equal((await request(`http://${admin ?? this.http}/readyz`)).status, 200), ms);
  }

  async startRedis(args = []) {
    fs.rmSync(this.socket, { force: true });
    const defaults = ['--port', '0', '--dir', this.dir, '--unixsocket', this.socket, '--save', '', '--loglevel', 'warning'];
    this.redis = this.run('redis', 'redis-server', [...defaults, ...args]);
    await eventually(async () => assert.equal(await this.redisCli('ping'), 'PONG'));
    return this.redis;
  }

  /** Its admin port is any free one and others there are none: stories run side by side.
   * Any site counts, as with --open-sites. */
  daemon(name, args, env) {
    const none = { HEADCOUNT_STATS_LISTEN: 'none', HEADCOUNT_FEED_LISTEN: 'none', HEADCOUNT_NOTIFY_LISTEN: 'none', HEADCOUNT_BOTS: 'none' };
    const all = { HEADCOUNT_ADMIN_LISTEN: '127.0.0.1:0', HEADCOUNT_OPEN_SITES: 'yes', ...none, ...env };
    return this.run(name, path.join(bin, `headcount-${name}`), args, { env: all });
  }

  /** The address it listens on, from its own line: what it is for, or its admin port. */
  static async addressOf(program, proto = 'http|udp') {
    return (await program.says(new RegExp(`event=listening .*\\bproto=(?:${proto}) addr=(\\S+)`)))[1];
  }

  static adminOf(program) {
    return Story.addressOf(program, 'admin');
  }

  async startAggregator(args = [], env) {
    this.aggregator = this.daemon('aggregator', [
      '--udp', this.udp ?? '127.0.0.1:0', '--redis', this.redisAddress, '--secret-file', this.secretFile, ...args,
    ], env);
    this.udp = await Story.addressOf(this.aggregator);
    return this.aggregator;
  }

  async startCollector(args = []) {
    this.collector = this.daemon('collector', [
      '--listen', this.http ?? '127.0.0.1:0', '--aggregator', this.udp, '--redis', this.redisAddress,
      '--secret-file', this.secretFile, ...args,
    ]);
    this.http = await Story.addressOf(this.collector);
    return this.collector;
  }

  get port() {
    return Number(this.http.split(':').at(-1));
  }

  get udpPort() {
    return Number(this.udp.split(':').at(-1));
  }

  request(target, options) {
    return request(`http://${this.http}${target}`, options);
  }

  wire() {
    const wire = new Wire('127.0.0.1', this.port);
    this.closing.push(() => wire.destroy());
    return wire;
  }

  /** One beacon pixel; the fields by their letters. Must be answered with the GIF. */
  async hit(fields, headers = {}) {
    const answer = await this.request(`/hc.gif?${new URLSearchParams(fields)}`, { headers });
    assert.equal(answer.status, 200, `${answer.status} ${answer.headers['x-headcount']}`);
    return answer;
  }

  /** The realtime answer, parsed. */
  async api(site, query = '') {
    const answer = await this.request(`/sites/${site}/realtime${query}`);
    assert.equal(answer.status, 200, answer.body.toString());
    return JSON.parse(answer.body);
  }

  /** Waits until the API says these members (a part of the answer) of the site. */
  async sees(site, expected, ms) {
    return eventually(async () => {
      const answer = await this.api(site);
      const seen = Object.fromEntries(Object.keys(expected).map((key) => [key, answer[key]]));
      assert.deepEqual(seen, expected);
      return answer;
    }, ms);
  }

  /** A run of the command to its end. */
  async cli(args, { input, ms = 30_000, env } = {}) {
    const program = this.run('headcount', path.join(bin, 'headcount'), args, { input, env });
    const { code } = await within(ms, `headcount ${args.join(' ')} ends`, program.end);
    return { code, out: program.out, err: program.err };
  }

  async cliJson(...args) {
    const { code, out, err } = await this.cli([...args, '--json', '--redis', this.redisAddress]);
    assert.equal(code, 0, err);
    return JSON.parse(out);
  }

  /** What redis-cli prints, without the last line end. */
  async redisCli(...args) {
    const program = new Program('redis-cli', 'redis-cli', ['-s', this.socket, ...args.map(String)]);
    await within(DEADLINE_MS, `redis-cli ${args.join(' ')} ends`, program.end);
    return program.out.replace(/\n$/, '');
  }

  /** All keys. */
  async keys(pattern = '*') {
    const program = new Program('redis-cli', 'redis-cli', ['-s', this.socket, '--scan', '--pattern', pattern]);
    await within(DEADLINE_MS, 'redis-cli --scan ends', program.end);
    return program.out.split('\n').filter(Boolean);
  }

  async subscribe(site) {
    const channel = `hc:${site}`;
    const program = this.run('subscriber', 'redis-cli', ['-s', this.socket, 'subscribe', channel]);
    await program.says(/subscribe\n/);
    return new Subscriber(program, channel);
  }

  /** The counters of a daemon now, by SIGUSR1: a plain object of numbers, absent ones 0. */
  async counters(daemon) {
    const before = daemon.err.length;
    daemon.signal('SIGUSR1');
    const line = await eventually(() => {
      const lines = [...daemon.err.slice(before).matchAll(/event=counters(.*)\n/g)].map(([, line]) => line);
      assert.ok(lines.length > 0 && !lines.at(-1).endsWith(' more=1'), `${daemon.name} has not told its counters`);
      return lines.join('');
    });
    const pairs = [...line.matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name, Number(value)]);
    return new Proxy(Object.fromEntries(pairs), { get: (all, name) => all[name] ?? 0 });
  }

  async closeOthers() {
    for (const end of this.closing.splice(0).reverse()) await end();
  }

  /** Ends what still runs, the readers first, and what is read last; each daemon must leave
   * with code 0. */
  async close() {
    await this.closeOthers();
    const bad = [];
    const others = this.programs.filter((program) => program !== this.redis);
    for (const program of [...others.reverse(), ...(this.redis ? [this.redis] : [])]) {
      if (program.ended) continue;
      const isDaemon = program === this.collector || program === this.aggregator;
      const { code } = await (isDaemon ? program.stop() : program.kill());
      if (isDaemon && code !== 0) bad.push(`${program.name} ended with ${code}`);
    }
    assert.deepEqual(bad, []);
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }

  async closeHard() {
    await this.closeOthers().catch(() => {});
    for (const program of this.programs) await program.kill();
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 3 });
  }

  logs() {
    return this.programs.map((program) => program.log()).join('\n');
  }
}
