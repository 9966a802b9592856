// Somebody who reads along, in the middle: between a collector and its aggregator, between the
// daemons and Redis, between a client and a server. All bytes of either direction are kept.
import dgram from 'node:dgram';
import net from 'node:net';

/** Datagrams to @port, each in `datagrams`, in both directions; listens on `port`. */
export async function tapUdp(s, port) {
  const datagrams = [];
  const ups = new Map(); // by who sent, the socket that sends on for them
  const down = dgram.createSocket('udp4');
  const open = async (socket) => {
    await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
    s.closing.push(() => socket.close());
    return socket.on('error', () => {});
  };
  down.on('message', async (bytes, from) => {
    datagrams.push(bytes);
    if (!ups.has(from.port)) {
      const up = dgram.createSocket('udp4');
      up.on('message', (answer) => {
        datagrams.push(answer);
        down.send(answer, from.port, '127.0.0.1', () => {});
      });
      ups.set(from.port, open(up));
    }
    (await ups.get(from.port)).send(bytes, port, '127.0.0.1', () => {});
  });
  await open(down);
  return { datagrams, port: down.address().port };
}

/** Connections to @to ({ path } or { port }); listens at @at (a path) or on `port`. `bytes` is
 *  all of each direction of each connection. */
export async function tapStream(s, to, at) {
  const flows = [];
  const keep = (from, onto) => {
    const parts = [];
    flows.push(parts);
    from.on('data', (part) => parts.push(part)).on('error', () => {});
    from.pipe(onto).on('error', () => {});
  };
  const server = net.createServer((near) => {
    const far = net.connect(to);
    keep(near, far);
    keep(far, near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise((resolve) => (at ? server.listen(at, resolve) : server.listen(0, '127.0.0.1', resolve)));
  s.closing.push(() => server.close());
  return { get bytes() { return flows.map((parts) => Buffer.concat(parts)); }, port: at ? 0 : server.address().port };
}
