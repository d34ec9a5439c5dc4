import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * When a process began, as a text that differs for every process that ever has the number: on Linux the boot's id and
 * clock ticks since boot, elsewhere what `ps` says. Empty if there is no such process or it cannot be told.
 */
export function processStart(pid: number): string {
  if (process.platform === 'linux') {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      // The second field is the command in brackets and may hold anything; the 22nd is the start.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // A zombie is dead, though its number is still taken.
      if (fields[0] === 'Z' || fields[0] === 'X') return '';
      return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${fields[19] ?? ''}`;
    } catch {
      return '';
    }
  }
  if (process.platform === 'win32') return '';
  const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return (stdout ?? '').trim();
}
