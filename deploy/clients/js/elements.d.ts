import type { View } from './index.js';

/** What all elements have in common. */
export interface HeadcountElement extends HTMLElement {
  /** What it shows; who sets it feeds it, and it subscribes to nothing itself. */
  view: View | null;
  /** A token that may read. */
  token: string | undefined;
}

declare global {
  interface HTMLElementTagNameMap {
    'headcount-badge': HeadcountElement;
    'headcount-bars': HeadcountElement;
    'headcount-counter': HeadcountElement;
    'headcount-feed': HeadcountElement;
    'headcount-list': HeadcountElement;
    'headcount-map': HeadcountElement;
    'headcount-pages': HeadcountElement;
    'headcount-states': HeadcountElement;
  }
}
