// The npm package as npm makes it: packed and installed in a directory of its own, it has all
// that it names, and its client can be imported there. And PROTOCOL.md, which is its manual.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A copy of what the package is made of, which packing may change. */
function copied(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headcount-package-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  for (const part of ['deploy/clients/js', 'collector/web', 'LICENSE']) {
    fs.mkdirSync(path.dirname(path.join(dir, part)), { recursive: true });
    fs.cpSync(path.join(root, part), path.join(dir, part), { recursive: true });
  }
  return dir;
}

const npm = (cwd, ...args) =>
  execFileSync('npm', [...args, '--offline', '--no-audit', '--no-fund', '--no-update-notifier'], { cwd, encoding: 'utf8', env: { ...process.env, npm_config_cache: path.join(cwd, '.npm') } });

test('npm packs it, installs it, and what it exports is there with its types', async (t) => {
  const dir = copied(t);
  const from = path.join(dir, 'deploy/clients/js');
  const before = fs.readdirSync(from);
  const [{ filename, files }] = JSON.parse(npm(from, 'pack', '--json'));
  assert.deepEqual(fs.readdirSync(from).filter((name) => name !== filename && name !== '.npm'), before, 'packing leaves nothing behind');
  const names = files.map(({ path: name }) => name).sort();
  const modules = fs.readdirSync(path.join(root, 'collector/web')).filter((name) => /^headcount-.*\.js$/.test(name));
  assert.deepEqual(names, [...modules, 'LICENSE', 'README.md', 'elements.d.ts', 'index.d.ts', 'package.json', 'world.json'].sort());

  const page = path.join(dir, 'page');
  fs.mkdirSync(page);
  fs.writeFileSync(path.join(page, 'package.json'), '{"private":true,"type":"module"}');
  npm(page, 'install', '--ignore-scripts', path.join(from, filename));
  const installed = path.join(page, 'node_modules/headcount-client');
  const { exports, types } = JSON.parse(fs.readFileSync(path.join(installed, 'package.json'), 'utf8'));
  assert.equal(types, exports['.'].types);
  for (const { types: declared, default: code } of [exports['.'], exports['./elements']])
    for (const file of [declared, code]) assert.ok(fs.existsSync(path.join(installed, file)), file);
  for (const name of modules) // nothing is imported that the package does not have
    for (const [, other] of fs.readFileSync(path.join(installed, name), 'utf8').matchAll(/(?:from|import) *\(? *'\.\/([\w.-]+)'/g))
      assert.ok(names.includes(other), `${name} imports ${other}`);

  fs.writeFileSync(path.join(page, 'use.js'), `
    import { createRealtimePoller, subscribe } from 'headcount-client';
    const poller = createRealtimePoller({ baseUrl: 'http://127.0.0.1:9/', siteId: 'shop' });
    console.log(typeof subscribe, Object.keys(poller).sort().join());`);
  const said = execFileSync(process.execPath, ['use.js'], { cwd: page, encoding: 'utf8' });
  assert.equal(said, 'function data,error,isLoading,start,stop\n');
});

const read = (name) => fs.readFileSync(path.join(root, name), 'utf8');
const named = (text, pattern) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();

test('PROTOCOL.md tells of each element, attribute, choice and custom property, and of no other', () => {
  const told = /^## Elements$(.*?)^## /ms.exec(read('proto/PROTOCOL.md'))[1];
  const modules = fs.readdirSync(path.join(root, 'collector/web')).filter((name) => /^headcount-.*\.js$/.test(name));
  const code = modules.map((name) => read(`collector/web/${name}`)).join('\n');
  const rowOf = (name) => new RegExp(`^\\| \`<headcount-${name}>\` .*$`, 'm').exec(told)[0];
  const keysOf = (table) => named(new RegExp(`^const ${table} = \\{$(.*?)^\\};$`, 'ms').exec(code)[1], /^ {2}(\w+):/gm);

  assert.deepEqual(named(told, /^\| `<(headcount-[a-z]+)>`/gm), named(code, /define\('(headcount-[a-z]+)'/g));
  const inside = ['status', 'class', 'd', 'aria-label'];
  const attributes = named(code, /getAttribute\('([a-z-]+)'\)/g).filter((name) => !inside.includes(name));
  const common = named(/^All have the attributes (.*?); the property/ms.exec(told)[1], /`(\w+)`/g);
  const theirs = [...told.matchAll(/^\| `<headcount-.*?\|.*?\|(.*)\|$/gm)].flatMap(([, cell]) => cell.split(';')); // each begins with its name
  const own = theirs.map((words) => /^ `(\w+)`/.exec(words)?.[1]).filter(Boolean);
  assert.deepEqual([...new Set([...common, ...own])].sort(), attributes);
  assert.deepEqual(named(rowOf('counter').split('|')[3].replace('of `minutes`', ''), /`(\w+)`/g), ['show', ...keysOf('SHOWS')].sort());
  assert.deepEqual(named(rowOf('list').split('|')[3], /`(\w+)`/g), ['kind', 'max', ...keysOf('KINDS')].sort());
  const page = read('collector/web/dashboard.css'); // sizes are the page's own affair
  const inner = named(page, /(--hc-[a-z]+)/g).filter((name) => !told.includes(name));
  assert.deepEqual(named(told, /`(--hc-[a-z]+)`/g), named(code, /var\((--hc-[a-z]+)/g).filter((name) => !inner.includes(name)));
});
