// What the benches of servers share: a free port, a core of one's own, the kernel's account.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';

export const median = (v) => v.slice().sort((a, b) => a - b)[Math.floor(v.length / 2)];

export function freePort() {
  return new Promise((resolve) => {
    const s = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

export function pin(pid, core) {
  execFileSync('taskset', ['-apc', String(core), String(pid)], { stdio: 'ignore' });
}

/** CPU nanoseconds of all threads of all pids. */
export function cpuOf(pids) {
  let sum = 0;
  for (const pid of pids)
    for (const task of fs.readdirSync(`/proc/${pid}/task`))
      sum += Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  return sum;
}
