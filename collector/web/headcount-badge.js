// <headcount-badge site="shop" show="online" label="online"></headcount-badge>: one number, for
// a line of text. widget.js has one of the same name for pages without modules.
import { BASICS, define, HeadcountElement, lateness, part, text } from './headcount-element.js';

// What may be shown: the number, its name, and what it means.
const SHOWS = {
  online: [
    ({ online }) => online.total,
    () => 'online',
    () => 'People who have a page open at this moment, each counted once, however many tabs.',
  ],
  active: [
    ({ online }) => online.active,
    () => 'active',
    () => 'People who have a page in front of them at this moment; not those whose page is in the background.',
  ],
  current: [
    ({ currentVisitors }) => currentVisitors,
    ({ minutes }) => (minutes == 1 ? 'this minute' : `in ${minutes} minutes`),
    ({ minutes }) => `Different people who were seen in the last ${minutes} minutes; some have left.`,
  ],
  last30: [
    ({ windows, window }) => windows.find((row) => row.minutes == window)?.visitors,
    ({ window }) => `in ${window} minutes`,
    ({ window }) => `Different people who were seen in the last ${window} minutes; some have left.`,
  ],
  total: [
    ({ total }) => total.visits,
    () => 'visits',
    ({ total, window }) =>
      `Visits${total.since ? ` since ${new Date(total.since).toLocaleDateString()}` : ''}: ` +
      `how often somebody came who had not been here in the ${window} minutes before.`,
  ],
};

const CSS = `${BASICS}
  :host { display: inline-flex; align-items: baseline; gap: .35em }
  .dot { width: .55em; height: .55em; border-radius: 50%; background: var(--hc-accent, #12907b); align-self: center }
  .label { color: var(--hc-muted, inherit) }`;

export class Badge extends HeadcountElement {
  static css = CSS;

  get show() {
    const show = this.getAttribute('show');
    return Object.keys(SHOWS).includes(show) ? show : 'online';
  }

  /** States tell the usual windows; of others only the whole answer speaks. */
  get wants() {
    return { feed: false, whole: this.show == 'current' && ![1, 5].includes(this.minutes) };
  }

  /** What is read aloud is one sentence, and never a number on its way to another. */
  build() {
    const parts = [(this.dot = part('dot', 'i')), (this.number = part('number', 'b')), (this.label = part('label'))];
    for (const one of parts) one.setAttribute('aria-hidden', 'true');
    this.said = part('sr');
    this.shadowRoot.append(...parts, this.said);
    this.own = this.title; // the page's own words
  }

  update(view) {
    const { numbers } = view;
    const { minutes } = this;
    const [number, name, meaning] = SHOWS[this.show];
    const words = numbers ?? { minutes, window: 30, total: {} };
    const n = numbers ? number(numbers) : undefined;
    const means = meaning(words) + lateness(view);
    this.label.textContent = this.getAttribute('label') ?? name(words);
    this.said.textContent = `${text(n)} ${this.label.textContent}. ${means}`;
    if (!this.own) this.title = means;
    this.tell(n);
  }

  tell(n) {
    this.number.textContent = text(n);
  }
}

define('headcount-badge', Badge);
