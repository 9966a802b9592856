// Which test shows which row of seeds_rows.mjs, as the table of seeds.md.
//
//   node tests/e2e/seeds.mjs            what is wrong, as exit code and lines
//   node tests/e2e/seeds.mjs --write    writes the table
//
// A test says what it shows at the beginning of its title: `L5: who is silent for 60 s is
// gone`, or of several rows `A1, A2: ...`.
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { systems } from './seeds_rows.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const tablePath = `${here}seeds.md`;
const CALL = /^\s*(?:story\w*|visit|test)\(\s*(?:\w+,\s*|'[^' ]+',\s*)?(['"`])((?:\\.|(?!\1)[^\\])*)\1/gms;
const ID = '[LAUTPH]\\d+';
const TITLE = new RegExp(`^(${ID}(?:, ${ID})*): (.+)$`, 's');
const NEARLY = new RegExp(`^${ID}\\b`);

const rows = systems.flatMap((system) => system.rows);

/** The titles of the tests in a file's text. */
export function titlesOf(text) {
  return [...text.matchAll(CALL)].map(([, , title]) => title.replace(/\\(.)/gs, '$1'));
}

function shown() {
  const files = fs.readdirSync(here).filter((name) => name.endsWith('.test.mjs')).sort();
  return files.flatMap((file) => titlesOf(fs.readFileSync(here + file, 'utf8')).map((title) => ({ file, title })));
}

/** Finds the tests of each row. Returns { found: Map of id to tests, mistakes: [text] }. */
export function assign(tests, all = rows) {
  const found = new Map(all.map(({ id }) => [id, []]));
  const mistakes = [];
  for (const { file, title } of tests) {
    const [, ids, claim] = title.match(TITLE) ?? [];
    if (!ids && NEARLY.test(title)) mistakes.push(`${file}: "${title}": after the rows comes a colon`);
    for (const id of ids?.split(', ') ?? [])
      if (found.has(id)) found.get(id).push({ file, title: claim });
      else mistakes.push(`${file}: "${title}": there is no row ${id}`);
  }
  for (const { id, left } of all) {
    const n = found.get(id).length;
    if (n === 0 && !left) mistakes.push(`${id}: no test shows it`);
    if (n > 0 && left) mistakes.push(`${id}: it is left out, and a test shows it`);
  }
  return { found, mistakes };
}

const cell = (text) => text.replace(/\s+/g, ' ').replace(/\$\{[^}]*\}/g, '…').replaceAll('|', '\\|');

function tableRow({ id, what, left }, tests) {
  const by = tests.map(({ file, title }) => `[${file}](${file}): ${cell(title)}`);
  return `| ${id} | ${cell(what)} | ${left ? `left out: ${cell(left)}` : by.join('<br>')} |`;
}

function table(found) {
  const head = `# What headcount took over, and the tests that show it

Written by \`node tests/e2e/seeds.mjs --write\` from seeds_rows.mjs and the titles of the tests,
which begin with the rows they show. A star stands before what the original does not do, or not
right.
`;
  const parts = systems.map(({ name, rows }) => {
    const lines = rows.map((row) => tableRow(row, found.get(row.id)));
    return `\n## ${name}\n\n| row | what | tests |\n|---|---|---|\n${lines.join('\n')}\n`;
  });
  return head + parts.join('');
}

/** The table as it should be, the table as it is, and what is wrong with rows and titles. */
export function look() {
  const { found, mistakes } = assign(shown());
  return { mistakes, should: table(found), is: fs.existsSync(tablePath) ? fs.readFileSync(tablePath, 'utf8') : '' };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { mistakes, should, is } = look();
  if (process.argv.includes('--write')) fs.writeFileSync(tablePath, should);
  else if (should !== is) mistakes.push('seeds.md is not up to date: node tests/e2e/seeds.mjs --write');
  for (const mistake of mistakes) console.error(mistake);
  process.exitCode = mistakes.length ? 1 : 0;
}
