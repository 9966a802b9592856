// What is out of the ordinary: the alerts of the site that are on, by the names that an operator
// gave them (headcount site alert).
import { clock, count, make, put } from './headcount-panel.js';

const DAY_MS = 864e5;
const WHAT = { online: 'online now', current: 'visitors in 5 minutes', views: 'page views in 5 minutes' };

const list = document.getElementById('alerts');

const time = (ms) => (Date.now() - ms < DAY_MS ? clock(ms).slice(0, 5) : new Date(ms).toLocaleDateString());

/** Of a realtime answer. Its value may be back within the limit while the alert is still on. */
export function showAlerts(alerts = []) {
  while (list.children.length > alerts.length) list.lastChild.remove();
  alerts.forEach(({ name, of, kind, value, limit, since }, i) => {
    const row = list.children[i] ?? list.appendChild(make('li', {}, make('b'), make('span')));
    const bound = `${count(limit)} or ${kind === 'above' ? 'more' : 'less'}`;
    put(row.firstChild, `${name}:`);
    put(row.lastChild, `${count(value)} ${WHAT[of] ?? of}. Alert at ${bound}, on since ${time(since)}.`);
  });
  list.hidden = !alerts.length;
}
