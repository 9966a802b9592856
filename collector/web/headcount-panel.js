// What the larger elements share: a heading that explains itself, and tables. What others may
// have chosen is only ever text.
import { BASICS, HeadcountElement, part, text as count } from './headcount-element.js';

export { count, part };
export { define } from './headcount-element.js';

/** An element with properties and children; strings become text. */
export function make(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Writes a text if it is another one. */
export function put(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

export const several = (n, what) => `${count(n)} ${what}${n === 1 ? '' : 's'}`;
export const minutes = (n) => (n === 1 ? 'last minute' : `last ${n} minutes`);

const times = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
export const clock = (ms) => times.format(ms);

export const percent = (part) => (part > 0 && part < 0.005 ? '<1 %' : `${Math.round(100 * part) || 0} %`);

const regions = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

/** The name of a country's code; what is none stays as it is. */
export function countryOf(code) {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

let notes = 0;

const whatIs = (heading) => `What is “${heading.textContent}”?`;

/** Puts a question mark behind a heading, which shows the note. */
export function explain(note, heading) {
  const why = part('why', 'button');
  note.id ||= `note-${++notes}`;
  note.role = 'tooltip';
  why.type = 'button';
  why.textContent = '?';
  why.ariaLabel = whatIs(heading);
  why.setAttribute('aria-describedby', note.id);
  why.onclick = () => why.focus(); // not every browser does
  why.onkeydown = ({ key }) => {
    if (key === 'Escape') why.classList.add('shut');
  };
  why.onblur = why.onpointerleave = () => why.classList.remove('shut');
  heading.after(why);
  return why;
}

const CSS = `${BASICS}
:host { display: block; position: relative; line-height: 1.5; --a: var(--hc-accent, #12907b);
  --m: var(--hc-muted, color-mix(in srgb, currentColor 70%, transparent)); --l: var(--hc-line, #8886);
  --g: var(--hc-ground, Canvas); }
:host([hidden]), [hidden] { display: none; }
* { box-sizing: border-box; }
h2 { display: inline-block; margin: 0; font-size: .95em; font-weight: 600; }
small { margin-left: .5em; font-size: .82em; color: var(--m); }
.why { width: 1.5em; height: 1.5em; margin-left: .5em; padding: 0; font: inherit; font-size: .75em;
  line-height: 1; border: 1px solid var(--l); border-radius: 50%; background: none;
  color: var(--m); cursor: help; }
:focus-visible { outline: 2px solid var(--a); outline-offset: 2px; }
.note { position: absolute; z-index: 2; left: .6em; right: .6em; display: none; max-width: 26em;
  margin: .4em 0 0; padding: .6em .8em; font-size: .88em; border: 1px solid var(--a);
  border-radius: .5em; background: var(--g); }
.why:hover ~ .note, .why:focus ~ .note { display: block; }
.shut ~ .note { display: none !important; }
.empty { margin: .7em 0 0; max-width: 34em; font-size: .88em; color: var(--m); }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;

/** A heading, what its numbers are of, a note, and a body. */
export class Panel extends HeadcountElement {
  static css = CSS;
  static wants = { feed: false };

  get about() {
    return this.constructor.about;
  }

  build() {
    this.note = make('p', { className: 'note' });
    this.head = part('title', 'h2');
    this.span = make('small');
    this.body = part('body', 'div');
    this.role = 'group';
    this.shadowRoot.append(make('div', {}, this.head, this.span, this.note), this.body);
    this.why = explain(this.note, this.head);
  }

  name() {
    const { title, note } = this.about;
    const name = this.getAttribute('label') ?? title;
    put(this.note, note);
    if (this.ariaLabel === name) return;
    this.ariaLabel = this.head.textContent = name;
    this.why.ariaLabel = whatIs(this.head);
  }

  update({ numbers }) {
    if (numbers) put(this.span, minutes(numbers.minutes));
  }
}

const TABLE_CSS = `
:host { container-type: inline-size; }
table { width: 100%; margin-top: .5em; border-collapse: collapse; table-layout: fixed; font-size: .92em; }
th { padding: 0; font-size: .86em; font-weight: 400; color: var(--m); text-align: right; }
th:first-child { text-align: left; }
th:not(:first-child) { width: 4.8em; }
td { height: 2.2em; padding: 0; text-align: right; }
td:first-child { position: relative; padding: 0 .6em; text-align: left; }
td:first-child::before { content: ""; position: absolute; inset: 2px auto 2px 0; width: var(--part, 0%);
  min-width: 2px; border-radius: var(--hc-radius, .4em); transition: width .4s ease;
  background: color-mix(in srgb, var(--a) 16%, transparent); }
td div { position: relative; display: flex; gap: .7em; align-items: baseline; white-space: nowrap; }
td bdi { flex: 0 1 auto; min-width: 0; overflow: hidden; text-overflow: ellipsis; }
td .more:not(:empty) { flex: 1 1 0; min-width: 4em; font-size: .88em; color: var(--m); }
@container (max-width: 26em) { td .more { display: none; } }
table + .rest { min-height: 1.6em; margin: .2em 0 0; font-size: .82em; color: var(--m); }
`;

/** Rows of a name and numbers, most first, with a bar that compares them. */
export class Table extends Panel {
  static css = CSS + TABLE_CSS;

  build() {
    super.build();
    this.columns = this.about.columns.map(() => make('th', { scope: 'col' }));
    this.rows = make('tbody');
    this.table = make('table', {}, make('thead', {}, make('tr', {}, ...this.columns)), this.rows);
    this.rest = part('rest', 'p');
    this.empty = make('p', { className: 'empty', hidden: true });
    this.table.hidden = true; // until something is known
    this.body.append(this.table, this.rest, this.empty);
  }

  name() {
    super.name();
    this.table.ariaLabel = this.ariaLabel;
    this.columns.forEach((column, i) => put(column, this.about.columns[i]));
  }

  get max() {
    return Number(this.getAttribute('max')) || 8;
  }

  #row(at) {
    const more = part('more', 'bdi');
    const names = make('div', {}, make('bdi', { dir: 'auto' }), more);
    const cells = this.about.columns.map((_, i) => (i ? make('td') : make('td', {}, names)));
    return this.rows.children[at] ?? this.rows.appendChild(make('tr', {}, ...cells));
  }

  /** rows: [{ name, more, part: 0 to 1, numbers }]; all: how many there are. */
  fill(rows, all = rows.length) {
    rows.forEach(({ name, more = '', part, numbers }, i) => {
      const [first, ...others] = this.#row(i).children;
      const [main, second] = first.firstChild.children;
      put(main, name);
      put(second, more);
      first.title = more ? `${name}\n${more}` : name;
      first.style.setProperty('--part', `${(100 * part).toFixed(1)}%`);
      others.forEach((cell, k) => put(cell, numbers[k]));
    });
    while (this.rows.children.length > rows.length) this.rows.lastChild.remove();
    this.table.hidden = this.rest.hidden = !rows.length;
    this.empty.hidden = !!rows.length;
    put(this.rest, all > rows.length ? `and ${count(all - rows.length)} more` : '');
    put(this.empty, this.about.empty);
  }
}
