import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { machineSettings } from './machine-settings.ts';

/** The settings of a machine whose system shows these files. */
function settings(files: Readonly<Record<string, string>>, cpuCount = 8) {
  const root = mkdtempSync(join(tmpdir(), 'tare-settings-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), `${text}\n`);
  }
  return Object.fromEntries(
    machineSettings(cpuCount, root).map(({ name, value, advice }) => [name, { value, advice }]),
  );
}

const cpu = 'sys/devices/system/cpu';
const usual = {
  [`${cpu}/cpufreq/policy0/scaling_governor`]: 'performance',
  [`${cpu}/cpufreq/policy1/scaling_governor`]: 'schedutil',
  [`${cpu}/cpufreq/boost`]: '1',
  [`${cpu}/smt/active`]: '1',
  [`${cpu}/isolated`]: '',
  [`${cpu}/online`]: '0-7',
  'proc/sys/kernel/randomize_va_space': '2',
  'proc/self/status': 'Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\nvoluntary:\t1',
};

test('a machine as it comes is told what to change, with the commands', () => {
  const found = settings(usual);
  expect(found.governor).toEqual({
    value: 'performance and schedutil',
    advice: 'the clock follows the load: sudo cpupower frequency-set -g performance',
  });
  expect(found.turbo.advice).toMatch(/: echo 0 \| sudo tee \/sys\/devices\/system\/cpu\/cpufreq\/boost$/);
  expect(found.SMT.advice).toMatch(/: echo off \| sudo tee \/sys\/devices\/system\/cpu\/smt\/control$/);
  expect(found.ASLR.advice).toMatch(/: setarch -R npm run tare -- nightly$/);
  expect(found.cores.advice).toMatch(/system\.slice AllowedCPUs=0-1 .* AllowedCPUs=2-7$/);
});

test('Intel says whether turbo is off', () => {
  const intel = `${cpu}/intel_pstate/no_turbo`;
  expect(settings({ [intel]: '0' }).turbo).toMatchObject({
    value: 'on',
    advice: expect.stringContaining(`echo 1 | sudo tee /${intel}`),
  });
  expect(settings({ [intel]: '1' }).turbo).toEqual({ value: 'off', advice: undefined });
});

test('a machine that is set up is left in peace, and so is one that shows nothing or has no core to spare', () => {
  const quiet = settings({
    ...usual,
    [`${cpu}/cpufreq/policy1/scaling_governor`]: 'performance',
    [`${cpu}/cpufreq/boost`]: '0',
    [`${cpu}/smt/active`]: '0',
    [`${cpu}/isolated`]: '2-7',
    'proc/sys/kernel/randomize_va_space': '0',
  });
  const some = (all: ReturnType<typeof settings>) => Object.values(all).flatMap(({ advice }) => advice ?? []);
  expect(some(quiet)).toEqual([]);
  expect(quiet.cores.value).toBe('tare may run on 0-7 of 0-7; 2-7 are kept from others');
  expect(some(settings({}))).toEqual([]);
  expect(settings(usual, 2).cores.advice).toBeUndefined();
  expect(settings({ ...usual, 'proc/self/status': 'Cpus_allowed_list:\t2-7' }).cores.advice).toBeUndefined();
});
