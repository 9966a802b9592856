// The demo site: counts its own views and shows the numbers that come of them.
//
// Everything that others may have chosen (paths, event names) reaches the page through
// textContent only.
'use strict';

const SITE = 'demo';
const BEAT_MS = 15_000; // a visitor counts as present a little longer than two of these
const POLL_MS = 1_000;
const BARS = 30;

const $ = (id) => document.getElementById(id);
const random = () => Array.from(crypto.getRandomValues(new Uint8Array(12)),
  (b) => b.toString(16).padStart(2, '0')).join('');

/** This browser, for this site only; a fresh one each time where storage is forbidden. */
function clientId() {
  const key = 'headcount.demo.client';
  try {
    const known = localStorage.getItem(key) || random();
    localStorage.setItem(key, known);
    return known;
  } catch {
    return random();
  }
}

const client = clientId();
const view = random();

function beacon(fields) {
  const query = new URLSearchParams({
    i: SITE, p: location.pathname, u: client, v: view, ...fields, rnd: random().slice(0, 8),
  });
  new Image().src = `/hc.gif?${query}`;
}

function beat() {
  if (document.visibilityState === 'visible') beacon({ k: 'h' });
}

function showPage() {
  const path = location.pathname.replace(/\/$/, '');
  for (const page of document.querySelectorAll('[data-page]'))
    page.hidden = page.dataset.page !== path;
  for (const link of document.querySelectorAll('nav a'))
    if (link.pathname === path) link.setAttribute('aria-current', 'page');
  $('curl').textContent = `curl '${location.origin}/sites/${SITE}/realtime?minutes=5'`;
  $('bars').replaceChildren(...Array.from({ length: BARS }, () => document.createElement('i')));
}

const span = (minutes) => (minutes === 1 ? 'minute' : `${minutes} minutes`);
const windowOf = (report, minutes) => report.windows.find((w) => w.minutes === minutes);

function showFigures(report) {
  const whole = windowOf(report, report.window);
  $('current').textContent = report.currentVisitors.toLocaleString();
  $('current-window').textContent = `seen in the last ${span(report.minutes)}`;
  $('views').textContent = report.pageViews.toLocaleString();
  $('views-window').textContent = `in the last ${span(report.minutes)}`;
  $('minute').textContent = windowOf(report, 1).visitors.toLocaleString();
  $('all').textContent = whole.visitors.toLocaleString();
  $('all-window').textContent = `in the last ${span(report.window)}`;
}

function showBars(series) {
  const rows = series.slice(-BARS);
  const peak = Math.max(...rows.map((row) => row.visitors));
  const bars = $('bars').children;
  for (let i = 0; i < BARS; i++) {
    const row = rows[rows.length - BARS + i];
    const bar = bars[i];
    bar.style.height = row && peak ? `${(100 * row.visitors) / peak}%` : '0';
    bar.classList.toggle('some', Boolean(row?.visitors));
    bar.classList.toggle('running', Boolean(row?.partial));
    if (row) bar.title = `${clock(row.minute)}  ${row.visitors} visitors, ${row.pageViews} views`;
  }
  $('peak').textContent = peak ? `highest: ${peak.toLocaleString()}` : '';
}

const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

function ago(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 60 ? `${s} s ago` : `${Math.round(s / 60)} min ago`;
}

function element(tag, ...children) {
  const e = document.createElement(tag);
  e.append(...children); // strings become text nodes
  return e;
}

function none(text) {
  const li = element('li', text);
  li.className = 'none';
  return [li];
}

function showPages(pages) {
  const most = pages.length ? pages[0].visitors : 1;
  const rows = pages.slice(0, 6).map((page) => {
    const li = element('li', element('span', page.path), element('b', String(page.visitors)));
    li.style.setProperty('--share', `${(100 * page.visitors) / most}%`);
    return li;
  });
  $('pages').replaceChildren(...(rows.length ? rows : none('Nobody yet.')));
}

function showEvents(events, now) {
  const rows = events.slice(0, 6).map((event) => {
    const what = event.name ? [element('em', event.name), ` on ${event.path}`] : [event.path];
    return element('li', element('span', ...what), element('time', ago(now - event.timestamp)));
  });
  $('events').replaceChildren(...(rows.length ? rows : none('Nothing yet.')));
}

function show(report) {
  showFigures(report);
  showBars(report.series);
  showPages(report.activePages);
  showEvents(report.recentEvents, report.asOf);
  document.title = `${report.currentVisitors} here now · headcount demo`;
}

let heard = Date.now();

async function poll() {
  try {
    const answer = await fetch(`/sites/${SITE}/realtime`, { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.status);
    show(await answer.json());
    heard = Date.now();
    $('stale').hidden = true;
  } catch {
    $('stale').textContent = `No answer since ${new Date(heard).toLocaleTimeString()}; trying again`;
    $('stale').hidden = false;
  }
  setTimeout(poll, POLL_MS);
}

showPage();
beacon({});
setInterval(beat, BEAT_MS);
document.addEventListener('visibilitychange', beat);
$('wave').addEventListener('click', () => beacon({ k: 'e', e: 'wave' }));
poll();
