// The modules that pages load, for Node: it takes a file for a module only where a package.json
// says so, which collector/web has no use for.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const WEB = fileURLToPath(new URL('../../collector/web/', import.meta.url));

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'headcount-web-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));
fs.writeFileSync(path.join(dir, 'package.json'), '{"type":"module"}');
for (const name of fs.readdirSync(WEB))
  if (/^headcount-.*\.js$/.test(name)) fs.copyFileSync(path.join(WEB, name), path.join(dir, name));

/** One of them, by its name. */
export const load = (name) => import(pathToFileURL(path.join(dir, name)));
