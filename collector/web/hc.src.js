// headcount: tells a site, live, who is on it. This is the source of hc.js, which is the same
// made small and must stay below 1,024 bytes gzipped.
//
//   <script defer data-site="ID" src="https://stats.example.com/hc.js"></script>
//
// Nothing is stored in the browser, unless data-client asks for an id. What is told, by one
// small request each: a page was shown (v), it is still open and how it is attended to (h),
// it was left (l), something happened (e). The attributes and what a beacon says stand in
// PROTOCOL.md, sections Tracker and Beacons.
(() => {
  // A hyphen in an attribute's name is a capital here: data-ignore-dnt. Times are seconds.
  const {
    src,
    dataset: { writing = 5, allow = '', hash, ignoreDnt, endpoint, site, idle = 60, client },
  } = document.currentScript;

  let timer; // of the next heartbeat
  let user = '';
  let typed; // when something was last typed, ms
  let view; // id of the page as it is shown now; none before it was seen and after it was left
  let shown; // its path
  let since; // from when on attention has not been told yet; none while idle or hidden
  let active = Date.now(); // when the visitor last did something

  // Sends one beacon: kind k, name e of an event. Nothing is told of a page that nobody has
  // seen yet: one that was opened in the background, or rendered ahead.
  //
  // The time since the last beacon was attention (d) when the visitor was not idle then and
  // the page is in front now, or was until it was hidden at this moment.
  const tell = (k, e = '') => {
    const now = Date.now();
    const a = document.hidden ? 'b'
      : now - typed < writing * 1e3 ? 'w'
      : now - active < idle * 1e3 ? 'r'
      : 'i';
    const url = new URL(endpoint || 'hc.gif', src) + '?' + new URLSearchParams({
      d: since && (a == 'b' || document.hasFocus()) ? now - since : 0,
      k,
      _: now, // an image that was loaded before would not be asked for again
      i: site,
      v: view,
      p: shown,
      u: user,
      e,
      a,
    });
    if (view) navigator.sendBeacon && navigator.sendBeacon(url) || (new Image().src = url);
    since = a > 'i' && now; // reading or writing
  };

  // Tells that the page is open. A new view begins when there is a page to be seen that is
  // not the one shown: the first, another path, or one that came back after it was left.
  //
  // Beats come every 15 s +- 10 %, so that those of many pages do not gather. Browsers wake
  // hidden pages once a minute: a beat due just after that would wait for the next time.
  const report = () => {
    const isNew = moved();
    if (isNew) {
      leave();
      view = Math.random();
      shown = path();
    }
    tell(isNew ? 'v' : 'h');
    clearTimeout(timer);
    timer = setTimeout(report, document.hidden ? 58e3 : isNew ? 5e3 : 13500 + 3e3 * Math.random());
  };

  // Ends the view. So it does when the page is only put away for going back to it: if it
  // comes back, it is a new view, and until then nobody looks at it.
  const leave = () => {
    tell('l');
    view = shown = 0;
  };

  const moved = () => !document.hidden && path() != shown;

  const path = () => hash != null && location.hash.slice(1) || location.pathname;

  window.headcount = (name) => tell('e', name);

  // Who is not counted: as nothing is ever shown then, all of the above stays silent. Files
  // have no host name.
  if (
    navigator.webdriver && !/bot/.test(allow) ||
    self != top && !/frame/.test(allow) ||
    /^(localhost$|127\.|\[|$)/.test(location.hostname) && !/local/.test(allow) ||
    (navigator.globalPrivacyControl || navigator.doNotTrack == 1) && ignoreDnt == null
  ) return;
  try {
    if (location.hash == '#toggle-headcount')
      alert('headcount ' + ((localStorage.headcount_ignore = localStorage.headcount_ignore ? '' : 'off') || 'on'));
    if (localStorage.headcount_ignore) return;
    if (client != null) user = localStorage.headcount_client = localStorage.headcount_client || Math.random();
  } catch (e) {} // no storage: nobody opted out, and there is no id

  // What people do, and what becomes of the page. Not scroll events: scripts cause them too.
  // Writing is what changes a field, not every key: some scroll, and some play.
  'input keydown click wheel touchmove pointermove pagehide pageshow visibilitychange popstate'
    .split(' ').map((name) => addEventListener(name, ({ type, target }) => {
      active = Date.now();
      if (type == 'input') typed = active;
      if (type == 'pagehide') leave();
      else if (type == 'visibilitychange' || moved()) report();
      const it = type == 'click' && target.closest('[data-headcount-event],a');
      if (it) {
        const name = it.dataset.headcountEvent || (
          /\.(mp\d|msi|rpm|csv|(doc|xls|ppt)x?|exe|deb|pdf|dmg|gz|zip)$/i.test(it.pathname) ? 'download ' + it.pathname
          : it.host && it.host != location.host ? 'outbound ' + it.host + it.pathname
          : 0);
        if (name) tell('e', name);
      }
    }, true));

  // Routers call these, often both for one step.
  'pushState replaceState'.split(' ').map((name) => {
    const change = history[name];
    history[name] = (...args) => {
      change.apply(history, args);
      if (moved()) report();
    };
  });

  report();
})();
