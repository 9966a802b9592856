// <headcount-states site="shop" label="now"></headcount-states>: how many are here, and what
// they do.
import { BASICS, define, HeadcountElement, lateness, part, text } from './headcount-element.js';

const STATES = {
  total: 'People who have a page open at this moment, each counted once, however many tabs.',
  reading: 'They have a page in front of them, and came, moved, scrolled or clicked in the last minute.',
  writing: 'They had typed within 5 seconds when their page last reported, as it does every 15.',
  idle: 'They have a page in front of them, but did nothing for a minute.',
  background: 'Their page is open behind another tab or window.',
};

const CSS = `${BASICS}
  :host { border: 1px solid var(--hc-line, #8886); padding: .6em .9em }
  .title { display: block; margin-bottom: .3em; color: var(--hc-muted, color-mix(in srgb, currentColor 70%, transparent)) }
  .title:empty { display: none }
  dl { display: grid; grid-template-columns: 1fr auto; gap: .15em 1.5em; margin: 0 }
  .state { display: contents }
  .name { white-space: nowrap }
  .dot { display: inline-block; width: .6em; height: .6em; margin-right: .6em; border-radius: 50%; background: var(--hc-accent, #12907b) }
  .writing .dot { background: var(--hc-writing, #d9730d) }
  .reading .dot { background: var(--hc-reading, #2da44e) }
  .idle .dot { background: var(--hc-idle, #8b8f98) }
  .background .dot { background: var(--hc-background, #7c7fd1) }
  .number { margin: 0; text-align: right; font-weight: 600 }
  .total .name, .total .number { font-weight: 700 }`;

class States extends HeadcountElement {
  static css = CSS;

  get wants() {
    return { feed: false, whole: false };
  }

  build() {
    this.heading = part('title');
    const list = document.createElement('dl');
    this.numbers = {};
    for (const [name, meaning] of Object.entries(STATES)) {
      const number = (this.numbers[name] = part('number', 'dd'));
      const said = part('sr', 'span', `: ${meaning}`);
      const row = part(`state ${name}`, 'div', part('name', 'dt', part('dot', 'i'), name, said), number);
      for (const one of row.children) one.title = meaning;
      list.append(row);
    }
    this.late = part('sr');
    this.shadowRoot.append(this.heading, list, this.late);
  }

  update(view) {
    const { numbers } = view;
    this.heading.textContent = this.getAttribute('label') ?? 'online now';
    this.late.textContent = lateness(view);
    for (const [name, number] of Object.entries(this.numbers)) number.textContent = text(numbers?.online[name]);
  }
}

define('headcount-states', States);
