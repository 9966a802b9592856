// A web server in Node that does nothing but answer the pixel, to compare with. Prints its port.
import http from 'node:http';

const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==', 'base64');
const headers = { 'Content-Type': 'image/gif', 'Content-Length': gif.length, 'Cache-Control': 'no-store' };

const server = http.createServer((request, response) => response.writeHead(200, headers).end(gif));
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
