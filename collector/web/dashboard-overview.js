// All sites as cards, asked for every two seconds while somebody looks. A card keeps its place
// for a minute, and longer while somebody points at one or is there by keyboard.
import { count, make, put, several } from './headcount-panel.js';
import { showFigures, showOnline, STATES } from './dashboard-figures.js';

const ASK_MS = 2_000;
const ASK_MAX_MS = 30_000;
const PLACE_MS = 60_000;
const LATE_MS = 12_000; // then nobody has answered, or the machine slept
const SVG = 'http://www.w3.org/2000/svg';
const HIGH = 30; // units, of which a minute is one wide

const list = document.getElementById('all');
const blank = make('li', { className: 'card blank' }, 'No site was counted yet. Put the script into a page: its first visitor brings it here.');
const cards = new Map();
let placed = -PLACE_MS;

function chart() {
  const [svg, said, past, running] = ['svg', 'title', 'path', 'path'].map((name) => document.createElementNS(SVG, name));
  const axis = make('p', { ariaHidden: 'true' }, make('span'), make('span'), 'now');
  svg.setAttribute('role', 'img');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.append(said, past, running);
  return { svg, said, past, running, axis };
}

/** Visitors of each minute as the bars of a site: the last one, in outline, still grows. */
function draw(bars, series) {
  const { svg, said, past, running, axis } = bars;
  if (bars.drawn === `${series}`) return;
  bars.drawn = `${series}`;
  const highest = Math.max(...series);
  const [now, n] = [series.at(-1), series.length];
  const text = `Visitors in each of ${n} minutes: highest ${count(highest)}, ${count(now)} so far in this one`;
  const tops = series.map((visitors) => visitors && HIGH - Math.max(1, (HIGH * visitors) / highest));
  const lines = tops.slice(0, -1).map((top, i) => (series[i] ? `M${i + 0.5} ${HIGH}V${top}` : ''));
  svg.setAttribute('viewBox', `0 0 ${n} ${HIGH}`);
  past.setAttribute('d', lines.join(''));
  running.setAttribute('d', now ? `M${n - 0.8} ${HIGH}V${tops.at(-1)}h.6V${HIGH}` : '');
  put(said, text);
  put(axis.children[0], `${n - 1} minutes ago`);
  put(axis.children[1], `highest ${count(highest)}`);
}

function add(site) {
  const [number, states, windows] = [make('b'), make('p'), make('p')];
  const name = make('h2', { title: site }, site);
  const bars = chart();
  const link = make('a', { className: 'card', href: `site/${encodeURIComponent(site)}` }, name, number, states, windows, bars.svg, bars.axis);
  const card = { row: make('li', {}, link), number, states, windows, bars };
  cards.set(site, card);
  return card;
}

function show({ sites, more }) {
  const sum = (of) => sites.reduce((n, site) => n + of(site), 0);
  const online = { total: sum((site) => site.online.total) };
  for (const state of STATES) online[state] = sum((site) => site.online[state]);
  showOnline(online);
  showFigures({
    current: count(sum((site) => site.current)),
    last30: count(sum((site) => site.last30)),
    views: count(sum((site) => site.pageViews)),
  }, { current: '5 minutes, all sites', last30: '30 minutes, all sites', views: '5 minutes, all sites' });
  const mayMove = performance.now() - placed > PLACE_MS && !list.matches(':hover, :focus-within');
  if (mayMove) placed = performance.now();
  const gone = new Set(cards.keys());
  for (const { site, online, current, series, demo } of sites) {
    const { row, number, states, windows, bars } = cards.get(site) ?? add(site);
    const here = STATES.filter((state) => online[state]).map((state) => `${count(online[state])} ${state}`);
    put(number, count(online.total));
    put(states, here.join(' · ') || 'nobody online');
    put(windows, `${several(current, 'visitor')} in 5 minutes${demo ? '. A demo: they are invented.' : ''}`);
    draw(bars, series);
    row.classList.toggle('none', !online.total);
    if (mayMove || !row.isConnected) list.append(row);
    gone.delete(site);
  }
  for (const site of gone) (cards.get(site).row.remove(), cards.delete(site));
  if (sites.length) blank.remove();
  else list.append(blank);
  put(document.getElementById('total'), more ? 'Only the busiest sites are shown and added up.' : '');
  return online.total;
}

/** tell: called with { status, since, flags, total }, whose status goes on by itself. */
export function overview(first, tell) {
  let timer;
  let fails = 0;
  let asked = false;
  const state = {
    since: 0,
    flags: [],
    get status() {
      if (fails) return 'reconnecting';
      if (!asked) return 'connecting';
      return Date.now() - state.since < LATE_MS ? 'live' : 'stale';
    },
  };
  const take = (answer) => Object.assign(state, { since: Date.now(), total: show(answer) });
  const ask = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(new URL('sites', document.baseURI), { signal: AbortSignal.timeout(8_000), cache: 'no-store' });
      if (!answer.ok) throw new Error(answer.status);
      take(await answer.json());
      asked = true;
      fails = 0;
    } catch {
      fails++;
    }
    tell(state);
    clearTimeout(timer); // there may be two who asked
    timer = setTimeout(ask, Math.min(ASK_MS * 2 ** fails, ASK_MAX_MS));
  };
  if (first) take(first);
  tell(state);
  document.addEventListener('visibilitychange', () => {
    placed = -PLACE_MS;
    ask();
  });
  timer = setTimeout(ask, first ? ASK_MS / 2 : 0);
}
