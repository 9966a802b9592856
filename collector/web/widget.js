// <script src="https://stats.example.com/widget.js" async></script>
// <headcount-badge site="shop" label="online" show="online"></headcount-badge>
// headcountWidget.subscribe('shop', ({ online, active, current, total, stale }) => …)
//
// However many tabs are open, one of them, which has the lock, listens to the server and
// tells the others. Where that cannot be (pages without TLS), each visible tab asks.
(() => {
  if (window.headcountWidget) return;

  const POLL_MS = 5e3;
  const POLL_MAX_MS = 6e4;
  const POLLS = 12; // until a stream is tried again
  const LOST_MS = 6e4; // until a number is stale: the server is lost,
  const MUTE_MS = 15e4; // or mute, which tells every 90 s

  const script = document.currentScript || document.querySelector('script[src*="widget.js"]');
  const base = new URL('.', script.src).href;
  const shares = navigator.locks && window.BroadcastChannel;
  const watches = new Map();
  const all = (verb) => watches.forEach((watch) => watch[verb]());

  // Of a state, or of a realtime answer.
  const numbers = ({ online, visitors, currentVisitors, total }) => ({
    at: Date.now(),
    online: online.total,
    active: online.active,
    current: currentVisitors ?? visitors[5] ?? Object.values(visitors).pop(),
    total: total.visits,
  });

  /** One site, as this tab knows it. */
  class Watch {
    callbacks = new Set();
    state = { at: Date.now() };

    constructor(site) {
      this.url = `${base}sites/${encodeURIComponent(site)}/`;
      this.start();
    }

    start() {
      this.ending = new AbortController();
      const { signal } = this.ending;
      this.take(this.state);
      const lead = () => {
        if (signal.aborted) return;
        this.leads = signal;
        this.polls = this.fails = 0;
        this.listen();
        return new Promise((done) => (signal.onabort = done)); // as long as the lock lasts
      };
      if (!shares) return lead();
      this.channel = new BroadcastChannel(this.url);
      this.channel.onmessage = ({ data }) => {
        if (data) this.take(data);
        else if (this.leads) this.tell(this.state);
      };
      this.channel.postMessage(null); // whoever leads, tells
      navigator.locks.request(this.url, { signal }, lead).catch(() => {});
    }

    stop() {
      this.ending.abort();
      this.source?.close();
      this.channel?.close();
      clearTimeout(this.polling);
      clearTimeout(this.aging);
      this.leads = null;
    }

    listen() {
      if (!shares || !window.EventSource) return this.poll();
      const source = (this.source = new EventSource(`${this.url}stream?feed=0`));
      source.addEventListener('state', ({ data }) => this.tell(numbers(JSON.parse(data))));
      source.onerror = () => {
        this.tell({ lost: Date.now(), ...this.state });
        if (source.readyState > 1) this.poll(); // refused, and the browser gave up
      };
    }

    async poll() {
      const { leads } = this;
      if (shares || !document.hidden) {
        this.fails++;
        let state = { lost: Date.now(), ...this.state };
        try {
          const signal = AbortSignal.timeout?.(POLL_MS * 2);
          const answer = await fetch(`${this.url}realtime`, { signal });
          state = numbers(await answer.json());
          this.fails = 0;
        } catch {}
        if (leads.aborted) return;
        this.tell(state);
      }
      const ms = Math.min(POLL_MS * 2 ** this.fails, POLL_MAX_MS) * (0.9 + Math.random() / 5);
      clearTimeout(this.polling);
      this.polling = setTimeout(() => (++this.polls % POLLS ? this.poll() : this.listen()), ms);
    }

    tell(state) {
      this.channel?.postMessage(state);
      this.take(state);
    }

    take(state) {
      const rest = Math.min(state.at + MUTE_MS, state.lost + LOST_MS || Infinity) - Date.now();
      this.state = { ...state, stale: rest <= 0 };
      clearTimeout(this.aging);
      if (rest > 0) this.aging = setTimeout(() => this.take(state), rest);
      this.show();
    }

    show() {
      for (const callback of this.callbacks) callback({ ...this.state });
    }
  }

  const subscribe = (site, callback) => {
    if (!watches.has(site)) watches.set(site, new Watch(site));
    const watch = watches.get(site);
    const one = async (state) => callback(state); // what it throws is its own
    watch.callbacks.add(one);
    watch.show();
    return () => {
      if (!watch.callbacks.delete(one) || watch.callbacks.size) return;
      watch.stop();
      watches.delete(site);
    };
  };

  // A page that is put aside (bfcache) must not keep the lead.
  addEventListener('pagehide', () => all('stop'));
  addEventListener('pageshow', (e) => e.persisted && all('start'));
  addEventListener('visibilitychange', () => shares || document.hidden || all('poll'), true);

  let sheet;
  const css = `:host { display: inline-flex; align-items: baseline; gap: .35em }
    :host([hidden]) { display: none }
    :host([stale]) { opacity: .5 }
    i { width: .55em; height: .55em; border-radius: 50%; background: #2da44e; align-self: center }`;

  class Badge extends HTMLElement {
    static observedAttributes = ['site', 'label', 'show'];
    state = {};

    constructor() {
      super();
      const root = this.attachShadow({ mode: 'open' });
      this.parts = ['i', 'b', 'span'].map((tag) => root.appendChild(document.createElement(tag)));
      ['dot', 'number', 'label'].forEach((name, i) => (this.parts[i].part = name));
      try {
        if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(css); // which no CSP forbids
        root.adoptedStyleSheets = [sheet];
      } catch {}
    }

    connectedCallback() {
      const site = this.getAttribute('site');
      this.end?.();
      this.render({});
      this.end = site ? subscribe(site, (state) => this.render(state)) : () => {};
    }

    disconnectedCallback() {
      this.end?.();
      this.end = null;
    }

    attributeChangedCallback(name) {
      if (this.end && name == 'site') this.connectedCallback();
      this.render(this.state);
    }

    render(state) {
      const show = this.getAttribute('show') || 'online';
      this.state = state;
      this.parts[1].textContent = state[show]?.toLocaleString() ?? '–';
      this.parts[2].textContent = this.getAttribute('label') ?? (show == 'total' ? 'visits' : 'online');
      this.toggleAttribute('stale', !!state.stale);
    }
  }

  window.headcountWidget = { subscribe };
  customElements.get('headcount-badge') || customElements.define('headcount-badge', Badge);
})();
