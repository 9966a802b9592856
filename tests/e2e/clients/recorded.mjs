// Requests as bytes, and answers as bytes: for clients of which only what they send matters.
import { within } from '../stage.mjs';

const DEADLINE_MS = 10_000;

/** A request's bytes: its first line, its header lines, its body. */
export function recorded(line, headers = [], body = '') {
  const length = body ? [`Content-Length: ${Buffer.byteLength(body)}`] : [];
  return [`${line} HTTP/1.1`, ...headers, ...length, 'Connection: close', '', Buffer.from(body).toString('latin1')].join('\r\n');
}

/** What comes back: { status, lines, body }, lines without Date and Connection, which are no
 * dialect's. */
export async function play(s, bytes) {
  const wire = s.wire().send(bytes);
  await within(DEADLINE_MS, 'the answer ends', wire.end);
  const end = wire.text.indexOf('\r\n\r\n');
  const [first, ...all] = wire.text.slice(0, end).split('\r\n');
  const lines = all.filter((line) => !/^(Date|Connection):/.test(line));
  return { status: Number(first.split(' ')[1]), lines, body: wire.text.slice(end + 4) };
}
