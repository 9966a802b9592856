// Keyboard, colours and the wall. The page has begun with those that were chosen here.
const $ = (id) => document.getElementById(id);
const root = document.documentElement;
const dark = matchMedia('(prefers-color-scheme: dark)');

function keep(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {} // for this page only, then
}

/** To the other colours; those of the system follow it. */
function turn() {
  const system = dark.matches ? 'dark' : 'light';
  const next = (root.dataset.theme ?? system) === 'dark' ? 'light' : 'dark';
  if (next === system) delete root.dataset.theme;
  else root.dataset.theme = next;
  keep('headcount_theme', next === system ? null : next);
}

const isWall = () => 'wall' in root.dataset;
let lock;

/** Fewer rows on the wall, and a screen that stays on, where a browser can. */
async function fit() {
  document.querySelector('headcount-pages').setAttribute('max', isWall() ? 5 : 10);
  await lock?.release().catch(() => {});
  lock = isWall() && !document.hidden ? await navigator.wakeLock?.request('screen').catch(() => null) : null;
}

function hang() {
  const url = new URL(location);
  root.toggleAttribute('data-wall');
  url.search = isWall() ? '?wall' : '';
  history.replaceState(null, '', url);
  fit();
}

const inField = () => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return at?.matches('input') && at;
};

export function keys(feed) {
  const letters = $('letters');
  const actions = {
    '/': () => feed.filter?.focus(),
    p: () => feed.filter && feed.pause(),
    g: () => $('home').click(),
    w: hang,
    t: turn,
    '?': () => $('help').showModal(),
    Escape: () => (inField() ? inField().blur() : isWall() && hang()),
  };
  try {
    letters.checked = localStorage.getItem('headcount_letters') !== 'off';
  } catch {}
  letters.onchange = () => keep('headcount_letters', letters.checked ? null : 'off');
  $('theme').onclick = turn;
  $('wall').onclick = hang;
  $('keys').onclick = actions['?'];
  $('help').querySelector('button').onclick = () => $('help').close();
  addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || document.querySelector('dialog[open]')) return;
    if (!Object.hasOwn(actions, e.key)) return;
    if (e.key !== 'Escape' && (inField() || !letters.checked)) return;
    if (e.key === '/') e.preventDefault(); // else it would be typed there
    actions[e.key]();
  });
  document.addEventListener('visibilitychange', fit);
  fit();
}
