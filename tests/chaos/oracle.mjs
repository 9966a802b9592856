// What Redis holds against what was answered, event by event.
import { Resp } from '../e2e/resp.mjs';
import { PRESSED } from './pressure.mjs';

/** Every page field of every row: "site path" -> how many rows have it, and what is wrong. */
async function read(socket) {
  const redis = await Resp.connect(socket);
  const found = new Map();
  const wrong = [];
  let views = 0;
  let cursor = '0';
  do {
    const [next, keys] = await redis.call('SCAN', cursor, 'MATCH', 'hc:{*}:b:*', 'COUNT', 1000);
    cursor = next;
    const rows = await Promise.all(keys.map((key) => redis.call('HGETALL', key)));
    rows.forEach((flat, i) => {
      const [, site, minute] = /^hc:\{(.*)\}:b:(\d+)$/.exec(keys[i]) ?? [];
      if (!site || site === PRESSED) return;
      const row = new Map();
      for (let f = 0; f < flat.length; f += 2) row.set(flat[f], Number(flat[f + 1]));
      let pages = 0;
      for (const [field, n] of row) {
        if (!field.startsWith('p:')) continue;
        pages++;
        const event = `${site} ${field.slice(2)}`;
        found.set(event, (found.get(event) ?? 0) + 1);
        if (n !== 1) wrong.push(`${event}: ${n} visitors in minute ${minute}`);
      }
      const pv = row.get('pv') ?? 0;
      views += pv;
      for (const name of ['pv', 'uniq', 'last'])
        if ((row.get(name) ?? 0) !== pages)
          wrong.push(`${site} minute ${minute}: ${name} ${row.get(name) ?? 0}, but ${pages} pages`);
    });
  } while (cursor !== '0');
  redis.close();
  return { found, wrong, views };
}

/** Compares. An event that was sent and not answered may be there or not. */
export async function compare(socket, load) {
  const { found, wrong, views } = await read(socket);
  const missing = [];
  let unanswered = 0;
  let double = 0;
  for (let k = 0; k < load.sent; k++) {
    const event = `${load.siteOf(k)} ${load.pathOf(k)}`;
    const n = found.get(event) ?? 0;
    found.delete(event);
    if (n > 1) double++;
    if (n === 0 && load.answered.has(k)) missing.push(event);
    if (n > 0 && !load.answered.has(k)) unanswered++;
  }
  const invented = [...found.keys()];
  const stored = load.answered.size + unanswered - missing.length;
  double += Math.max(0, views - stored - double);
  return { sent: load.sent, answered: load.answered.size, stored, views, double, missing, invented, unanswered, wrong };
}
