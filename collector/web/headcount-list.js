// <headcount-list site="shop" kind="referrers"></headcount-list>: what page views were of.
import { count, countryOf, define, percent, Table } from './headcount-panel.js';

const VIEWS = 'Page views are counted, not visitors: who opens three pages counts three times.';

const KINDS = {
  referrers: {
    title: 'Referrers', column: 'came from',
    note: `Which site led to the page that was opened. Direct: typed, a bookmark, or not told. ${VIEWS}`,
  },
  sources: { title: 'Sources', column: 'kind of referrer', note: `The referrers by what kind of site they are. ${VIEWS}` },
  campaigns: {
    title: 'Campaigns', column: 'utm_campaign', note: `Page views by links marked with utm_campaign. ${VIEWS}`,
    empty: 'Nobody came by a campaign in these minutes. Add ?utm_campaign=NAME to links that you send out.',
  },
  terms: {
    title: 'Terms', column: 'utm_term', note: `Page views by links marked with utm_term. ${VIEWS}`,
    empty: 'Nobody came by a term in these minutes. Add ?utm_term=WORDS to links that you send out.',
  },
  countries: {
    title: 'Countries', column: 'country', note: `Where page views came from, as far as the network address tells. ${VIEWS}`,
    empty: 'No country is known. The collector needs a database (--geoip FILE) or a proxy that tells it.',
  },
  devices: { title: 'Devices', column: 'device', note: `What pages were opened on, as the browser says. ${VIEWS}` },
  browsers: { title: 'Browsers', column: 'browser', note: `Which browsers opened pages, as they say themselves. ${VIEWS}` },
  goals: {
    title: 'Goals', column: 'goal', unit: 'reached',
    note: 'How often each goal was reached in these minutes. A goal is a page or an event that an operator gave a name. Shares are of all in the list.',
    empty: 'No goal was reached in these minutes. Set one: headcount site goal SITE add thanks --path "/thanks*"',
  },
};

const WORDS = {
  direct: 'Direct', internal: 'This site itself', other: 'All others', search: 'Search', social: 'Social networks',
  link: 'Links on other sites', desktop: 'Desktop', mobile: 'Phone', tablet: 'Tablet',
};

/** Hosts and campaigns are anybody's words and stay as they are. */
function called(kind, name) {
  const own = /^\((\w+)\)$/.exec(name)?.[1] ?? (/^(sources|devices)$/.test(kind) && name);
  if (own && Object.hasOwn(WORDS, own)) return WORDS[own];
  return kind === 'countries' ? countryOf(name) : name;
}

class List extends Table {
  get kind() {
    const kind = this.getAttribute('kind');
    return Object.hasOwn(KINDS, kind) ? kind : 'referrers';
  }

  get about() {
    const { column, unit = 'views', ...about } = KINDS[this.kind];
    const empty = 'No page was opened in these minutes. The next one is counted here.';
    return { empty, ...about, columns: [column, unit, 'share'] };
  }

  update(view) {
    super.update(view);
    const told = view.numbers?.[this.kind];
    if (!told) return; // not yet
    const all = told.map(({ name, views, count }) => ({ name, n: views ?? count }));
    const total = all.reduce((sum, { n }) => sum + n, 0);
    const most = Math.max(1, ...all.map(({ n }) => n));
    const rows = all.slice(0, this.max).map(({ name, n }) => ({
      name: called(this.kind, name), part: n / most, numbers: [count(n), percent(n / total)],
    }));
    this.fill(rows, all.length);
    this.toggleAttribute('empty', !rows.length);
  }
}

define('headcount-list', List);
