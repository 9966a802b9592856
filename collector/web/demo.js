// The demo site: shows the numbers that come of its own views, which hc.js counts.
//
// What changes is pushed (sites/demo/stream): a state brings the numbers, and behind it the
// whole answer is asked for once, for the bars of the minutes. Where there is no stream the
// answer is asked for every second.
//
// Everything that others may have chosen (paths, event names) reaches the page through
// textContent only.
'use strict';

const SITE = 'demo';
const POLL_MS = 1_000; // without a stream
const REFRESH_MS = 10_000; // with one: minutes pass also when nothing happens
const COUNTED_MS = 3_000; // by then a view of this page has been counted, or it will not be
const BARS = 30;
const EVENTS = 6;
const STATES = ['writing', 'reading', 'idle', 'background'];

const $ = (id) => document.getElementById(id);
const root = new URL(document.baseURI);

function showPage() {
  for (const page of document.querySelectorAll('[data-page]'))
    page.hidden = root.pathname + page.dataset.page.slice(1) !== location.pathname;
  for (const link of document.querySelectorAll('nav a'))
    if (link.pathname === location.pathname) {
      link.setAttribute('aria-current', 'page');
      document.title = `${link.textContent} – headcount demo`;
    }
  for (const place of document.querySelectorAll('[data-address]'))
    place.textContent = new URL(place.dataset.address, root);
  $('bars').replaceChildren(...Array.from({ length: BARS }, () => document.createElement('i')));
}

const span = (minutes) => (minutes === 1 ? 'minute' : `${minutes} minutes`);
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

function showOnline(online) {
  $('online').textContent = online.total.toLocaleString();
  for (const state of STATES) {
    $('states').querySelector(`.${state} b`).textContent = online[state].toLocaleString();
    $('share').querySelector(`.${state}`).style.width =
      `${online.total ? (100 * online[state]) / online.total : 0}%`;
  }
}

/** numbers: { minutes, current, views, window, all } */
function showFigures(numbers) {
  $('current').textContent = numbers.current.toLocaleString();
  $('current-window').textContent = `in the last ${span(numbers.minutes)}`;
  $('views').textContent = numbers.views.toLocaleString();
  $('views-window').textContent = `in the last ${span(numbers.minutes)}`;
  $('all').textContent = numbers.all.toLocaleString();
  $('all-window').textContent = `in the last ${span(numbers.window)}`;
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

function showPages(pages) {
  const open = pages.filter((page) => page.online > 0).sort((a, b) => b.online - a.online);
  const rows = open.slice(0, EVENTS).map((page) => {
    const li = element('li', element('span', page.path), element('b', String(page.online)));
    li.style.setProperty('--share', `${(100 * page.online) / open[0].online}%`);
    return li;
  });
  $('pages').replaceChildren(...(rows.length ? rows : none('Nobody has a page open.')));
}

let events = []; // newest first

function showEvents(now) {
  const rows = events.slice(0, EVENTS).map((event) => {
    const what = event.name ? [element('em', event.name), ` on ${event.path}`] : [event.path];
    if (event.type === 'message') what.splice(0, 2, element('em', event.name), ` ${event.text}`);
    return element('li', element('span', ...what), element('time', ago(now - event.timestamp)));
  });
  $('events').replaceChildren(...(rows.length ? rows : none('Nothing yet.')));
}

let newest = [0, 0]; // epoch and commit of what is shown

/** Whether what is of that commit may be shown: nothing newer is. */
function advance(epoch, commit) {
  if (epoch < newest[0] || (epoch === newest[0] && commit < newest[1])) return false;
  newest = [epoch, commit];
  return true;
}

function showAnswer(report) {
  showBars(report.series);
  if (!advance(...report.rev.split('.').map(Number))) return;
  showOnline(report.online);
  showFigures({
    minutes: report.minutes,
    current: report.currentVisitors,
    views: report.pageViews,
    window: report.window,
    all: report.windows.find((w) => w.minutes === report.window).visitors,
  });
  showPages(report.activePages);
  events = report.recentEvents;
  showEvents(report.asOf);
}

function showState(state) {
  if (!advance(state.e, state.q)) return;
  const window = Math.max(...Object.keys(state.visitors).map(Number));
  showOnline(state.online);
  showFigures({
    minutes: 5,
    current: state.visitors[5],
    views: state.pv[5],
    window,
    all: state.visitors[window],
  });
  showPages(state.pages);
  showEvents(state.t);
}

let heard = Date.now();
let timer;
let due = Infinity;

/** Says so when this page is not counted: its site was not added, or the browser opts out. */
function showWhetherCounted(flags) {
  const unknown = flags.includes('unknown');
  const early = performance.now() < COUNTED_MS;
  $('uncounted').hidden = !unknown || early;
  if (unknown && early) ask(COUNTED_MS);
}

/** Asks for the whole answer in so many ms, or sooner where that was said before. */
function ask(ms) {
  if (performance.now() + ms >= due) return;
  due = performance.now() + ms;
  clearTimeout(timer);
  timer = setTimeout(poll, ms);
}

async function poll() {
  due = Infinity;
  try {
    const answer = await fetch(new URL(`sites/${SITE}/realtime`, root), { signal: AbortSignal.timeout(5000) });
    if (!answer.ok) throw new Error(answer.status);
    const report = await answer.json();
    showAnswer(report);
    showWhetherCounted(report.flags);
    heard = Date.now();
    $('stale').hidden = true;
  } catch {
    $('stale').textContent = `No answer since ${new Date(heard).toLocaleTimeString()}; trying again`;
    $('stale').hidden = false;
  }
  ask(stream.readyState === EventSource.OPEN ? REFRESH_MS : POLL_MS);
}

showPage();
const stream = new EventSource(new URL(`sites/${SITE}/stream`, root));
stream.addEventListener('state', ({ data }) => {
  showState(JSON.parse(data));
  ask(POLL_MS / 2);
});
stream.addEventListener('event', ({ data }) => {
  const event = JSON.parse(data);
  events = [event, ...events.filter((e) => e.id !== event.id)].slice(0, EVENTS);
});
stream.addEventListener('error', () => ask(0));
poll();
