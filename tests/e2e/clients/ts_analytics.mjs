// Clients of ts-analytics as its contract has them, for Node.js and browsers: a dashboard's
// and two trackers'.

/** Asks as the dashboards do: baseUrl and a path of its own, and a Content-Type that makes a
 *  browser ask for leave first. */
export class AnalyticsClient {
  constructor({ baseUrl, siteId, headers = {} }) {
    this.site = `${baseUrl.replace(/\/$/, '')}/api/analytics/sites/${siteId}`;
    this.headers = { 'Content-Type': 'application/json', ...headers };
  }

  async get(what, query = {}) {
    const pairs = Object.entries(query).filter(([, value]) => value !== undefined);
    const text = new URLSearchParams(pairs.map(([key, value]) => [key, value instanceof Date ? value.toISOString() : value]));
    const answer = await fetch(`${this.site}/${what}${text.size ? `?${text}` : ''}`, { headers: this.headers });
    if (!answer.ok) throw new Error(`Analytics API error: ${answer.status}`);
    return answer.json();
  }

  getStats(options) {
    return this.get('stats', options);
  }

  getRealtime(minutes = 5) {
    return this.get('realtime', { minutes });
  }

  async getTopPages(options) {
    return (await this.get('pages', options)).pages;
  }

  async getTopReferrers(options) {
    return (await this.get('referrers', options)).referrers;
  }

  async getDevices(options) {
    return (await this.get('devices', options)).devices;
  }

  async getBrowsers(options) {
    return (await this.get('browsers', options)).browsers;
  }

  async getCountries(options) {
    return (await this.get('countries', options)).countries;
  }

  async getRegions(options) {
    return (await this.get('regions', options)).regions;
  }

  async getCities(options) {
    return (await this.get('cities', options)).cities;
  }

  async getTimeSeries(options) {
    return (await this.get('timeseries', options)).timeSeries;
  }

  async getGoals(options) {
    return (await this.get('goals/stats', options)).goals;
  }
}

export function createRealtimePoller(config, callback, interval = 5000) {
  const client = new AnalyticsClient(config);
  let timer = null;
  const poll = () => client.getRealtime().then(callback, () => {});
  return {
    start() {
      if (timer !== null) return;
      poll();
      timer = setInterval(poll, interval);
    },
    stop() {
      clearInterval(timer);
      timer = null;
    },
  };
}

/** Six requests at once, of which all must be answered. */
export async function fetchDashboardData(config, options = {}) {
  const client = new AnalyticsClient(config);
  const [stats, realtime, topPages, topReferrers, devices, timeSeries] = await Promise.all([
    client.getStats(options), client.getRealtime(), client.getTopPages({ ...options, limit: 10 }),
    client.getTopReferrers({ ...options, limit: 10 }), client.getDevices(options), client.getTimeSeries(options),
  ]);
  return { stats, realtime, topPages, topReferrers, devices, timeSeries };
}

const payload = (s, e, more) => JSON.stringify({
  s, sid: 'k3x9', e, u: location.href, r: document.referrer, t: document.title,
  sw: screen.width, sh: screen.height, ...more,
});

/** The full tracker and the minimal one: text/plain, with credentials, without a preflight. */
export function sendAsBeacon(api, site, event, more) {
  return navigator.sendBeacon(`${api}/collect`, payload(site, event, more));
}

/** The tracker of a script block: JSON, so that a preflight goes ahead. */
export function sendAsXhr(api, site, event, more) {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open('POST', `${api}/collect`);
    xhr.setRequestHeader('Content-Type', 'application/json');
    xhr.onloadend = () => resolve(xhr.status);
    xhr.send(payload(site, event, more));
  });
}
