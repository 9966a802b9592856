// What is between a page and the collector: a connection that can be cut, and a server in front.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { eventually } from './program.mjs';

const listen = (server) => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

/** From now on it says nothing until SIGCONT: a busy machine may stop its threads one after the other. */
export async function freeze({ pid }) {
  process.kill(pid, 'SIGSTOP');
  await eventually(() => {
    for (const task of fs.readdirSync(`/proc/${pid}/task`))
      assert.match(fs.readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1'), /\) T /);
  });
}

/** A connection to the collector of the story that can be cut, as a network can. */
export async function cable(s) {
  const sockets = new Set();
  let isCut = false;
  const server = net.createServer((near) => {
    if (isCut) return near.destroy();
    const far = net.connect(s.port, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => (near.destroy(), far.destroy(), sockets.delete(socket)));
    }
    near.pipe(far).pipe(near);
  });
  await listen(server);
  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  s.closing.push(() => (cut(), new Promise((resolve) => server.close(resolve))));
  return { base: `http://127.0.0.1:${server.address().port}/`, cut, mend: () => (isCut = false) };
}

/** A server of the test's own; its base. */
export async function front(s, answer) {
  const server = http.createServer(answer);
  await listen(server);
  s.closing.push(() => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** One that passes everything on to the collector, and can put comments into the streams. */
export async function relay(s) {
  const open = new Set();
  const base = await front(s, ({ method, url, headers }, response) => {
    const request = http.request(`http://${s.http}${url}`, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      response.flushHeaders();
      answer.pipe(response);
      if (url.includes('/stream')) open.add(response);
    });
    response.on('close', () => (open.delete(response), request.destroy()));
    request.on('error', () => response.destroy()).end();
  });
  return { base, comment: () => open.forEach((response) => response.write(':\n\n')) };
}
