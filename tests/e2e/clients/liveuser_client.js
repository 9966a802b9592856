// Clients of the kind that pages with LiveUser have, written from what those say and hear:
//
//   LiveUserClient.start({ generation: 1, siteId, serverUrl, ... })
//
// Generations 1 and 2 connect to <serverUrl>ws and say who they are in its address; 0, the
// ancestor, connects to serverUrl and says so in a message.
'use strict';

const LiveUserClient = {
  HEARTBEAT_MS: 30_000,

  start(config) {
    const client = { ...config, clientId: crypto.randomUUID(), updates: [] };
    addEventListener('beforeunload', () => client.socket.close());
    this.connect(client);
    return client;
  },

  address({ generation, serverUrl, siteId, clientId, enableTotalCount }) {
    const server = serverUrl.replace(/^http/, 'ws');
    if (generation === 0) return server;
    const total = enableTotalCount ? '&enableTotalCount=true' : '';
    const base = generation === 2 ? `${server.replace(/\/$/, '')}/` : server;
    return `${base}ws?siteId=${siteId}&clientId=${clientId}${total}`;
  },

  connect(client) {
    const { generation, siteId, clientId } = client;
    const id = generation === 0 ? {} : { clientId };
    const socket = (client.socket = new WebSocket(this.address(client)));
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: 'join', siteId, ...id }));
      if (generation === 0) return;
      client.beat = setInterval(() => {
        const more = generation === 1 ? { siteId, timestamp: Math.floor(Date.now() / 1000) } : {};
        socket.send(JSON.stringify({ type: 'heartbeat', ...id, ...more }));
      }, this.HEARTBEAT_MS);
    };
    socket.onmessage = ({ data }) => this.take(client, JSON.parse(data));
    socket.onclose = () => {
      clearInterval(client.beat);
      setTimeout(() => this.connect(client), client.reconnectDelay);
    };
  },

  take(client, message) {
    if (client.generation === 0 && message.siteId !== client.siteId) return;
    if (message.type === 'shutdown') client.toldOfTheEnd = true;
    if (message.type !== 'update') return;
    client.updates.push(message);
    client.count = message.count;
    client.totalCount = message.totalCount;
  },
};
