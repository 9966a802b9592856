// The read token of a site: out of the link, for this session, or asked for and kept here. It
// leaves the address bar at once.
const $ = (id) => document.getElementById(id);
const PATTERN = /^hc_[\w-]{43}$/;

/** A browser may forbid to keep anything. */
function kept(name, key, value) {
  try {
    if (value) window[name].setItem(key, value);
    return window[name].getItem(key);
  } catch {
    return value;
  }
}

export class Token {
  /** changed: called when another one was entered. */
  constructor(site, changed) {
    this.key = `headcount_token:${site}`;
    this.changed = changed;
    const given = new URLSearchParams(location.hash.slice(1)).get('token');
    if (given !== null) history.replaceState(null, '', location.pathname + location.search);
    this.value = kept('sessionStorage', this.key, PATTERN.test(given) && given) || kept('localStorage', this.key) || undefined;
    addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload()); // another link, into this tab
    $('unlock').onclick = () => $('ask').showModal();
    $('ask').querySelector('form').onsubmit = (e) => this.#enter(e);
  }

  #enter(e) {
    const value = $('token').value.trim();
    e.preventDefault();
    if (!e.submitter?.value) return $('ask').close();
    if (!PATTERN.test(value)) return ($('refused').textContent = 'A token is hc_ and 43 letters, digits, - or _.');
    $('ask').close();
    $('token').value = '';
    kept('localStorage', this.key, value);
    this.#use(value);
  }

  #use(value) {
    kept('sessionStorage', this.key, (this.value = value));
    this.changed();
  }

  /** When the numbers are refused a token is asked for, once for each that was tried. */
  heard(status) {
    const is = status === 'refused';
    $('unlock').hidden = !is;
    if (status === 'live') $('ask').close(); // needless, or accepted
    if (!is || this.asked === this.value + '') return;
    const own = kept('localStorage', this.key);
    if (own && own !== this.value) return this.#use(own); // that of the link was none
    this.asked = this.value + '';
    if (this.value) $('refused').textContent = 'The token was not accepted.';
    $('ask').showModal();
  }

  /** This page for others, with the token if there is one. */
  get link() {
    return location.href.replace(/#.*/, '') + (this.value ? `#token=${this.value}` : '');
  }
}
