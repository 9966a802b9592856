// <headcount-bars site="shop"></headcount-bars>: visitors and page views of each minute.
import { count, define, make, minutes, Panel, put, several } from './headcount-panel.js';

const CSS = `
:host { display: flex; flex-direction: column; --views: color-mix(in srgb, var(--a) 28%, transparent); }
.told { display: flex; gap: 0 1em; margin: .5em 0; font-size: .88em; white-space: nowrap; color: var(--m); }
.told > :first-child { flex: 1; overflow: hidden; text-overflow: ellipsis; }
@container (max-width: 34em) { .told, .told span { display: block; } }
.told b { color: var(--hc-text, inherit); font-weight: 600; }
.key i { display: inline-block; width: .7em; height: .7em; margin: 0 .4em 0 .9em; border-radius: .2em;
  background: var(--views); }
.key i:first-child { margin-left: 0; background: var(--a); }
.body { display: flex; flex: 1; flex-direction: column; container-type: inline-size; }
[role="slider"] { display: flex; flex: 1; min-height: var(--hc-bars, 9em); border-bottom: 1px solid var(--l); }
.minute { position: relative; flex: 1; cursor: default; }
.minute i { position: absolute; bottom: 0; left: 10%; right: 10%; height: var(--part, 0%);
  border-radius: 2px 2px 0 0; transition: height .4s ease;
  background: var(--views); }
.minute i + i { left: 27%; right: 27%; background: var(--a); }
.running i { border: 1px dashed var(--a); border-bottom: 0; }
.running i + i { background: none; border: 2px solid var(--a); border-bottom: 0; }
.here { background: color-mix(in srgb, var(--m) 18%, transparent); }
.axis { display: flex; justify-content: space-between; margin-top: .3em; font-size: .82em;
  color: var(--m); }
`;

const short = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

class Bars extends Panel {
  static css = Panel.css + CSS;
  static about = {
    title: 'Minute by minute',
    note: 'Each bar is a minute: inside the different people seen in it, behind them the pages opened. ' +
      'The last one, in outline, still grows. Who stays is in several: bars do not add up to visitors.',
  };

  build() {
    super.build();
    this.said = make('span');
    const key = make('span', { className: 'key' }, make('i'), 'visitors', make('i'), 'page views');
    this.chart = make('div', { tabIndex: 0, role: 'slider', ariaLabel: 'Minute' });
    this.from = make('span');
    this.top = make('span');
    const axis = make('div', { className: 'axis' }, this.from, this.top, make('span', {}, 'now'));
    this.body.append(make('div', { className: 'told' }, this.said, key), this.chart, axis);
    this.chart.ariaValueMin = 0;
    this.chart.onkeydown = (e) => this.#step(e);
    this.chart.onblur = this.chart.onpointerleave = () => this.#choose(null);
    this.chart.onfocus = () => this.#choose(this.at ?? this.series?.at(-1).minute);
    this.chart.onpointermove = (e) => {
      const at = [...this.chart.children].indexOf(e.target.closest('.minute'));
      if (at >= 0) this.#choose(this.series[at].minute);
    };
  }

  update({ numbers }) {
    const series = numbers?.series;
    if (!series?.length) return;
    const passed = this.series?.findIndex((row) => row.minute === series[0].minute) ?? 0;
    this.series = series;
    put(this.span, minutes(series.length));
    put(this.from, `${series.length - 1} minutes ago`);
    while (this.chart.children.length > series.length) this.chart.lastChild.remove();
    while (this.chart.children.length < series.length)
      this.chart.append(make('div', { className: 'minute' }, make('i'), make('i')));
    for (let i = 0; i < passed; i++) this.chart.append(this.chart.firstChild); // bars move with their minutes
    this.#draw();
    this.#tell();
  }

  #draw() {
    const highest = Math.max(...this.series.map((row) => Math.max(row.visitors, row.pageViews)));
    const most = highest || 1;
    put(this.top, `highest ${count(highest)}`);
    this.series.forEach((row, i) => {
      const bar = this.chart.children[i];
      const [views, visitors] = bar.children;
      bar.classList.toggle('running', !!row.partial);
      views.hidden = !row.pageViews;
      visitors.hidden = !row.visitors;
      views.style.setProperty('--part', `${(100 * row.pageViews) / most}%`);
      visitors.style.setProperty('--part', `${(100 * row.visitors) / most}%`);
    });
  }

  #step(e) {
    if (!this.series) return;
    const last = this.series.length - 1;
    const found = this.series.findIndex((row) => row.minute === this.at);
    const at = found < 0 ? last : found; // a pointer that left has chosen none
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    this.#choose(this.series[Math.min(Math.max(to, 0), last)].minute);
  }

  #choose(minute) {
    this.at = minute;
    this.spoken = null;
    this.#tell();
  }

  #tell() {
    if (!this.series) return;
    const at = this.series.findIndex((row) => row.minute === this.at);
    const row = this.series[at] ?? this.series.at(-1);
    const numbers = [several(row.visitors, 'visitor'), several(row.pageViews, 'page view')].join(', ') +
      (row.queries ? `, ${count(row.queries)} ${row.queries === 1 ? 'query' : 'queries'}` : '');
    const when = row.partial ? 'This minute' : short.format(row.minute);
    [...this.chart.children].forEach((bar, i) => bar.classList.toggle('here', i === at));
    this.said.replaceChildren(make('b', {}, when), ` ${numbers}${row.partial ? ' so far' : ''}`);
    if (this.spoken === row.minute && this.chart.matches(':focus')) return; // each change would be read aloud
    this.spoken = row.minute;
    this.chart.ariaValueMax = this.series.length - 1;
    this.chart.ariaValueNow = at < 0 ? this.series.length - 1 : at;
    this.chart.ariaValueText = `${when}: ${numbers}`;
  }
}

define('headcount-bars', Bars);
