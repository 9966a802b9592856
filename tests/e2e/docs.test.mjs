// What the documents point to is there: files, pictures, headings.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
const documents = execFileSync('find', ['.', '-name', '*.md', '-not', '-path', '*/node_modules/*', '-not', '-path', './build*'], { cwd: root, encoding: 'utf8' })
  .split('\n').filter(Boolean).map((name) => path.normalize(name));

/** The text without what is code, where brackets mean other things. */
const prose = (text) => text.replace(/^```.*?^```/gms, '').replace(/^ {4}.*$/gm, '').replace(/`[^`]*`/g, '');

const anchors = (text) =>
  new Set([...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) => title.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')));

/** Where a document's links and pictures lead, but for those to other hosts. */
function targets(text) {
  const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g), ...text.matchAll(/^ *<(?:img|source)\b[^>]*?\bsrc(?:set)?="([^"]+)"/gm)];
  return links.map(([, to]) => to).filter((to) => !/^[a-z]+:/.test(to));
}

test('every link, picture and heading that a document names is there', () => {
  assert.ok(documents.includes('README.md') && documents.includes('proto/PROTOCOL.md'), documents.join());
  let n = 0;
  for (const name of documents)
    for (const to of targets(read(name))) {
      const [file, heading] = to.split('#');
      const there = file ? path.normalize(path.join(path.dirname(name), file)) : name;
      assert.ok(fs.existsSync(path.join(root, there)), `${name}: ${to}`);
      if (heading) assert.ok(anchors(read(there)).has(heading), `${name}: ${to} is no heading`);
      n++;
    }
  assert.ok(n > 100, `${n} of them`);
});

test('every picture that was made is shown', () => {
  const shown = targets(read('README.md')).map((to) => path.basename(to));
  for (const name of fs.readdirSync(path.join(root, 'deploy/pictures'))) assert.ok(shown.includes(name), name);
});
