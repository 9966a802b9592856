// What the elements have in common. An element shows a view of headcount-client.js: of its own
// subscription, by its attributes,
//
//   <headcount-counter site="shop"></headcount-counter>
//
// or the one that a page that has subscribed itself gives it: element.view = view.
//
// A class says its css and what it wants of the client, makes its parts in build(), once, names
// them by its attributes in name(), and shows a view in update(view). Until there is one it is shown a view without numbers.
import { subscribe } from './headcount-client.js';

// Text and lines follow the page's colours, so they suit light and dark ones.
export const BASICS = `:host { display: inline-block; color: var(--hc-text, inherit);
    background: var(--hc-ground, transparent); border-radius: var(--hc-radius, .4em);
    font-family: var(--hc-font, inherit); font-variant-numeric: tabular-nums }
  :host([hidden]) { display: none }
  :host(:not([status=live], [status=connecting])) { filter: grayscale(1); opacity: .7 }
  .sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }`;

const sheets = new Map();

/** Constructed sheets, which no policy of a page forbids; each text once. */
function sheetOf(css) {
  if (!sheets.has(css)) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(css, sheet);
  }
  return sheets.get(css);
}

/** A new element with a class, which is its part's name too, and what is in it. */
export function part(name, tag = 'span', ...children) {
  const element = document.createElement(tag);
  element.className = element.part = name;
  element.append(...children);
  return element;
}

/** Since when a view that is not live has not been, as a sentence. */
export const lateness = ({ status, since }) =>
  status == 'live' || !since ? '' : ` Not live: of ${new Date(since).toLocaleTimeString()}.`;

export const text = (n) => n?.toLocaleString() ?? '–';

export class HeadcountElement extends HTMLElement {
  static css = '';
  static observedAttributes = ['site', 'base', 'minutes', 'label', 'show', 'kind', 'max'];
  #view = null;
  #isGiven = false;
  #isBuilt = false;
  #token;
  #end = null;

  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheetOf(this.constructor.css)];
  }

  /** Options of subscribe(): what is not wanted need not be asked for. */
  get wants() {
    return {};
  }

  build() {}

  name() {}

  update() {}

  get view() {
    return this.#view;
  }

  set view(view) {
    this.#isGiven = true;
    this.#stop();
    this.#take(view);
  }

  get minutes() {
    return Math.max(1, parseInt(this.getAttribute('minutes'), 10) || 5);
  }

  /** A read token; no attribute, for everybody may read the source of a page. */
  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token || undefined;
    if (this.isConnected && !this.#isGiven) this.#start();
  }

  connectedCallback() {
    this.#upgrade('view');
    this.#upgrade('token');
    if (this.#isGiven || this.#end) this.#take(this.#view);
    else this.#start();
  }

  /** An element that is moved goes on. */
  disconnectedCallback() {
    queueMicrotask(() => this.isConnected || this.#stop());
  }

  attributeChangedCallback(name, before, after) {
    if (before == after || !this.#isBuilt || !(this.#end || this.isConnected)) return;
    if (!this.#isGiven && ['site', 'base', 'minutes', 'show'].includes(name)) this.#start();
    else this.#take(this.#view);
  }

  /** What was set before the class was known hides its setter. */
  #upgrade(name) {
    if (!Object.prototype.hasOwnProperty.call(this, name)) return;
    const value = this[name];
    delete this[name];
    this[name] = value;
  }

  #start() {
    const site = this.getAttribute('site');
    const { minutes, wants } = this;
    const base = this.getAttribute('base') ?? undefined;
    const options = { ...wants, minutes, base, token: this.#token };
    this.#stop();
    this.#take(null);
    if (site) this.#end = subscribe(site, (view) => this.#take(view), options);
  }

  #stop() {
    this.#end?.();
    this.#end = null;
  }

  #take(view) {
    this.#view = view;
    if (!this.isConnected) return;
    if (!this.#isBuilt) this.build();
    this.#isBuilt = true;
    this.name();
    const site = this.getAttribute('site');
    const none = { site, status: 'connecting', since: 0, numbers: null, events: [], rev: null };
    const { status } = view ?? none;
    if (this.getAttribute('status') != status) this.setAttribute('status', status);
    this.update(view ?? none);
  }
}

/** Defines an element, unless the page has one of that name. */
export function define(name, element) {
  if (!customElements.get(name)) customElements.define(name, element);
}
