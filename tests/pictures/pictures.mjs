// The pictures of the README: what it looks like while the demo plays, in a real Chromium.
//
//   make pictures MINUTES=31           starts everything, plays for so long that all bars have
//                                      something to show, and takes them
//   node tests/pictures/pictures.mjs --at URL --redis ADDRESS
//                                      of what is running there already, now
//
// They go to deploy/pictures/, each at most 120 KB.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { Terminal } from '../e2e/terminal.mjs';
import { eventually, Story } from '../e2e/stage.mjs';
import { shrink } from './palette.mjs';
import { lastScreen, toHtml } from './screen.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const headcount = path.resolve(root, process.env.HEADCOUNT_BIN ?? 'build/bin', 'headcount');
const out = path.join(root, 'deploy/pictures');
const BYTES_MAX = 120 * 1024;
const PATIENCE_MS = 180_000; // until somebody is in each state, and does more than look
const FEED_SEEN = 5; // of its rows, on the smallest picture that has it
const SITE = 'shop';

// A small shop that is busy enough to look at, beginning an hour before its newsletter: with
// the clock of the day four times as fast, that goes out in the middle of the bars.
const DAY = ['--site', SITE, '--visitors', '9000', '--day-from', '09:00', '--speed', '4'];

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-component-update', '--disable-sync'];

const { values: options } = parseArgs({
  options: { minutes: { type: 'string', default: '31' }, at: { type: 'string' }, redis: { type: 'string' } },
});

/** Everything, and the demo for some minutes. */
async function stage() {
  const s = await new Story().start({ collector: ['--trusted-proxy', '127.0.0.0/8'] });
  const at = `http://${s.http}`;
  const demo = s.run('demo', headcount, ['replay', '--demo', '--collector', at, '--redis', s.redisAddress, ...DAY]);
  console.log(`playing ${options.minutes} minutes at ${at}/site/${SITE}`);
  await pause(Number(options.minutes) * 60_000);
  assert.equal(demo.ended, null, demo.log());
  return { at, redis: s.redisAddress, close: () => s.close() };
}

function save(name, png) {
  const small = shrink(png);
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(path.join(out, `${name}.png`), small);
  console.log(`${name}.png ${(small.length / 1024).toFixed(0)} KB`);
  assert.ok(small.length <= BYTES_MAX, `${name}.png has ${small.length} bytes`);
}

/** A page as somebody sees it once it shows what it is there to show and nothing moves any more. */
async function look(browser, url, { width, height, dark = false, scale = 1, until }) {
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (e) => complaints.push(String(e)));
  await page.goto(url);
  await pause(3_000); // streams have told, fonts are there
  await eventually(async () => assert.ok(await page.evaluate(until), `${url} does not show everything`), PATIENCE_MS);
  assert.deepEqual(complaints, []);
  const png = await page.screenshot({ animations: 'disabled' });
  await context.close();
  return png;
}

async function dashboards(browser, at) {
  const site = `${at}/site/${SITE}`;
  const until = `[...document.querySelectorAll('#states b')].every((b) => b.textContent > 0) &&
    [...document.querySelector('headcount-feed').shadowRoot.querySelectorAll('li')].slice(0, ${FEED_SEEN})
      .some((row) => !row.matches('.view'))`;
  save('dashboard-light', await look(browser, site, { width: 1280, height: 1070, until }));
  save('dashboard-dark', await look(browser, site, { width: 1280, height: 1070, dark: true, until }));
  save('wall', await look(browser, `${site}?wall`, { width: 1600, height: 900, dark: true, until }));
  save('phone', await look(browser, site, { width: 390, height: 844, scale: 2, until }));
}

/** Somebody else's page, of another origin than the collector's. */
async function widget(browser, at) {
  const html = fs.readFileSync(path.join(here, 'widget.html'), 'utf8').replaceAll('@at@', at);
  const server = http.createServer((_, res) => res.setHeader('content-type', 'text/html').end(html));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${server.address().port}/`;
  const until = `[...document.querySelectorAll('headcount-badge, headcount-states')]
    .every((element) => [...element.shadowRoot.querySelectorAll('.number')].every((n) => n.textContent > 0))`;
  save('widget', await look(browser, url, { width: 820, height: 430, until }));
  server.closeAllConnections();
  server.close();
}

const SCREEN = { columns: 100, lines: 32, env: { TERM: 'xterm-256color' } };

async function top(browser, redis) {
  const terminal = new Terminal([headcount, 'top', '--redis', redis], SCREEN);
  try {
    await drawTop(browser, terminal);
  } finally {
    await terminal.close();
  }
}

async function drawTop(browser, terminal) {
  await terminal.shows(new RegExp(`${SITE} `));
  terminal.type('\r');
  await terminal.shows(/writing [1-9].*reading [1-9].*idle [1-9].*background [1-9][^]*\d:\d\d (search on )?\//, PATIENCE_MS);
  const html = toHtml(lastScreen(terminal.out), SCREEN.columns);
  terminal.type('qq');
  await terminal.ended();
  const page = await browser.newPage({ viewport: { width: 1000, height: 200 } });
  await page.setContent(html);
  save('top', await page.locator('pre').screenshot());
  await page.close();
}

const shown = options.at ? { at: options.at, redis: options.redis, close() {} } : await stage();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
try {
  await dashboards(browser, shown.at);
  await widget(browser, shown.at);
  await top(browser, shown.redis);
} finally {
  await browser.close();
  await shown.close();
}
