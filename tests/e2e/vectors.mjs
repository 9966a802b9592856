// The vectors of tests/unit/http_vectors.txt, as its head explains them: requests with the
// verdict that each has to get.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../unit/http_vectors.txt', import.meta.url));
const escapes = { r: '\r', n: '\n', t: '\t', N: '\r\n', H: 'Host: a\r\n', '\\': '\\' };

/** The bytes that a text of the file stands for, one character each. */
function unescape(text) {
  return text.replace(/\\(?:x([0-9a-f]{2})|\{(\d+)\*([^}]*)\}|([rntNH\\]))/g, (_, hex, count, repeated, one) => {
    if (hex) return String.fromCharCode(parseInt(hex, 16));
    return count ? unescape(repeated).repeat(Number(count)) : escapes[one];
  });
}

/** All of them: { name, verdicts, bytes }; a verdict is a status, 'more', 'keep' or 'close'. */
export function readVectors() {
  const all = [];
  for (const line of fs.readFileSync(file, 'latin1').split('\n')) {
    if (line.startsWith('    ')) {
      all.at(-1).bytes += unescape(line.slice(4));
    } else if (line && !line.startsWith('#')) {
      const [verdicts, name] = line.split(/: (.*)/);
      all.push({ name, verdicts: verdicts.split(', ').map((v) => v.split(' ')[4] ?? v), bytes: '' });
    }
  }
  return all;
}
