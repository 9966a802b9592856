// Instructions in user space for each kind of work, under callgrind, beside the figures of the
// same compiler in instructions.txt. They repeat to a thousandth, whatever else the machine does.
//
//   node tests/bench/instructions.mjs [--write]
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { built, root } from './lib/row.mjs';

const checked = path.join(root, 'tests/bench/instructions.txt');

/** What is counted by itself: name of the piece, of what the figure is, and the functions in it
 * that are told one by one. */
const programs = {
  instructions: {
    pixel: ['a pixel', ['http_parse_with', 'route_find', 'beacons_sender', 'beacon_from_query', 'beacon_hit', 'admission_judge', 'uplink_add', 'exchange_canned', 'sender_ack', 'sender_tick']],
    post: ['an event of a POST /e of 50', ['batch_open', 'batch_get', 'beacon_hit', 'admission_judge', 'uplink_add']],
    sse: ['a delivery by SSE', ['conn_write', 'conn_enter']],
    ws: ['a delivery by WebSocket', ['conn_write', 'conn_enter']],
  },
  instructions_fold: {
    fold: ['an event folded', ['wire_open', 'body_next', 'receiver_take', 'fold_hits', 'receiver_acks']],
    commit: ['a site commit built', ['commit_begin', 'commit_next', 'commit_end']],
  },
};

const firstLine = (program, ...args) => execFileSync(program, args, { encoding: 'utf8' }).split('\n')[0];

/** What the figures depend on besides the code. */
const compiler = () => `${firstLine(process.env.CC ?? 'cc', '--version')}, glibc ${firstLine('getconf', 'GNU_LIBC_VERSION').split(' ')[1]}`;

/** Instructions of each function of one of callgrind's files, those of what it called included. */
function inclusive(file) {
  const text = execFileSync('callgrind_annotate', ['--inclusive=yes', '--threshold=100', '--auto=no', file], { encoding: 'utf8', maxBuffer: 1 << 26 });
  const of = {};
  for (const [, n, name] of text.matchAll(/^ *([\d,]+) +\([ \d.]+%\) +\S*?:([\w.]+)/gm)) of[name] = Math.max(of[name] ?? 0, Number(n.replaceAll(',', '')));
  return of;
}

/** [name, what, figure] of all pieces of a program and their parts. */
function measure(program, pieces, dir) {
  const out = path.join(dir, program);
  // Without the environment, whose size would move the stack.
  const printed = execFileSync('valgrind', ['-q', '--tool=callgrind', '--toggle-collect=measured_*', `--callgrind-out-file=${out}`,
    ...Object.keys(pieces).map((name) => `--dump-after=measured_${name}`), built(program)], { encoding: 'utf8', env: { PATH: process.env.PATH } });
  const made = Object.fromEntries(printed.trim().split('\n').map((line) => line.split(' ')));
  return fs.readdirSync(dir).filter((f) => f.startsWith(`${program}.`)).flatMap((f) => {
    const file = path.join(dir, f);
    const text = fs.readFileSync(file, 'utf8');
    const name = /^desc: Trigger: --dump-after=measured_(\w+)/m.exec(text)[1];
    const total = Number(/^(?:totals|summary): (\d+)/m.exec(text)[1]);
    const [what, parts] = pieces[name];
    const of = inclusive(file);
    return [[name, what, total], ...parts.filter((p) => of[p]).map((p) => [`${name}.${p}`, `  ${p}`, of[p]])]
      .map(([key, label, n]) => [key, label, n / made[name]]);
  });
}

function readChecked() {
  if (!fs.existsSync(checked)) return [null, {}];
  const [first, ...lines] = fs.readFileSync(checked, 'utf8').trim().split('\n');
  return [first, Object.fromEntries(lines.map((line) => line.split(' ')))];
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'instructions-'));
try {
  const figures = Object.entries(programs).flatMap(([program, pieces]) => measure(program, pieces, dir));
  const [by, before] = readChecked();
  const isSame = by === compiler();
  console.log(compiler());
  if (!isSame) console.log(`the figures of ${checked} are of another compiler: ${by}`);
  for (const [key, label, n] of figures) {
    const was = Number(before[key]);
    const beside = isSame && was ? `${was.toFixed(0).padStart(8)} ${(100 * (n / was - 1)).toFixed(1).padStart(7)} %` : '';
    console.log(`${label.padEnd(32)} ${n.toFixed(0).padStart(8)} ${beside}`.trimEnd());
  }
  if (process.argv.includes('--write'))
    fs.writeFileSync(checked, `${compiler()}\n${figures.map(([key, , n]) => `${key} ${n.toFixed(1)}\n`).join('')}`);
} finally {
  fs.rmSync(dir, { recursive: true });
}
