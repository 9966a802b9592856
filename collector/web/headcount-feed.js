// <headcount-feed site="shop" max="200"></headcount-feed>: what happens, newest first.
//
// While somebody reads (points at rows, scrolled down, is there by keyboard, or paused) they stay
// where they are, and what is new is told as a number. A pointer at rest reads for a minute.
import { clock, count, countryOf, define, make, Panel, part, put } from './headcount-panel.js';

const ROWS_MAX = 200;
const READS_MS = 60_000;
const REST_MS = 250; // between two paintings, however much happens
const KINDS = { view: 'views', event: 'events', outbound: 'outbound', goal: 'goals', query: 'queries', message: 'messages' };

const CSS = `
:host { display: flex; flex-direction: column; min-height: 30em; }
.body { container-type: inline-size; position: relative; display: flex; flex: 1 1 0; flex-direction: column; min-height: var(--hc-feed, 16em); }
.tools { display: flex; flex-wrap: wrap; gap: .35em; margin: .6em 0; }
button, input, select { padding: .2em .7em; font: inherit; font-size: .82em; color: inherit; background: none;
  border: 1px solid var(--l); border-radius: 2em; }
button, select { cursor: pointer; }
select { max-width: 11em; background: var(--g); }
.chip[aria-pressed="false"] { color: var(--m); text-decoration: line-through; }
.pause { min-width: 5.5em; }
.pause[aria-pressed="true"] { border-color: var(--a); color: var(--a); }
input { flex: 1 1 11em; min-width: 0; }
input::placeholder { color: var(--m); opacity: 1; }
.new { position: absolute; z-index: 1; left: 50%; transform: translateX(-50%); margin-top: .3em;
  color: var(--g); background: var(--a); border-color: transparent; }
.list { position: relative; flex: 1 1 0; min-height: 0; overflow: auto; overflow-anchor: none;
  mask: linear-gradient(#000 calc(100% - 2em), transparent); }
ol { margin: 0; padding: 0 0 1.8em; list-style: none; font-size: .92em; }
li { display: flex; gap: .8em; align-items: baseline; padding: .22em .2em; white-space: nowrap;
  border-bottom: 1px solid var(--l); }
time, li small { flex: none; margin: 0; font-size: .85em; color: var(--m); }
li i { flex: none; width: 5.4em; font-style: normal; font-size: .85em; color: var(--m); }
li span { flex: 1 1 0; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
li small { max-width: 40%; overflow: hidden; text-overflow: ellipsis; }
li .country { width: 1.8em; text-align: right; }
@container (max-width: 32em) {
  li { gap: .6em; }
  li small:not(.country) { display: none; }
}
li:is(.event, .outbound, .goal, .message) i { color: var(--a); font-weight: 600; }
.gap { color: var(--m); }
`;

/** What an entry is filtered by. */
function kindOf({ type, name, goals }) {
  if (goals?.length) return 'goal';
  if (type === 'pageview') return 'view';
  if (type === 'event' && name?.startsWith('outbound ')) return 'outbound';
  return Object.hasOwn(KINDS, type) ? type : 'event';
}

function wordsOf(entry, kind) {
  const { name, path, text, ms, goals } = entry;
  if (kind === 'view') return [path];
  if (kind === 'goal') return [goals.join(', '), path];
  if (kind === 'outbound') return [name.slice(9), path];
  if (kind === 'message') return [name ? `${name}: ${text}` : text];
  if (kind === 'query') return [`${count(ms)} ms`, name];
  return [name, path];
}

const moreOf = ({ device, referrer }) => [device, referrer].filter((text) => text && text !== '-').join(' · ');
const idOf = (entry) => entry?.id ?? entry?.to ?? 0;
const keyOf = ({ id, timestamp, type, from, to }) => (type === 'gap' ? `${from}-${to}` : `${id} ${timestamp}`);

class Feed extends Panel {
  static css = Panel.css + CSS;
  static wants = { feed: true };
  static about = {
    title: 'Live feed',
    note: 'What happens, as it happens: pages opened, named events, clicks to other sites, goals reached, ' +
      'database queries, messages; in grey device, referrer, country. It stands still while you read.',
  };

  items = []; // what is shown, of the newest view or of when reading began
  latest = [];
  rows = new Map();
  without = new Set(); // kinds
  countries = new Set(); // codes that can be chosen
  touched = -READS_MS;

  build() {
    super.build();
    const button = (className, textContent, onclick) => make('button', { type: 'button', className, textContent, onclick });
    this.pausing = button('pause', 'Pause', () => this.pause());
    this.pausing.ariaPressed = 'false';
    const chips = Object.entries(KINDS).map(([kind, text]) => {
      const chip = button('chip', text, () => {
        chip.ariaPressed = String(this.without.delete(kind) || !this.without.add(kind));
        this.paint();
      });
      chip.ariaPressed = 'true';
      return chip;
    });
    this.filter = make('input', { type: 'search', placeholder: 'Filter by text or country' });
    this.filter.oninput = () => this.paint();
    this.country = make('select', { ariaLabel: 'Country', hidden: true }, new Option('All countries', ''));
    this.country.onchange = () => this.paint();
    this.fresh = button('new', '', () => this.catchUp());
    this.list = make('ol');
    this.empty = make('p', { className: 'empty' });
    this.frame = make('div', { className: 'list', tabIndex: 0, role: 'region', ariaLabel: 'Entries, newest first' }, this.list, this.empty);
    this.frame.onpointermove = () => (this.touched = performance.now());
    this.frame.onpointerleave = () => ((this.touched = -READS_MS), this.refresh());
    this.frame.onscroll = this.frame.onblur = () => this.refresh();
    const tools = part('tools', 'div');
    tools.append(this.pausing, ...chips, this.country, this.filter);
    this.body.append(tools, make('div', {}, this.fresh), this.frame);
  }

  /** Whether somebody is at it. */
  get isRead() {
    return this.paused || this.frame.scrollTop > 4 || this.frame.matches(':focus-visible') ||
      performance.now() - this.touched < READS_MS;
  }

  pause() {
    this.paused = !this.paused;
    this.pausing.ariaPressed = String(this.paused);
    put(this.pausing, this.paused ? 'Go on' : 'Pause');
    this.refresh();
  }

  /** To the newest, whoever reads. */
  catchUp() {
    this.touched = -READS_MS;
    this.frame.scrollTop = 0;
    this.items = this.latest;
    this.paint();
  }

  update({ events, numbers }) {
    put(this.span, 'newest first');
    this.latest = events;
    this.isKnown = !!numbers;
    this.resting ??= setTimeout(() => {
      this.resting = null;
      this.refresh();
    }, this.rows.size ? REST_MS : 0);
  }

  refresh() {
    const isOther = idOf(this.latest[0]) < idOf(this.items[0]); // a feed that began anew
    if (!this.isRead || !this.items.length || isOther) this.items = this.latest;
    this.paint();
  }

  #passes(entry, words) {
    const kind = kindOf(entry);
    const country = this.country.value;
    if (entry.type === 'gap') return !words && !country && !this.without.size;
    if (this.without.has(kind) || (country && entry.country !== country)) return false;
    return !words || [...wordsOf(entry, kind), countryOf(entry.country), moreOf(entry)].join(' ').toLowerCase().includes(words);
  }

  /** A country can be chosen once it was seen. */
  #learn(entries) {
    for (const { country } of entries) {
      if (!country || this.countries.has(country)) continue;
      const name = countryOf(country);
      const after = [...this.country.options].find(({ value, text }) => value && text > name);
      this.country.add(new Option(name, country), after);
      this.country.hidden = false;
      this.countries.add(country);
    }
  }

  paint() {
    this.#learn(this.items);
    const words = this.filter.value.trim().toLowerCase();
    const shown = this.items.filter((entry) => this.#passes(entry, words)).slice(0, Number(this.getAttribute('max')) || ROWS_MAX);
    const rows = new Map(shown.map((entry) => [keyOf(entry), entry]));
    for (const [key, row] of this.rows) if (!rows.has(key)) (row.remove(), this.rows.delete(key));
    let at = this.list.firstChild;
    for (const [key, entry] of rows) {
      const row = this.rows.get(key) ?? this.#row(entry);
      this.rows.set(key, row);
      if (row === at) at = at.nextSibling;
      else this.list.insertBefore(row, at);
    }
    const newest = idOf(this.items[0]);
    const waiting = this.latest.filter((entry) => entry.id > newest && this.#passes(entry, words)).length;
    this.fresh.hidden = !waiting;
    put(this.fresh, `${waiting} new`);
    this.empty.hidden = shown.length > 0 || !this.isKnown;
    put(this.empty, this.items.length ? 'Nothing like that.' : 'Nothing yet. The next page that is opened stands here at once.');
  }

  #row(entry) {
    if (entry.type === 'gap') {
      return make('li', { className: 'gap' }, `missed here: ${count(entry.to - entry.from + 1)}`);
    }
    const kind = kindOf(entry);
    const words = wordsOf(entry, kind).filter(Boolean);
    const [what, where] = words.map((text) => make('bdi', {}, text));
    const said = make('span', { title: words.join('\n') }, what ?? '');
    if (where) said.append(kind === 'query' ? ' by ' : ' on ', where);
    const country = make('small', { className: 'country' }, entry.country ?? '');
    return make('li', { className: kind }, make('time', {}, clock(entry.timestamp)), make('i', {}, kind), said, make('small', {}, moreOf(entry)), country);
  }
}

define('headcount-feed', Feed);
