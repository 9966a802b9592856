// Texts that break what is careless with them, by kind; and what a text must be to be shown.
// What runs, should it ever, says so: it sets `ran`, and asks for /ran.

const RUN = "window.ran=1,fetch('/ran')";

const SCRIPTS = [
  `<script>${RUN}</script>`, `</script><script>${RUN}</script>`, `"><img src=x onerror="${RUN}">`, `'><svg/onload=${RUN}>`,
  `<svg onload="${RUN}">`, `<iframe srcdoc="<script>parent.ran=1</script>">`, `</title></style></textarea><script>${RUN}</script>`,
  `javascript:${RUN}`, `data:text/html,<script>${RUN}</script>`, `'-(${RUN})-'`, `";${RUN};//`, `\`\${${RUN}}\``, `*/${RUN};/*`,
  `\\u003cscript>${RUN}</script>`, `&lt;script&gt;${RUN}&lt;/script&gt;`, `{{constructor.constructor("${RUN}")()}}`,
  '<b onmouseover=ran=1>bold</b>', `<a href="javascript:${RUN}">x</a>`, '<base href=//evil.example>', '<meta http-equiv=refresh content=0;url=/ran>',
  '<style>@import "/ran";</style>', '<link rel=stylesheet href=/ran>', '<!--', '-->', ']]>', '<?xml version="1.0"?>', '<!DOCTYPE a [<!ENTITY b "c">]>&b;', '&#60;&#x3c;&b;',
];

/** Those that are elements, which no page has but as text. */
export const TAGS = SCRIPTS.filter((text) => /<\w/.test(text));

const JSON_BREAKERS = [
  '"', '\\', '\\"', '"}]', '{"a":1}', '[[[[[[', '\\u0000', '\\ud800', '\\x1b[31m', "'", '`', '\\', ',"online":{"total":999}',
];

const UNICODE = [
  '\u2028', '\u2029', 'a\u2028b\u2029c', '\ufeffBOM', '\u200bzero\u200cwidth\u200djoiner\u2060', '\u00adsoft', 'e\u0301\u0301\u0301\u0301\u0301',
  'تقرير', 'שלום', '\u202egnp.exe', '\u202a\u202b\u202c\u202d', '\u2066\u2067\u2068\u2069', '\u200e\u200f\u061c', '\u206a\u206f',
  '😀👨‍👩‍👧‍👦🏳️‍🌈', '𝕏'.repeat(40), '\ufffe\uffff', '\u{10ffff}\u{1fffe}', '\ue000', '\ufdd0', '\ufffd', '\u00a0', '\u3000', '\u{e0001}\u{e0020}', 'ﬀ', 'İı', '田中さん', '\u0300'.repeat(80),
];

const CONTROLS = [
  '\x1b[31mred', '\x1b]0;title\x07', '\x1b]52;c;cm0=\x07', '\x1bP1$r\x1b\\', '\x1b[2J\x1b[H', '\x1bc', '\x07\x08\x0b\x0c\x0e\x0f', 'a\tb', 'a\x7fb',
  '\u009b31mred', '\u009d0;title\u009c', '\u0090q\u009c', '\u0080\u0085\u009f', 'nul\0nul',
  'one\nevent=forged site=x', 'one\r\ntwo', 'a\rb', 'x\r\nSet-Cookie: a=b\r\n\r\n<script>ran=1</script>', 'x\n\ndata: forged\n\n', 'x\nevent: state\ndata: {}',
];

const PROGRAMS = [
  '%s%n%x%d%p', '%1$s%99999d', '{0}', '$(touch /tmp/ran)', '`id`', '; echo ran', '| cat', '&& ran', "' OR 1=1 --", '../../../etc/passwd', '%00', '%2e%2e%2f', '%0d%0aX: y', '%',
  'NaN', '-0', '1e309', 'Infinity', 'undefined', 'null', 'true', '__proto__', 'constructor', 'hasOwnProperty', 'toString', '-', '--help', '(other)', '(direct)', '*', ' ', '\t', '',
  'A'.repeat(600), '<'.repeat(600), '\u{1f600}'.repeat(300),
];

// Bytes that are not UTF-8, or end within a character.
const BYTES = ['ff', 'fffe', 'c0af', 'e080af', 'eda080', 'edb080', 'f4908080', 'f888808080', 'e282', 'f09f98', '80', '9b33316d', '61ff62', 'c328', 'c0', '1b5b33316dff'];

/** All of them, as bytes. */
export const NAUGHTY = [...SCRIPTS, ...JSON_BREAKERS, ...UNICODE, ...CONTROLS, ...PROGRAMS].map((text) => Buffer.from(text))
  .concat(BYTES.map((hex) => Buffer.from(hex, 'hex')), ['\ud800', '\udc00x', 'a\ud83d'].map((half) => Buffer.from(half, 'utf16le')));

/** Members of JSON whose escapes no good writer makes. */
export const ESCAPES = ['\\ud800', '\\udc00', '\\ud800\\u0041', 'a\\u0000b', '\\u001b[31mred', '\\u009b31m', '\\u202egnp', '\\u2028', '\\ufffe', '\\/', '\\"\\\\', '\\u003cscript>', '\\u000aevent=forged'];

/** What no terminal is to be sent: controls but line ends and tabs, and marks that turn text around. */
export const UNFIT = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Each byte as %XX. */
export const percent = (bytes) => [...Buffer.from(bytes)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');

/** The text, which must be UTF-8. */
export const utf8 = (bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

/** Whether half a surrogate pair is in it. */
export const isWhole = (text) => !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);

/** The value that these bytes are as JSON, which is UTF-8 and has no half characters in it. */
export function strictJson(bytes, assert) {
  const text = utf8(bytes);
  return JSON.parse(text, (key, value) => {
    for (const one of [key, value]) if (typeof one === 'string') assert.ok(isWhole(one), JSON.stringify(one));
    return value;
  });
}
