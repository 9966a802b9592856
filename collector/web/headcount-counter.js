// <headcount-counter site="shop" show="online" label="online"></headcount-counter>: a large
// number that runs to its new value, with a dot that beats when it changes.
import { Badge } from './headcount-badge.js';
import { define, text } from './headcount-element.js';

const RUN_MS = 600;

const isCalm = () => document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches;

const CSS = `${Badge.css}
  :host { flex-wrap: wrap; gap: 0 .35em; align-content: start }
  .number { font-size: 3em; line-height: 1.1; font-weight: 700 }
  .label { flex-basis: 100% }`;

class Counter extends Badge {
  static css = CSS;

  tell(n) {
    const before = this.n;
    if (n === before) return;
    this.n = n;
    cancelAnimationFrame(this.running);
    if (before === undefined || n === undefined || isCalm()) {
      this.put(n);
      return;
    }
    this.run(this.shown, n, performance.now());
    this.dot.animate([{ transform: 'scale(1)' }, { transform: 'scale(1.9)', opacity: 0.5 }, { transform: 'scale(1)' }], RUN_MS);
  }

  put(n) {
    this.shown = n;
    this.number.textContent = text(n);
  }

  /** Fast at first, slow at last. */
  run(from, to, start) {
    const passed = Math.min(1, (performance.now() - start) / RUN_MS);
    this.put(Math.round(to - (to - from) * (1 - passed) ** 3));
    if (passed < 1) this.running = requestAnimationFrame(() => this.run(from, to, start));
  }
}

define('headcount-counter', Counter);
