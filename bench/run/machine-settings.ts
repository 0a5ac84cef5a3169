// Settings of a Linux machine that make its speed change from minute to minute or from process to process, and the commands that
// hold it steady. Another system, and most virtual machines, show none of them.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tareLine } from '../contract/typed-lines.ts';

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** What disturbs measuring, and the command that changes it. */
  readonly advice?: string;
}

const NOT_SHOWN = 'not shown (virtual machine or another system)';
const CPU = 'sys/devices/system/cpu';

/** `root` is where the system's files lie: / but in tests. */
export function machineSettings(cpuCount: number, root = '/'): Setting[] {
  const read = (path: string) => readOrNone(join(root, path));
  return [governor(root, read), turbo(read), threadsOfCores(read), addresses(read), cores(cpuCount, read)];
}

type Read = (path: string) => string | undefined;

function governor(root: string, read: Read): Setting {
  const policies = foldersIn(join(root, CPU, 'cpufreq')).filter((name) => name.startsWith('policy'));
  const found = [...new Set(policies.flatMap((name) => read(`${CPU}/cpufreq/${name}/scaling_governor`) ?? []))];
  if (found.length === 0) return { name: 'governor', value: NOT_SHOWN };
  const isSteady = found.every((name) => name === 'performance');
  const advice = isSteady ? undefined : 'the clock follows the load: sudo cpupower frequency-set -g performance';
  return { name: 'governor', value: found.toSorted().join(' and '), advice };
}

/** Intel's driver says whether turbo is off, all others whether boost is on. */
const TURBO_SWITCHES = [
  { path: `${CPU}/intel_pstate/no_turbo`, on: '0', off: '1' },
  { path: `${CPU}/cpufreq/boost`, on: '1', off: '0' },
] as const;

function turbo(read: Read): Setting {
  const there = TURBO_SWITCHES.find(({ path }) => read(path) !== undefined);
  if (there === undefined) return { name: 'turbo', value: NOT_SHOWN };
  if (read(there.path) !== there.on) return { name: 'turbo', value: 'off' };
  const advice = `the clock depends on heat and on what other cores do: echo ${there.off} | sudo tee /${there.path}`;
  return { name: 'turbo', value: 'on', advice };
}

function threadsOfCores(read: Read): Setting {
  const active = read(`${CPU}/smt/active`);
  if (active === undefined) return { name: 'SMT', value: NOT_SHOWN };
  if (active !== '1') return { name: 'SMT', value: 'off' };
  const advice = `two threads share a core, and slow each other unequally: echo off | sudo tee /${CPU}/smt/control`;
  return { name: 'SMT', value: 'on', advice };
}

function addresses(read: Read): Setting {
  const level = read('proc/sys/kernel/randomize_va_space');
  if (level === undefined) return { name: 'ASLR', value: NOT_SHOWN };
  if (level === '0') return { name: 'ASLR', value: 'off' };
  const advice = `code and data lie elsewhere in each process, which several passes even out; all alike: setarch -R ${tareLine('nightly')}`;
  return { name: 'ASLR', value: 'on', advice };
}

/** Fewer have none to spare. */
const CORES_TO_SHARE = 4;

function cores(cpuCount: number, read: Read): Setting {
  const isolated = read(`${CPU}/isolated`);
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read('proc/self/status') ?? '')?.[1];
  const online = read(`${CPU}/online`);
  if (allowed === undefined || online === undefined) return { name: 'cores', value: NOT_SHOWN };
  const value = `tare may run on ${allowed} of ${online}${isolated ? `; ${isolated} are kept from others` : ''}`;
  const isShared = !isolated && allowed === online && cpuCount >= CORES_TO_SHARE;
  if (!isShared) return { name: 'cores', value };
  const [others, own] = ['0-1', `2-${cpuCount - 1}`];
  const slices = ['system.slice', 'user.slice', 'init.scope'];
  const commands = slices.map((slice) => `sudo systemctl set-property --runtime ${slice} AllowedCPUs=${others}`);
  return {
    name: 'cores',
    value,
    advice: `other programs run on the same ones: ${commands.join(' && ')}; and in tare's own service Slice=tare.slice, AllowedCPUs=${own}`,
  };
}

function foldersIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readOrNone(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
