// headcount: tells a site, live, who is on it. This is the source of hc.js, which is the same
// made small and must stay below 1,024 bytes gzipped.
//
//   <script defer data-site="ID" src="https://stats.example.com/hc.js"></script>
//
// Nothing is stored in the browser, unless data-client asks for an id. What is told, by one
// small request each: a page was shown (v), it is still open and how it is attended to (h),
// it was left (l), something happened (e). The attributes and what a beacon says stand in
// PROTOCOL.md, sections Tracker and Beacons.
hc: {
  // A hyphen in an attribute's name is a capital here: data-ignore-dnt. Times are seconds.
  let {
    src,
    dataset: { allow, writing = 5, client, idle = 60, ignoreDnt, hash, endpoint, site: i },
  } = document.currentScript;

  // One letter is what a beacon calls it, and terser leaves it alone.
  let timer; // of the next heartbeat
  let u = ''; // the visitor's own id
  let v; // id of the page as it was shown last; none before one was seen
  let p; // its path; none before it was seen and after it was left
  let r; // where it came from; "-": it was stepped to from the page before it
  let typed; // when something was last typed, ms
  let since; // from when on attention has not been told yet; none while idle or hidden
  let active = Date.now(); // when the visitor last did something

  // Sends one beacon: kind k, name e of an event. Nothing is told of a page that nobody has
  // seen yet: one that was opened in the background, or rendered ahead.
  //
  // The time since the last beacon was attention (d) when the visitor was not idle then and
  // the page is in front now, or was until it was hidden at this moment.
  //
  // Of the page's query the campaign is told (q): the first run of utm_ parameters.
  let tell = (k, e = '') => {
    let now = Date.now();
    let a = document.hidden ? 'b'
      : now - typed < writing * 1e3 ? 'w'
      : now - active < idle * 1e3 ? 'r'
      : 'i';
    let url = new URL(endpoint || 'hc.gif', src) + '?' + new URLSearchParams({
      k,
      e,
      _: now, // an image that was loaded before would not be asked for again
      u,
      d: since && (a == 'b' || document.hasFocus()) ? now - since : 0,
      t: document.title,
      v,
      p,
      r,
      a,
      i,
      q: location.search.match(/(?:&?utm_[^&]*)+/) || '',
    });
    if (p) navigator.sendBeacon && navigator.sendBeacon(url) || (new Image().src = url);
    since = a > 'i' && now; // reading or writing
  };

  // Tells that the page is open, if that is news or it must be told. A new view begins when
  // there is a page to be seen that is not the one shown: the first, another path, or one
  // that came back after it was left.
  //
  // Beats come every 15 s +- 10 %, so that those of many pages do not gather. Browsers wake
  // hidden pages once a minute: a beat due just after that would wait for the next time.
  let report = (force) => {
    let here = hash != null && location.hash.slice(1) || location.pathname;
    let isNew = !document.hidden && here != p;
    if (isNew) {
      tell('l');
      r = v ? '-' : document.referrer;
      v = Math.random();
      p = here;
    }
    if (isNew | force) {
      tell(isNew ? 'v' : 'h');
      clearTimeout(timer);
      timer = setTimeout(report, document.hidden ? 58e3 : isNew ? 5e3 : 13500 + 3e3 * Math.random(), 1);
    }
  };

  window.headcount = (name) => tell('e', name);

  // Who is not counted: as nothing is ever shown then, all of the above stays silent. Files
  // have no host name.
  if (
    navigator.webdriver && !/bot/.test(allow) ||
    self != top && !/frame/.test(allow) ||
    /^(localhost$|127\.|\[|$)/.test(location.hostname) && !/local/.test(allow) ||
    (navigator.globalPrivacyControl || navigator.doNotTrack == 1) && ignoreDnt == null
  ) break hc;
  try {
    if (location.hash == '#toggle-headcount')
      alert('headcount_ignore: ' + (localStorage.headcount_ignore = localStorage.headcount_ignore ? '' : 1));
    if (localStorage.headcount_ignore) break hc;
    if (client != null) u = localStorage.headcount_client = localStorage.headcount_client || Math.random();
  } catch (e) {} // no storage: nobody opted out, and there is no id

  // What people do, and what becomes of the page. Not scroll events: scripts cause them too.
  // Writing is what changes a field, not every key: some scroll, and some play. Two of these
  // are no events but what routers call, often both for one step.
  //
  // The view ends, too, when the page is only put away for going back to it (pagehide): if it
  // comes back, it is a new view, and until then nobody looks at it.
  'click replaceState pointermove popstate keydown wheel visibilitychange touchmove pushState pagehide pageshow input'
    .split(' ').map((name) => {
      let change = history[name];
      if (change) history[name] = (...args) => {
        change.apply(history, args);
        report();
      };
      addEventListener(name, (event) => {
        active = Date.now();
        if (name == 'input') typed = active;
        if (name == 'pagehide') p = tell('l');
        else report(/^v/.test(name));
        let it = name == 'click' && event.target.closest('[data-headcount-event],a');
        it = it && (it.dataset.headcountEvent || (
          /\.(rpm|deb|(doc|xls|ppt)x?|mp\d|zip|dmg|csv|pdf|gz|exe|msi)$/i.test(it.pathname) ? 'download ' + it.pathname
          : it.host && it.host != location.host ? 'outbound ' + it.host + it.pathname
          : 0));
        if (it) tell('e', it);
      }, 1);
    });

  report();
}
