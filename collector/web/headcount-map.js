// <headcount-map site="shop"></headcount-map>: the countries that page views came from.
//
// world.json, which lies beside this file, is fetched once for a page: codes and outlines. A
// country is shaded by its share of the views, and those that are too small for a shape are dots,
// shown when they have one. Whatever has neither stands below.
import { count, countryOf, define, make, Panel, percent, put } from './headcount-panel.js';

const SVG = 'http://www.w3.org/2000/svg';
const SHARES = [0.01, 0.05, 0.2, 0.5, Infinity]; // a step's share is below
const STEPS = ['none', 'under 1 %', '1–5 %', '5–20 %', '20–50 %', 'over 50 %'];

const nameOf = (code) => (code === '(other)' ? 'all others' : countryOf(code));

const NONE = 'No country is known of these minutes. The collector needs a database (--geoip FILE) or a proxy that tells it.';

const stepOf = (share) => 1 + SHARES.findIndex((below) => share < below);
const viewsIn = (rows) => rows.reduce((sum, { views }) => sum + views, 0);
const viewsOf = (n, more = '') => `${count(n)}${more} ${n === 1 ? 'view' : 'views'}`;

/** [[code, outline]…] of the texts that tests/map/world.mjs writes and explains; dots end in "h0". */
function read({ lands, dots }) {
  const borders = {}; // where one ends -> its points from there
  let at = [0, 0];
  const outline = (ring) => {
    const lines = [];
    const fresh = [];
    for (const [sign, far] of ring.matchAll(/P(..)|./g)) {
      const n = sign.charCodeAt() - 40;
      if (sign === '!') {
        lines.push(borders[at]);
        at = borders[at].at(-1);
      } else if (sign === ' ') {
        lines.push([at]);
        fresh.push(lines.at(-1));
      } else {
        const [x, y] = far ? [...far].map((c) => c.charCodeAt() - 80) : [(n % 9) - 4, Math.floor(n / 9) - 4];
        at = [at[0] + x, at[1] + y];
        lines.at(-1)?.push(at);
      }
    }
    for (const line of fresh) borders[line.at(-1)] = [...line].reverse();
    return lines[0] ? `M${lines.flat().join('L')}z` : `M${at}h0`;
  };
  const countries = [...lands.split('|'), ...dots.split('|')];
  return countries.map((text) => [text.slice(0, 2), text.slice(2).split('~').map(outline).join('')]);
}

/** The file's size and outlines; asked for again after a failure. */
let world;
function load() {
  world ??= fetch(new URL('world.json', import.meta.url))
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`${answer.status}`))))
    .then((file) => ({ viewBox: `0 0 ${file.width} ${file.height}`, shapes: read(file) }));
  world.catch(() => (world = undefined));
  return world;
}

// Equal steps of a space in which equal is what the eye takes for equal, from the land's colour.
const mixes = [0, 38, 53, 69, 84, 100];
const steps = mixes.map((mix, i) => `.s${i} { --step: color-mix(in oklab, var(--hc-accent, #12907b) ${mix}%, var(--land)); }`);

const CSS = `${Panel.css}
:host { container-type: inline-size; --land: var(--hc-line, color-mix(in srgb, CanvasText 13%, Canvas)); }
.map { position: relative; aspect-ratio: 800 / 378; margin-top: .6em; border-radius: var(--hc-radius, .4em); }
svg { display: block; width: 100%; height: 100%; overflow: visible; }
path { vector-effect: non-scaling-stroke; stroke-linejoin: round; transition: fill .4s ease, stroke .4s ease; }
.land { fill: var(--step, var(--land)); stroke: var(--hc-ground, Canvas); stroke-width: .6px; }
.dot { fill: none; stroke: var(--step, none); stroke-width: 6px; stroke-linecap: round; }
.edge { fill: none; stroke: var(--hc-text, currentColor); stroke-width: 1.5px; stroke-linecap: round; pointer-events: none;
  transition: none; }
.edge[d$=h0] { stroke-width: 9px; }
.tip { position: absolute; z-index: 1; top: 0; left: 0; width: max-content; max-width: 16em; padding: .3em .7em;
  font-size: .88em; line-height: 1.4; border: 1px solid var(--hc-line, #8886); border-radius: var(--hc-radius, .4em);
  background: var(--hc-ground, Canvas); box-shadow: 0 2px 8px #0002; pointer-events: none; }
.tip b { display: block; font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: .2em 1.1em; margin: .7em 0 0; padding: 0; list-style: none; font-size: .82em;
  color: var(--hc-muted, GrayText); }
.legend li { display: flex; align-items: center; gap: .45em; white-space: nowrap; }
.legend i { width: 1.1em; height: 1.1em; border-radius: .25em; background: var(--step); }
.rest { margin: .5em 0 0; font-size: .82em; color: var(--hc-muted, GrayText); overflow-wrap: anywhere; }
@container (max-width: 26em) { .dot { stroke-width: 4.5px; } .land { stroke-width: .4px; } .legend { gap: .2em .8em; } }
${steps.join('\n')}`;

class WorldMap extends Panel {
  static css = CSS;

  static about = {
    title: 'Map',
    note: 'Where the page views came from, as far as the network address tells. A country is shaded by its share of ' +
      'the views whose country is known. Page views are counted, not visitors.',
  };

  #paths = {}; // code -> its shape and its dot, or one of them
  #rows = []; // { name, code, views, share }, most first
  #unknown = 0; // views
  #at = -1; // which of the rows, by keys

  build() {
    super.build();
    const legend = STEPS.map((label, i) => make('li', {}, make('i', { className: `s${i}` }), label));
    this.tip = make('div', { className: 'tip', hidden: true }, make('b'), make('span'));
    this.map = make('div', { className: 'map', tabIndex: 0, role: 'img' }, this.tip);
    this.map.part = 'map';
    this.list = make('ul', { className: 'sr' });
    this.rest = make('p', { className: 'rest', hidden: true });
    this.legend = make('ul', { className: 'legend', ariaHidden: 'true' }, ...legend);
    this.body.append(this.map, this.legend, this.rest, this.list);
    this.map.onpointermove = (e) => this.#point(e);
    this.map.onpointerleave = this.map.onblur = () => this.#hide();
    this.map.onkeydown = (e) => this.#press(e);
    load().then((drawn) => this.#draw(drawn), () => this.#doWithout());
  }

  update(view) {
    super.update(view);
    if (!view.numbers) return;
    const { countries = [], pageViews, sources = [{ views: pageViews }] } = view.numbers; // of one answer, unlike pageViews
    const known = viewsIn(countries);
    this.#rows = countries.map(({ name, views }) => ({ code: name, name: nameOf(name), views, share: views / known }));
    this.#unknown = viewsIn(sources) - known;
    this.#show();
  }

  #draw({ viewBox, shapes }) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', viewBox);
    svg.setAttribute('aria-hidden', 'true');
    const path = (d, name) => {
      const made = svg.appendChild(document.createElementNS(SVG, 'path'));
      made.setAttribute('class', name);
      made.setAttribute('d', d);
      return made;
    };
    for (const [code, d] of shapes) {
      const isDot = d.endsWith('h0');
      if (isDot) this.edge ??= path('', 'edge'); // between the lands and the dots
      const made = path(d, isDot ? 'dot' : 'land');
      made.dataset.code = code;
      (this.#paths[code] ??= []).push(made);
    }
    this.map.prepend(svg);
    this.#show();
  }

  #doWithout() {
    this.map.hidden = this.legend.hidden = true;
    this.list.className = 'rest';
  }

  #show() {
    this.#shade();
    this.#say();
  }

  #shade() {
    const steps = Object.fromEntries(this.#rows.map(({ code, share }) => [code, ` s${stepOf(share)}`]));
    for (const [code, paths] of Object.entries(this.#paths))
      for (const path of paths) {
        const name = path.getAttribute('class').split(' ')[0] + (steps[code] ?? '');
        if (path.getAttribute('class') !== name) path.setAttribute('class', name);
      }
  }

  /** All of it in words: as the map's name, as a list, and what the map cannot show. */
  #say() {
    const of = ({ name, views, share }) => `${name}: ${viewsOf(views)}, ${percent(share)}`;
    const all = this.#rows.map(of);
    const isDrawn = Object.keys(this.#paths).length > 0;
    const lost = this.#rows.filter(({ code }) => isDrawn && !this.#paths[code]).map(of);
    const rest = lost.length ? [`Not on the map: ${lost.join('; ')}.`] : [];
    if (this.#unknown > 0) rest.push(all.length ? `The country of ${viewsOf(this.#unknown, ' more')} is not known.` : NONE);
    this.map.ariaLabel = `World map. ${all.slice(0, 5).join('; ') || 'No country is known'}`;
    this.list.replaceChildren(...all.map((text) => make('li', { textContent: text })));
    put(this.rest, rest.join(' '));
    this.rest.hidden = !rest.length;
  }

  #point(event) {
    const { code } = event.target.dataset ?? {};
    const box = this.map.getBoundingClientRect();
    if (code) this.#tell(code, event.clientX - box.x, event.clientY - box.y);
    else this.#hide();
  }

  /** The arrow keys go through the countries, most views first. */
  #press(event) {
    const turn = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const rows = this.#rows.filter(({ code }) => this.#paths[code]);
    if (event.key === 'Escape') this.#hide();
    if (!turn || !rows.length) return;
    event.preventDefault();
    this.#at = (this.#at + turn + rows.length + (this.#at < 0 && turn < 0)) % rows.length;
    const box = this.map.getBoundingClientRect();
    const at = this.#paths[rows[this.#at].code][0].getBoundingClientRect();
    this.#tell(rows[this.#at].code, at.x + at.width / 2 - box.x, at.y + at.height / 2 - box.y);
  }

  /** The tip stands above the place, inside of the map as far as it fits. */
  #tell(code, x, y) {
    const row = this.#rows.find((one) => one.code === code);
    const [title, said] = this.tip.children;
    this.edge.setAttribute('d', this.#paths[code][0].getAttribute('d'));
    put(title, nameOf(code));
    put(said, row ? `${viewsOf(row.views)}, ${percent(row.share)}` : 'no views');
    this.tip.hidden = false;
    const { width, height } = this.tip.getBoundingClientRect();
    const left = Math.max(0, Math.min(this.map.clientWidth - width, x - width / 2));
    this.tip.style.transform = `translate(${left}px, ${y < height + 14 ? y + 18 : y - height - 14}px)`;
  }

  #hide() {
    this.#at = -1;
    this.tip.hidden = true;
    this.edge?.setAttribute('d', '');
  }
}

define('headcount-map', WorldMap);
