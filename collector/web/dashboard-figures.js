// The numbers above: who is online, in which states, and the figures beside it.
import { clock, count, put } from './headcount-panel.js';

const $ = (id) => document.getElementById(id);
export const STATES = ['writing', 'reading', 'idle', 'background'];
const still = matchMedia('(prefers-reduced-motion: reduce)');

/** The digits that change come from below when it grows, from above when it falls. */
function roll(node, to) {
  const from = node.value;
  const [text, old] = [count(to), node.textContent];
  node.value = to;
  if (text === old) return;
  let same = 0;
  while (old.length === text.length && old[same] === text[same]) same++;
  const changed = document.createElement('span');
  changed.textContent = text.slice(same);
  node.replaceChildren(text.slice(0, same), changed);
  node.style.setProperty('--length', text.length);
  if (from === undefined || still.matches || node.moving?.playState === 'running') return;
  const way = to > from ? '.08em' : '-.08em';
  node.moving = changed.animate([{ transform: `translateY(${way})`, opacity: 0.3 }, {}], { duration: 350, easing: 'ease-out' });
  $('pulse').animate([{ boxShadow: '0 0 0 0 var(--accent)' }, { boxShadow: '0 0 0 .7em transparent' }], 600);
}

export function showOnline(online) {
  roll($('online'), online.total);
  for (const state of STATES) {
    const part = (100 * online[state]) / online.total || 0;
    const row = $('states').querySelector(`.${state}`);
    put(row.querySelector('b'), count(online[state]));
    put(row.querySelector('small'), online.total ? `${Math.round(part)} %` : '');
    const piece = $('share').querySelector(`.${state}`);
    piece.hidden = !part;
    piece.style.setProperty('--part', `${part}%`);
  }
}

const day = (ms) => new Date(ms).toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' });

/** texts: { current: '12', … }; of what is not named, the card goes. when: the small line. */
export function showFigures(texts, when = {}) {
  for (const card of document.querySelectorAll('.figure')) {
    const { figure } = card.dataset;
    card.hidden = !(figure in texts);
    if (card.hidden) continue;
    put(card.querySelector('b'), texts[figure]);
    if (figure in when) put(card.querySelector('small'), when[figure]);
  }
}

/** Of a realtime answer. */
export function showNumbers(numbers) {
  const { online, peak, total, windows, window, queries } = numbers;
  showOnline(online);
  for (const span of document.querySelectorAll('.minutes')) put(span, numbers.minutes);
  for (const span of document.querySelectorAll('.window')) put(span, window);
  showFigures(
    {
      current: count(numbers.currentVisitors),
      last30: count(windows.find((row) => row.minutes === window)?.visitors),
      views: count(numbers.pageViews),
      engaged: `${Math.round(numbers.engagedTime ?? 0)} s`,
      day: count(peak.day),
      all: count(peak.all),
      ...(queries?.count && { queries: count(queries.count) }),
    },
    {
      day: peak.dayAt ? `at ${clock(peak.dayAt).slice(0, 5)}` : 'nobody yet',
      all: peak.allAt ? `on ${day(peak.allAt)}` : 'nobody yet',
      queries: `p50 ${count(queries?.p50)} ms · p95 ${count(queries?.p95)} ms`,
    },
  );
  put($('total'), total.since ? `${count(total.visits)} visits and ${count(total.views)} page views since ${day(total.since)}. Who was away for ${window} minutes is a new visit.` : '');
}
