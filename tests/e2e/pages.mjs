// The pages in a real browser: what they show, as numbers.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after } from 'node:test';
import { chromium } from 'playwright-core';
import { eventually } from './harness.mjs';

// What Playwright switches off for good reasons, which this list takes the place of, and the
// renderer that is kept at hand for a page that may come: half of all that are started.
const FEATURES_OFF = [
  'AcceptCHFrame', 'AutoDeElevate', 'AvoidUnnecessaryBeforeUnloadCheckSync',
  'BoundaryEventDispatchTracksNodeRemoval', 'DestroyProfileOnBrowserClose',
  'DialMediaRouteProvider', 'GlobalMediaControls', 'HttpsUpgrades', 'LensOverlay', 'MediaRouter', 'OptimizationHints',
  'PaintHolding', 'RenderDocument', 'SpareRendererForSitePerProcess', 'ThirdPartyStoragePartitioning', 'Translate',
];

// Root has no sandbox; the rest keeps a browser without a screen from talking to anybody, and
// from more processes than its pages need.
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--in-process-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  `--disable-features=${FEATURES_OFF}`,
];
export const WIDE = { viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' };

// To start one costs more than most stories do in it, so a file has one, and a story people in it.
let shared = null;
after(() => shared?.close());

/** The browser of a file; every context of it ends with the story. */
export async function theBrowser(s) {
  if (!shared?.isConnected())
    shared = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
  s.closing.push(() => Promise.all(shared.contexts().map((context) => context.close())));
  return shared;
}

/** A new person in the browser, and all that the person's pages have to say. */
export async function browse(s, options = WIDE) {
  const browser = await theBrowser(s);
  const context = await browser.newContext(options);
  const said = [];
  context.on('weberror', (error) => said.push(String(error.error())));
  context.on('console', (message) => said.push(message.text()));
  context.on('dialog', (dialog) => (said.push(`dialog ${dialog.message()}`), dialog.dismiss()));
  return { browser, context, said };
}

export async function open(context, url) {
  const page = await context.newPage();
  await page.goto(url, { waitUntil: 'load' });
  return page;
}

/** What is seen of an element, on one line. */
export const line = (words) => words.replace(/\s+/g, ' ').trim();
export const text = async (page, selector) => line(await page.locator(selector).first().innerText());
export const shows = (page, selector, expected, ms) =>
  eventually(async () => assert.equal(await text(page, selector), expected), ms);
export const isLive = (page) => shows(page, '#status', 'live');

/** What axe has to say that is serious or worse. colours: of nothing but them, for a page that was
 * judged in others before. */
export async function problemsOf(page, { colours = false } = {}) {
  const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const options = { resultTypes: ['violations'], ...(colours && { runOnly: ['cat.color'] }) };
  if (!(await page.evaluate('!!window.axe'))) await page.evaluate(axe);
  return page.evaluate(`axe.run(document, ${JSON.stringify(options)}).then(({ violations }) =>
    violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, ...nodes.map(({ target, failureSummary }) => target + ' ' + failureSummary)].join('\\n')))`);
}

/** What the page shows, all of one moment, as numbers. */
export const numbersOf = (page) =>
  page.evaluate(() => {
    const number = (node) => Number(node.textContent.replace(/\D/g, ''));
    const figure = (name) => number(document.querySelector(`[data-figure=${name}] b`));
    const rows = (element) =>
      [...element.shadowRoot.querySelectorAll('tbody tr')].map((row) => [...row.children].slice(1).map(number));
    const online = Object.fromEntries(['writing', 'reading', 'idle', 'background'].map((state) => [state, number(document.querySelector(`#states .${state} b`))]));
    const { rev, numbers } = document.querySelector('headcount-pages').view;
    return {
      rev, minute: Math.floor(numbers?.asOf / 60_000), // in the next one, of the same rev, the windows are others
      online: { total: number(document.getElementById('online')), ...online },
      current: figure('current'), last30: figure('last30'), views: figure('views'), peak: figure('day'), peakEver: figure('all'),
      pages: rows(document.querySelector('headcount-pages')),
    };
  });

export function ofAnswer({ rev, asOf, online, currentVisitors, pageViews, windows, window, peak, activePages }) {
  const { total, writing, reading, idle, background } = online;
  return {
    rev, minute: Math.floor(asOf / 60_000), online: { total, writing, reading, idle, background },
    current: currentVisitors, last30: windows.find((row) => row.minutes === window).visitors, views: pageViews,
    peak: peak.day, peakEver: peak.all,
    pages: activePages.slice(0, 10).map((page) => [page.visitors, page.online]),
  };
}
