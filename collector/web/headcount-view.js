// What a page is shown: a realtime answer with what was said later laid over it, and the feed
// as one list. Nothing here asks, waits or reads a clock. The members are those of PROTOCOL.md,
// sections "The realtime answer" and "Messages".

export const EVENTS_MAX = 200;

const MINUTE_MS = 6e4;
const OTHER = '(other)';
const OF_STATES = ['capped', 'loading', 'warming']; // flags

/** Whether a state of the stream is of later than an answer: by epoch, commit, time. */
export function isLater({ e, q, t }, { rev, asOf }) {
  const [epoch, commit] = rev.split('.').map(Number);
  return (e - epoch || q - commit || t - asOf) > 0;
}

/**
 * The answer as it would be after the state, as far as a state says; the rest is that of the
 * answer. Without an answer, what the state says. Neither is changed.
 */
export function lay(answer, state, minutes = 5) {
  if (!state || (answer && !isLater(state, answer))) return answer;
  const { site, e, q, t, online, visitors, pv, engaged, peak, total, feed, pages, flags, alerts } = state;
  const told = Object.keys(visitors).map(Number);
  const numbers = { ...answer, site, rev: `${e}.${q}`, asOf: t, online, peak, total, feed, ...(alerts && { alerts }) };

  numbers.window = Math.max(...told);
  numbers.minutes = minutes = Math.min(minutes, numbers.window);
  if (minutes in visitors) {
    numbers.currentVisitors = visitors[minutes];
    numbers.pageViews = pv[minutes];
    numbers.engagedTime = tenth(engaged[minutes] / 1e3 / visitors[minutes] || 0);
  }
  const windows = answer?.windows ?? told.map((minutes) => ({ minutes }));
  numbers.windows = windows.map((row) => layWindow(row, state));
  if (answer?.series) numbers.series = laySeries(answer.series, state);
  if (answer) numbers.timestamp = new Date(t).toISOString();
  numbers.activePages = layPages(answer?.activePages ?? [], pages, minutes, visitors);
  numbers.flags = layFlags(answer?.flags ?? [], flags, visitors[numbers.window]);
  return numbers;
}

/** As the collector writes it: of two that are as near, the even one. */
const tenth = (x) => {
  const tenths = Math.round(x.toFixed(1) * 10);
  return ((x * 4) % 2 == 1 && tenths % 2 ? tenths - 1 : tenths) / 10;
};

const layWindow = (row, { visitors, pv, engaged }) =>
  row.minutes in visitors
    ? { ...row, visitors: visitors[row.minutes], pageViews: pv[row.minutes], engagedMs: engaged[row.minutes] }
    : row;

/** The last row is of the minute of the state, whose numbers are those of the last minute. */
function laySeries(series, { t, visitors, pv }) {
  const rows = new Map(series.map((row) => [row.minute, row]));
  const running = t - (t % MINUTE_MS);
  return series.map((_, i) => {
    const minute = running - (series.length - 1 - i) * MINUTE_MS;
    const { partial, ...row } = rows.get(minute) ?? { minute, visitors: 0, pageViews: 0, events: 0 };
    return minute < running ? row : { ...row, visitors: visitors[1], pageViews: pv[1], partial: true };
  });
}

/**
 * Visitors of pages are told of five minutes, and add up to those of the site unless there are
 * more pages than are told. Who is on a page now is told of these pages only.
 */
function layPages(pages, told, minutes, visitors) {
  const all = new Map(pages.map((page) => [page.path, page]));
  const isOfThese = minutes == Math.min(5, Math.max(...Object.keys(visitors)));
  const sum = told.reduce((n, page) => n + page.visitors, 0);

  if (isOfThese && sum >= visitors[minutes])
    for (const page of pages) all.set(page.path, { ...page, visitors: 0 });
  for (const page of told) {
    const known = all.get(page.path);
    all.set(page.path, { ...known, ...page, visitors: isOfThese ? page.visitors : known?.visitors ?? 0 });
  }
  return [...all.values()].filter((page) => page.visitors || page.online).sort(byRank);
}

const byRank = (a, b) =>
  (a.path == OTHER) - (b.path == OTHER) ||
  b.visitors - a.visitors || b.online - a.online || (a.path < b.path ? -1 : 1);

/** A tick says only why the state was told. Flags that are no state's are those of the answer. */
const layFlags = (known, told, visitors) => [
  ...told.filter((flag) => flag != 'tick'),
  ...known.filter((flag) => !OF_STATES.includes(flag) && !(flag == 'unknown' && visitors)),
];

/** Entries of the feed, newest first, each id once. */
export function merge(events, more) {
  if (!more.length) return events;
  const all = new Map([...events, ...more].map((event) => [event.id, event]));
  return [...all.values()].sort((a, b) => b.id - a.id).slice(0, EVENTS_MAX);
}

/** With what is missing between them, and up to the newest id that was heard of. */
export function withGaps(events, last = 0) {
  const list = [];
  let above = Math.max(last, events[0]?.id ?? 0) + 1;
  for (const event of events) {
    if (above - event.id > 1) list.push({ type: 'gap', from: event.id + 1, to: above - 1 });
    list.push(event);
    above = event.id;
  }
  return Object.freeze(list.slice(0, EVENTS_MAX));
}
