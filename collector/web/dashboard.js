// The pages: what the client hears is handed on to the panels, four times a second at most, and
// not while nobody looks. A number that may have changed since is greyed, and its time told.
import { subscribe } from './headcount-client.js';
import './headcount-bars.js';
import './headcount-feed.js';
import './headcount-list.js';
import './headcount-pages.js';
import { showAlerts } from './dashboard-alerts.js';
import { keys } from './dashboard-keys.js';
import { showNumbers } from './dashboard-figures.js';
import { overview } from './dashboard-overview.js';
import { Token } from './dashboard-token.js';
import { clock, count, explain, put } from './headcount-panel.js';

const CONNECTING_MS = 5_000; // so long what came with the page is new
const DRAW_MS = 250; // between two pictures, however much happens
const TELL_MS = 10_000; // between two announcements to screen readers,
const COUNT_MS = 60_000; // of nothing but another number

const FLAGS = {
  loading: 'loading: these are the last numbers known',
  warming: 'warming: just restarted, who is online may rise',
  capped: 'capped: numbers are lower bounds',
  unknown: 'nobody was here lately',
  demo: 'This is a demo: its visitors are invented.',
};

const $ = (id) => document.getElementById(id);

const site = decodeURIComponent(/\/site\/([^/]+)$/.exec(location.pathname)?.[1] ?? '');
const first = window.isCached ? null : JSON.parse($('first').textContent); // else it is old

let state = { status: 'connecting', since: 0, flags: [] };
let told = { at: -TELL_MS };

const ago = (since) => {
  const s = Math.max(0, Math.round((Date.now() - since) / 1e3));
  return s < 100 ? `${s} s` : `${Math.round(s / 60)} min`;
};

const words = ({ status, since }) =>
  ({
    connecting: 'connecting…',
    stale: since ? `stale since ${ago(since)}` : 'stale',
    reconnecting: since ? `reconnecting… last heard ${ago(since)} ago` : 'reconnecting…',
    refused: 'a token is needed',
    off: 'not available here',
  })[status] ?? status;

/** What it says, to people who look and to those who listen. */
function tell() {
  const { status, since, flags, total, alerts = [] } = state;
  const isNew = status === 'live' || (status === 'connecting' && performance.now() < CONNECTING_MS);
  const isOld = !isNew || flags.includes('loading');
  document.body.dataset.status = status;
  document.body.classList.toggle('old', isOld);
  const title = `(${isOld || total === undefined ? '–' : count(total)}) ${site || 'headcount'}`;
  if (document.title !== title) document.title = title;
  if (document.hidden) return;
  put($('status').lastChild, words(state));
  put($('flags'), flags.map((flag) => FLAGS[flag] ?? '').join(' '));
  put($('gloss'), isOld && since ? `last known, of ${clock(since)}` : site ? 'people on this site at this moment' : 'people on all sites: who is on two counts twice');
  const news = isOld ? status : alerts.map(({ name }) => `, alert ${name}`).join('');
  const text = isOld ? news : `${count(total)} online${news}`;
  const pause = news === told.news ? COUNT_MS : TELL_MS;
  if (text === told.text || total === undefined || performance.now() - told.at < pause) return;
  told = { text, news, at: performance.now() };
  put($('told'), text);
}

function watchSite() {
  const panels = $('site').querySelectorAll(':not(div)');
  let known = first; // what the page came with is new only once
  let view;
  let end;
  let drawing;
  let drawn = -DRAW_MS;
  const show = () => {
    drawing = null;
    drawn = performance.now();
    if (view.numbers) showNumbers(view.numbers);
    showAlerts(view.numbers?.alerts);
    for (const panel of panels) panel.view = view;
  };
  const draw = () => {
    if (!document.hidden && view) drawing ??= setTimeout(show, drawn + DRAW_MS - performance.now());
  };
  const take = (next) => {
    view = next;
    const { status, since, numbers } = view;
    state = { status, since, flags: numbers?.flags ?? [], total: numbers?.online.total, alerts: numbers?.alerts };
    token.heard(status);
    tell();
    draw();
  };
  const watch = () => {
    end?.();
    end = subscribe(site, take, { token: token.value, first: known });
    known = null;
  };
  const token = new Token(site, watch);
  $('site').hidden = false;
  $('link').onclick = () => copy(token.link, token.value ? 'Copied, with its token' : 'Copied');
  document.addEventListener('visibilitychange', draw);
  import('./headcount-map.js').catch(() => $('site').querySelector('headcount-map').remove());
  watch();
}

function watchAll() {
  document.body.classList.add('overview');
  $('all').hidden = false;
  $('link').onclick = () => copy(location.href, 'Copied');
  overview(first, (now) => {
    state = now;
    tell();
  });
}

async function copy(text, done) {
  const field = Object.assign(document.createElement('textarea'), { value: text, className: 'unseen' });
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    document.body.append(field); // a page without TLS has no clipboard but this
    field.select();
    document.execCommand('copy');
    field.remove();
    $('link').focus();
  }
  put($('link'), done);
  setTimeout(() => put($('link'), 'Copy link'), 2_000);
}

clearTimeout(window.forgetting);
put($('name'), site || 'All sites');
for (const note of document.querySelectorAll('.note')) explain(note, note.parentElement.querySelector('h2, h3'));
keys(document.querySelector('headcount-feed'));
if (site) watchSite();
else watchAll();
setInterval(tell, 1_000);
document.addEventListener('visibilitychange', tell);
