// A live visitor count in a page, as LiveUser has it:
//
//   <span id="liveuser"></span> <span id="liveuser_totalvisits"></span>
//   <script src="https://stats.example.com/liveuser.js?siteId=shop&enableTotalCount=true" async></script>
//
// Whoever shows the number is counted by it: the connection is the presence. The address
// above ends this text with a call of initializeLiveUser.
(() => {
  const HEARTBEAT_MS = 3e4;
  const LOST_MS = 7.5e4; // two heartbeats that were not answered, and some
  const UPDATING_MS = 300;

  const source = document.currentScript?.src;
  const counts = new Map(); // by site
  let latest;

  /** 999, 1.0K, 1.2M */
  const formatNumber = (n) => {
    if (n < 1e3) return String(n);
    return n < 999950 ? `${(n / 1e3).toFixed(1)}K` : `${(n / 1e6).toFixed(1)}M`;
  };

  // crypto.randomUUID is there only on pages with TLS.
  const uuid = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = 0x40 | (bytes[6] & 15);
    bytes[8] = 0x80 | (bytes[8] & 63);
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  };

  /** ws: or wss:, and as the script itself where that came by TLS from the same host. */
  const socketUrl = (config, clientId, again) => {
    const url = new URL(config.serverUrl || '.', source || location.href);
    const safe = source && new URL(source).protocol === 'https:' && new URL(source).host === url.host;
    url.protocol = safe ? 'wss:' : url.protocol.replace(/^http/, 'ws');
    url.pathname = url.pathname.replace(/\/*$/, '/');
    if (config.root) return url.href;
    url.pathname += 'ws';
    url.searchParams.set('siteId', config.siteId);
    url.searchParams.set('clientId', clientId);
    if (config.enableTotalCount) url.searchParams.set('enableTotalCount', 'true');
    if (again) url.searchParams.set('reconnect', 'true');
    return url.href;
  };

  function initializeLiveUser(config) {
    const clientId = uuid();
    const { siteId } = config;
    const log = (...what) => config.debug && console.log('[liveuser]', ...what);
    let socket;
    let retry;
    let heard;
    let again = false; // this visit was counted
    let shown = () => {};

    const show = (id, text, name, value) => {
      const element = document.getElementById(id);
      if (!element) return;
      element.textContent = text;
      if (name) element.setAttribute(name, value);
    };

    /** What is shown now, and again when the page has its elements. */
    const draw = (fn) => (shown = fn)();
    const say = (text) => draw(() => show(config.displayElementId, text));

    const flash = () => {
      const list = document.getElementById(config.displayElementId)?.classList;
      list?.add('updating');
      setTimeout(() => list?.remove('updating'), UPDATING_MS);
    };

    const update = ({ count, totalCount }) => {
      const oldCount = counts.get(siteId) ?? 0;
      counts.set(siteId, count);
      latest = siteId;
      draw(() => {
        show(config.displayElementId, formatNumber(count), 'data-live-count', count);
        if (config.enableTotalCount && totalCount !== undefined)
          show(config.totalCountElementId, formatNumber(totalCount), 'data-total-count', totalCount);
      });
      if (count !== oldCount) flash();
      window.dispatchEvent(new CustomEvent('liveuser:update', { detail: { count, oldCount, siteId, totalCount } }));
    };

    const take = (data) => {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return;
      }
      log(message);
      if (message.siteId !== undefined && message.siteId !== siteId) return;
      if (message.type === 'shutdown') say('Disconnected, reconnecting...');
      else if (Number.isInteger(message.count)) update(message);
    };

    const tell = (type, more) => socket.send(JSON.stringify({ type, siteId, clientId, ...more }));

    const lose = () => {
      socket = null;
      say('Disconnected, reconnecting...');
      clearTimeout(retry);
      retry = setTimeout(connect, config.reconnectDelay);
    };

    function connect() {
      clearTimeout(retry);
      say('Connecting...');
      const mine = (socket = new WebSocket(socketUrl(config, clientId, again)));
      mine.onopen = () => {
        say('Connected');
        again = true;
        heard = Date.now();
        tell('join');
      };
      mine.onmessage = ({ data }) => {
        heard = Date.now();
        if (mine === socket) take(data);
      };
      mine.onerror = () => mine === socket && say('Connection error');
      mine.onclose = ({ code, reason }) => {
        log('closed', code, reason);
        if (mine === socket && reason !== 'replaced') lose();
      };
    }

    // A connection that broke without a word is found out by silence.
    setInterval(() => {
      if (socket?.readyState !== 1) return;
      if (Date.now() - heard < LOST_MS) return tell('heartbeat', { timestamp: Math.floor(Date.now() / 1000) });
      socket.close();
      lose();
    }, HEARTBEAT_MS);

    const close = () => socket?.close();
    addEventListener('beforeunload', close);
    addEventListener('pagehide', close);
    const hurry = () => !socket && !document.hidden && connect();
    addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    document.addEventListener('DOMContentLoaded', () => shown());
    connect();
  }

  window.LiveUser = { initializeLiveUser, formatNumber };
  window.getLiveUserCount = (siteId = latest) => counts.get(siteId) ?? 0;
})();
