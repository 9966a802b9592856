// Strangers throw everything they have at a server that counts any site, and an honest site
// beside them stays right.
//
//   node tests/bench/flood.mjs [--minutes 10] [--workers 2]
//
// From a million addresses come random sites, paths, visitors, tabs, referrers, campaigns,
// titles, events and User-Agents: a quarter on sites of random names, a quarter on one site
// that is known, the rest on a few thousand sites with many pages each; garbage among them.
// On the honest site a hundred people, each from an address of his own, open a page and beat
// every ten seconds; each second it is asked how many are online.
//
// Printed is the memory of each process by the minute. It fails when the honest site was
// ever wrong, when something answered was lost, or when a process took more memory than the
// bound printed beside it, which limits.h adds up to and the length of the flood does not
// change.
import fs from 'node:fs';
import net from 'node:net';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually, Story } from '../e2e/stage.mjs';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' }, workers: { type: 'string', default: '2' } } });
const minutes = Number(values.minutes);
const workers = Number(values.workers);
const HONEST = 100; // people
const CONNECTIONS = 16;
const BURST = 64; // requests written at once

const MIB = 2 ** 20;
/** What limits.h adds up to, MiB: of the collector rings and answers under way of each worker
 *  and its tables; of the aggregator pages and what views are told apart by of all sites
 *  together, a hundred events of each site, visitors, tabs, and hits that wait. */
const bounds = {
  collector: 64 + workers * (64 + 128 + 32),
  aggregator: 400 + 400 + 10_000 * 100 * 300 / MIB + 250 + 160 + 3 * 64,
};

const random = (n) => Math.floor(Math.random() * n);
const word = (n = 8) => Array.from({ length: n }, () => String.fromCharCode(97 + random(26))).join('');
const address = () => `${1 + random(223)}.${random(256)}.${random(256)}.${random(256)}`;
const pick = (list) => list[random(list.length)];
const AGENTS = ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'];

function target() {
  const dice = Math.random();
  const site = dice < 0.25 ? word(12) : dice < 0.5 ? 'known' : `many${random(3000)}`;
  const q = new URLSearchParams({ i: site, p: `/${word(1 + random(3))}/${random(1_000_000)}`, v: String(Math.random()) });
  if (random(2)) q.set('u', word(12));
  if (random(3) === 0) q.set('k', pick(['v', 'h', 'l', 'e', 'x']));
  if (random(4) === 0) q.set('e', word(20));
  if (random(3) === 0) q.set('r', `https://${word()}.example/${word()}`);
  if (random(5) === 0) q.set('utm_campaign', word(20));
  if (random(5) === 0) q.set('t', word(60));
  if (random(3) === 0) q.set('a', pick(['r', 'w', 'i', 'b']));
  return `/hc.gif?${q}`;
}

const request = (path, ip, agent) => `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${ip}\r\nUser-Agent: ${agent}\r\n\r\n`;

/** One connection that writes bursts and waits for as many answers; garbage ends it. */
class Stranger {
  constructor(flood) {
    this.flood = flood;
    this.left = 0;
    this.connect();
  }

  connect() {
    this.socket = net.connect(this.flood.port, '127.0.0.1');
    this.socket.on('data', (bytes) => this.answered(bytes)).on('error', () => {});
    this.socket.on('close', () => this.flood.stopped || this.connect());
    this.left = 0;
    this.write();
  }

  answered(bytes) {
    for (let at = bytes.indexOf('HTTP/1.1 '); at >= 0; at = bytes.indexOf('HTTP/1.1 ', at + 9)) this.left--;
    if (this.left <= 0 && !this.flood.stopped) this.write();
  }

  write() {
    const { flood } = this;
    if (random(200) === 0) {
      this.left = 1;
      this.socket.write(Buffer.from(Array.from({ length: 300 }, () => random(256))));
      return;
    }
    this.left = BURST;
    flood.sent += BURST;
    this.socket.write(Array.from({ length: BURST }, () => request(target(), address(), random(3) ? pick(AGENTS) : word(30))).join(''));
  }
}

/** The people of the honest site, each of whom has one page open. */
class People {
  constructor(s) {
    this.s = s;
    this.wrong = [];
    this.asked = 0;
  }

  #say(i, k) {
    const q = new URLSearchParams({ i: 'honest', p: `/page/${i % 10}`, u: `person${i}`, v: `tab${i}`, a: 'r', k });
    return this.s.request(`/hc.gif?${q}`, { headers: { 'x-forwarded-for': `192.0.2.${i}`, 'user-agent': AGENTS[0] } });
  }

  /** A person beats every ten seconds by the clock, however slow the answers are. */
  async #live(i, until) {
    await pause(i * 100);
    while (performance.now() < until) {
      const beat = this.#say(i, 'h');
      await pause(10_000);
      await beat;
    }
  }

  async run(until) {
    await Promise.all(Array.from({ length: HONEST }, (_, i) => this.#say(i, 'v')));
    await eventually(async () => { if ((await this.online()) !== HONEST) throw new Error('not all are there yet'); });
    await pause(1000); // the answer of another worker may be 200 ms old
    const lives = Array.from({ length: HONEST }, (_, i) => this.#live(i, until));
    for (; performance.now() < until; this.asked++) {
      const online = await this.online();
      if (online !== HONEST) this.wrong.push(`${online} at ${((until - performance.now()) / 1000).toFixed(0)} s before the end`);
      await pause(1000);
    }
    await Promise.all(lives);
  }

  async online() {
    const { status, body } = await this.s.request('/sites/honest/realtime');
    return status === 200 ? JSON.parse(body).online.total : `status ${status}`;
  }
}

const rss = (pid) => Number(fs.readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1]) / 1024;

const s = new Story();
const flood = { sent: 0, stopped: false, port: 0 };
let failed = false;
const check = (good, text) => {
  failed ||= !good;
  console.log(`${good ? 'good' : 'BAD '}  ${text}`);
};

try {
  await s.start({ collector: ['--trusted-proxy', '127.0.0.0/8', '--workers', String(workers)], redis: ['--maxmemory', '4gb', '--maxmemory-policy', 'noeviction'] });
  flood.port = s.port;
  const until = performance.now() + minutes * 60_000;
  const people = new People(s);
  const peopled = people.run(until);
  await eventually(async () => { if ((await people.online()) !== HONEST) throw new Error(); });
  const strangers = Array.from({ length: CONNECTIONS }, () => new Stranger(flood));
  console.log('minute   requests    hits taken  collector   aggregator   Redis   MiB at most so far');
  for (let minute = 1; performance.now() < until; minute++) {
    await pause(Math.min(60_000, Math.max(until - performance.now(), 0)));
    const { hits } = await s.counters(s.collector);
    console.log(`${String(minute).padStart(6)} ${String(flood.sent).padStart(10)} ${String(hits).padStart(13)} ${rss(s.collector.pid).toFixed(0).padStart(10)} ${rss(s.aggregator.pid).toFixed(0).padStart(12)} ${rss(s.redis.pid).toFixed(0).padStart(7)}`);
  }
  flood.stopped = true;
  await peopled;
  for (const { socket } of strangers) socket.destroy();
  const c = await s.counters(s.collector);
  const a = await s.counters(s.aggregator);
  for (const name of ['collector', 'aggregator']) {
    const peak = rss(s[name].pid);
    check(peak < bounds[name], `${name}: ${peak.toFixed(0)} MiB at most, of a bound of ${bounds[name].toFixed(0)}`);
  }
  check(people.wrong.length === 0, `honest site: ${HONEST} online, asked ${people.asked} times, wrong ${people.wrong.length} times ${people.wrong.slice(0, 3)}`);
  check(c.lost_full + c.lost_heartbeat + c.lost_expired + c.lost_poison + c.lost_restart === 0, 'nothing that was answered is lost');
  check(a.capped_sites > 0 && a.capped_pages > 0 && a.capped_referrers > 0, `bounds were reached: ${a.capped_sites} hits of sites, ${a.capped_pages} of pages, ${a.capped_referrers} of referrers found no room`);
  console.log(`requests ${flood.sent}, hits ${c.hits}, sites ${a.sites}, visitors ${a.visitors}, tabs ${a.tabs}, tables ${(a.memory / MIB).toFixed(0)} MiB, ratelimited ${c.ratelimited}`);
} catch (e) {
  console.error(s.logs().slice(-5000));
  throw e;
} finally {
  flood.stopped = true;
  await s.closeHard();
}
process.exit(failed ? 1 : 0);
