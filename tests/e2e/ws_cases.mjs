// What a WebSocket server must make of what clients send: the groups 1 to 7 of the Autobahn
// test suite by their numbers, as bytes.
//
// A case sends pieces, one write each. `pongs`: what must come back as pongs, in order.
// `close`: the code that must come back in a close frame, and the end of the connection;
// null: a close frame without a code; absent: the connection stays. Messages are not
// echoed here: where the suite waits for an echo, the connection must stay.
//
// Group 6 holds the classes of Markus Kuhn's UTF-8 decoder capability and stress test.
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const MASK = [0x37, 0xfa, 0x21, 0x3d];

const bytes = (hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const spaces = (n) => Buffer.alloc(n, '*');

function lengthOf(n) {
  if (n < 126) return [0x80 | n];
  if (n < 65536) return [0xfe, n >> 8, n & 255];
  const long = Buffer.alloc(9, 0xff);
  long.writeBigUInt64BE(BigInt(n), 1);
  return [...long];
}

/** One frame as a client sends it. */
export function frame(opcode, payload = '', { more = false, reserved = 0 } = {}) {
  const body = Buffer.from(payload).map((byte, i) => byte ^ MASK[i % 4]);
  const first = (more ? 0 : 0x80) | (reserved << 4) | opcode;
  return Buffer.concat([Buffer.from([first, ...lengthOf(body.length), ...MASK]), body]);
}

/** A message in fragments. */
function fragments(opcode, ...parts) {
  return parts.map((part, i) => frame(i ? 0 : opcode, part, { more: i + 1 < parts.length }));
}

export function close(code, reason = '') {
  return frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
}

/** The same bytes in pieces of n. */
function chop(pieces, n = 1) {
  const all = Buffer.concat(pieces);
  return Array.from({ length: Math.ceil(all.length / n) }, (_, i) => all.subarray(i * n, (i + 1) * n));
}

const whole = (pieces) => [Buffer.concat(pieces)];
const each = (text) => [...Buffer.from(text)].map((byte) => Buffer.from([byte]));

/** The three ways a sequence of frames is sent: at once, one by one, byte by byte. */
const ways = (pieces) => [whole(pieces), pieces, chop(pieces)];

export const cases = [];

function add(number, what, send, expected = {}) {
  cases.push({ number, what, send, pongs: [], ...expected });
}

// ---- 1: framing ----

const lengths = [0, 125, 126, 127, 128, 65535, 65536];
for (const [group, opcode, name] of [[1, TEXT, 'text'], [2, BINARY, 'binary']]) {
  lengths.forEach((n, i) => add(`1.${group}.${i + 1}`, `${name} of ${n} bytes`, [frame(opcode, spaces(n))]));
  add(`1.${group}.8`, `${name} of 65536 bytes in pieces of 997`, chop([frame(opcode, spaces(65536))], 997));
}

// ---- 2: pings and pongs ----

const odd = bytes('00fffefdfcfb00ff');
const ten = Array.from({ length: 10 }, (_, i) => `payload ${i}`);
const tenPings = ten.map((text) => frame(PING, text));
add('2.1', 'a ping without payload', [frame(PING)], { pongs: [''] });
add('2.2', 'a ping with text', [frame(PING, 'Hello, world!')], { pongs: ['Hello, world!'] });
add('2.3', 'a ping with bytes that are no text', [frame(PING, odd)], { pongs: [odd] });
add('2.4', 'a ping of 125 bytes', [frame(PING, spaces(125))], { pongs: [spaces(125)] });
add('2.5', 'a ping of 126 bytes', [frame(PING, spaces(126))], { close: 1002 });
add('2.6', 'a ping of 125 bytes, byte by byte', chop([frame(PING, spaces(125))]), { pongs: [spaces(125)] });
add('2.7', 'a pong nobody asked for', [frame(PONG)]);
add('2.8', 'a pong nobody asked for, with payload', [frame(PONG, 'unasked')]);
add('2.9', 'such a pong and a ping', [frame(PONG, 'unasked'), frame(PING, 'asked')], { pongs: ['asked'] });
add('2.10', 'ten pings at once', whole(tenPings), { pongs: ten });
add('2.11', 'ten pings, byte by byte', chop(tenPings), { pongs: ten });

// ---- 3: reserved bits ----

const hello = frame(TEXT, 'Hello, world!');
const reserved = (bits, opcode = TEXT, payload = 'Hello, world!') => frame(opcode, payload, { reserved: bits });
add('3.1', 'a text with the third reserved bit', [reserved(1)], { close: 1002 });
add('3.2', 'a text, one with the second bit, a ping', whole([hello, reserved(2), frame(PING)]), { close: 1002 });
add('3.3', 'the same with two bits, frame by frame', [hello, reserved(3), frame(PING)], { close: 1002 });
add('3.4', 'the same with the first bit, byte by byte', chop([hello, reserved(4), frame(PING)]), { close: 1002 });
add('3.5', 'a binary message with two bits', [reserved(5, BINARY, odd)], { close: 1002 });
add('3.6', 'a ping with two bits', [reserved(6, PING)], { close: 1002 });
add('3.7', 'a close frame with all bits', [reserved(7, CLOSE, bytes('03e8'))], { close: 1002 });

// ---- 4: opcodes ----

for (const [group, first] of [[1, 3], [2, 11]]) {
  const kind = group === 1 ? 'a message' : 'a control frame';
  const behind = (opcode, payload) => [hello, frame(opcode, payload), frame(PING)];
  add(`4.${group}.1`, `${kind} of opcode ${first}`, [frame(first)], { close: 1002 });
  add(`4.${group}.2`, `${kind} of opcode ${first + 1} with payload`, [frame(first + 1, 'reserved')], { close: 1002 });
  add(`4.${group}.3`, `a text, opcode ${first + 2}, a ping`, whole(behind(first + 2)), { close: 1002 });
  add(`4.${group}.4`, `a text, opcode ${first + 3} with payload, a ping`, behind(first + 3, 'reserved'), { close: 1002 });
  add(`4.${group}.5`, `the same with opcode ${first + 4}, byte by byte`, chop(behind(first + 4, 'reserved')), { close: 1002 });
}

// ---- 5: fragments ----

const two = fragments(TEXT, 'fragment1', 'fragment2');
const pinged = [two[0], frame(PING, 'between'), two[1]];
const how = ['at once', 'frame by frame', 'byte by byte'];
add('5.1', 'a ping in two fragments', fragments(PING, 'fragment1', 'fragment2'), { close: 1002 });
add('5.2', 'a pong in two fragments', fragments(PONG, 'fragment1', 'fragment2'), { close: 1002 });
ways(two).forEach((send, i) => add(`5.${3 + i}`, `a text in two fragments, ${how[i]}`, send));
ways(pinged).forEach((send, i) =>
  add(`5.${6 + i}`, `the same with a ping between, ${how[i]}`, send, { pongs: ['between'] }),
);
for (const [first, more, name] of [[9, false, 'last'], [12, true, 'middle']])
  ways([frame(0, 'nothing before', { more }), hello]).forEach((send, i) =>
    add(`5.${first + i}`, `a ${name} fragment of nothing and a text, ${how[i]}`, send, { close: 1002 }),
  );
add('5.15', 'two fragments, a middle one of nothing, a text', whole([...two, frame(0, 'x', { more: true }), hello]), { close: 1002 });
for (const [number, more] of [['5.16', true], ['5.17', false]]) {
  const turn = [frame(0, 'fragment0', { more }), ...two];
  add(number, `twice a ${more ? 'middle' : 'last'} fragment of nothing before two fragments`, [...turn, ...turn], { close: 1002 });
}
add('5.18', 'a text within a text', [frame(TEXT, 'fragment1', { more: true }), frame(TEXT, 'fragment2')], { close: 1002 });
const five = fragments(TEXT, 'a', 'b', 'c', 'd', 'e');
const fivePinged = [...five.slice(0, 2), frame(PING, 'one'), ...five.slice(2, 4), frame(PING, 'two'), five[4]];
add('5.19', 'five fragments with two pings, at once', whole(fivePinged), { pongs: ['one', 'two'] });
add('5.20', 'five fragments with two pings, frame by frame', fivePinged, { pongs: ['one', 'two'] });

// ---- 6: UTF-8 ----

const kosme = bytes('ceba e1bdb9 cf83 cebc ceb5');
const bad = Buffer.concat([kosme, bytes('eda080'), Buffer.from('edited')]);
const greeting = 'Hello-µ@ßöäüàá-UTF-8!!';
const all = Buffer.from(greeting);
add('6.1.1', 'an empty text', [frame(TEXT)]);
add('6.1.2', 'three empty fragments', fragments(TEXT, '', '', ''));
add('6.1.3', 'three fragments, two of them empty', fragments(TEXT, '', 'middle', ''));
add('6.2.1', 'a text beyond ASCII', [frame(TEXT, greeting)]);
add('6.2.2', 'the same in fragments cut between characters', fragments(TEXT, all.subarray(0, 13), all.subarray(13)));
add('6.2.3', 'the same in fragments of a byte', fragments(TEXT, ...each(greeting)));
add('6.2.4', 'Greek in fragments of a byte', fragments(TEXT, ...each(kosme)));
add('6.3.1', 'a surrogate', [frame(TEXT, bad)], { close: 1007 });
add('6.3.2', 'the same in fragments of a byte', fragments(TEXT, ...each(bad)), { close: 1007 });

// What is wrong must be said before the rest is sent: here it never is.
const endless = frame(TEXT, Buffer.concat([kosme, bytes('f4908080'), Buffer.from('edited')]));
const upTo = (n) => endless.subarray(0, 6 + kosme.length + n);
add('6.4.1', 'a fragment with a code beyond the last', [
  frame(TEXT, kosme, { more: true }), frame(0, bytes('f4908080'), { more: true }),
], { close: 1007 });
add('6.4.2', 'the same, cut within the code', [
  frame(TEXT, Buffer.concat([kosme, bytes('f4')]), { more: true }), frame(0, bytes('90'), { more: true }),
], { close: 1007 });
add('6.4.3', 'the same in one frame of which a part is sent', [upTo(0), upTo(4).subarray(upTo(0).length)], { close: 1007 });
add('6.4.4', 'the same, cut within the code', [upTo(1), upTo(2).subarray(upTo(1).length)], { close: 1007 });

/** Texts that are well-formed, and texts that are not. */
function texts(group, what, hexes, verdict) {
  hexes.forEach((hex, i) => {
    const good = typeof verdict === 'function' ? verdict(i) : verdict;
    add(`6.${group}.${i + 1}`, `${what}: ${hex}`, [frame(TEXT, bytes(hex))], good ? {} : { close: 1007 });
  });
}
const hexOf = (...codes) => codes.map((code) => Buffer.from(String.fromCodePoint(code)).toString('hex')).join('');
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const starts = (from, to) => range(from, to).map((byte) => `${byte.toString(16)}20`).join('');
const cut = ['c0', 'e080', 'f08080', 'f8808080', 'fc80808080', 'df', 'efbf', 'f7bfbf', 'fbbfbfbf', 'fdbfbfbfbf'];

texts(5, 'characters of each length', [
  ...[0x24, 0xa2, 0x20ac, 0x24b62].map((code) => hexOf(...'hello'.split('').map((c) => c.codePointAt(0)), code)),
  kosme.toString('hex'),
], true);
texts(6, 'a start of a Greek word', range(1, kosme.length).map((n) => kosme.subarray(0, n).toString('hex')),
  (i) => [2, 5, 7, 9, 11].includes(i + 1));
texts(7, 'the first of a length', ['00', 'c280', 'e0a080', 'f0908080'], true);
texts(8, 'the first of five and six bytes', ['f888808080', 'fc8480808080'], false);
texts(9, 'the last of a length', ['7f', 'dfbf', 'efbfbf', 'f48fbfbf'], true);
texts(10, 'the last of more bits', ['f7bfbfbf', 'fbbfbfbfbf', 'fdbfbfbfbfbf'], false);
texts(11, 'beside a bound', ['ed9fbf', 'ee8080', 'efbfbd', 'f48fbfbf', 'f4908080'], (i) => i < 4);
texts(12, 'continuation bytes alone', [
  '80', 'bf', '80bf', '80bf80', '80bf80bf', '80bf80bf80', '80bf80bf80bf', Buffer.from(range(0x80, 0xbf)).toString('hex'),
], false);
texts(13, 'first bytes alone', [
  starts(0xc0, 0xdf), starts(0xe0, 0xef), starts(0xf0, 0xf7), starts(0xf8, 0xfb), starts(0xfc, 0xfd),
], false);
texts(14, 'the last byte is missing', cut, false);
texts(15, 'all of these', [cut.join('')], false);
texts(16, 'bytes that never occur', ['fe', 'ff', 'fefeffff'], false);
texts(17, 'a slash in too many bytes', ['c0af', 'e080af', 'f08080af', 'f8808080af', 'fc80808080af'], false);
texts(18, 'the highest in too many bytes', ['c1bf', 'e09fbf', 'f08fbfbf', 'f887bfbfbf', 'fc83bfbfbfbf'], false);
texts(19, 'a NUL in too many bytes', ['c080', 'e08080', 'f0808080', 'f880808080', 'fc8080808080'], false);
texts(20, 'a surrogate', ['eda080', 'edadbf', 'edae80', 'edafbf', 'edb080', 'edbe80', 'edbfbf'], false);
texts(21, 'two surrogates', [
  'eda080edb080', 'eda080edbfbf', 'edadbfedb080', 'edadbfedbfbf', 'edae80edb080', 'edae80edbfbf', 'edafbfedb080', 'edafbfedbfbf',
], false);
texts(22, 'no character, but well-formed', range(0, 16).flatMap((plane) => [hexOf(plane * 65536 + 0xfffe), hexOf(plane * 65536 + 0xffff)]), true);
texts(23, 'a special one', range(0xfff9, 0xffff).map((code) => hexOf(code)), true);

// ---- 7: closing ----

add('7.1.1', 'a text and a close frame', [hello, close(1000)], { close: 1000 });
add('7.1.2', 'two close frames', whole([close(1000), close(1000)]), { close: 1000 });
add('7.1.3', 'a close frame and a ping', whole([close(1000), frame(PING)]), { close: 1000 });
add('7.1.4', 'a close frame and a text', whole([close(1000), hello]), { close: 1000 });
add('7.1.5', 'a close frame between fragments', whole([two[0], close(1000), two[1]]), { close: 1000 });
// The suite sends 256 KiB and expects an echo; here this is over WS_MESSAGE_MAX.
add('7.1.6', 'a text of 200 KiB, a close frame, a ping', [frame(TEXT, spaces(204800)), close(1000), frame(PING)], { close: 1009 });
add('7.3.1', 'a close frame without payload', [frame(CLOSE)], { close: null });
add('7.3.2', 'a close frame of one byte', [frame(CLOSE, 'a')], { close: 1002 });
add('7.3.3', 'a close frame with a code', [close(1000)], { close: 1000 });
add('7.3.4', 'and with a reason', [close(1000, 'Hello, world!')], { close: 1000 });
add('7.3.5', 'and with a reason of 123 bytes', [close(1000, spaces(123))], { close: 1000 });
add('7.3.6', 'and with a reason of 124 bytes', [close(1000, spaces(124))], { close: 1002 });
add('7.5.1', 'a reason that is no UTF-8', [close(1000, bad)], { close: 1007 });
[1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].forEach((code, i) =>
  add(`7.7.${i + 1}`, `the code ${code}`, [close(code)], { close: code }),
);
[0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999].forEach((code, i) =>
  add(`7.9.${i + 1}`, `the code ${code}, which is not to be sent`, [close(code)], { close: 1002 }),
);
// The suite leaves these open.
[5000, 65535].forEach((code, i) => add(`7.13.${i + 1}`, `the code ${code}, out of range`, [close(code)], { close: 1002 }));
