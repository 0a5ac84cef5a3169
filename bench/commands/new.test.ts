import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { PROJECT } from '../cases/registry.ts';
import { tareHere } from '../fixtures/command-line.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-new-'));
});
afterAll(() => {
  const compiled = join(PROJECT, '.wasm');
  for (const file of readdirSync(compiled)) if (/^(my-thing|twice)-/.test(file)) rmSync(join(compiled, file));
});

test('a new technique passes the contract as it is, and one that computes something else does not', async () => {
  for (const name of ['my-thing', 'twice']) {
    const { status, stdout } = await tareHere(folder, ['new', 'technique', name, '--out', 'mine']);
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(`^mine/${name}: technique.ts, pack.ts, ts.ts, wasm.ts, wasm.as.ts\n`),
    });
  }
  const kernel = join(folder, 'mine', 'twice', 'ts.ts');
  const text = readFileSync(kernel, 'utf8');
  writeFileSync(kernel, text.replace('Y[m * N + n] = sum', 'Y[m * N + n] = 2 * sum'));
  const program = join(PROJECT, 'kernels', 'contract-own.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'mine'], { cwd: folder, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
  expect(stdout.match(/^\S+: \d+ of \d+ trials hold$/gm)).toEqual([
    expect.stringMatching(/^ts: 1\d of 24 /),
    'wasm: 24 of 24 trials hold',
    'wasm-mt: 12 of 12 trials hold',
  ]);
  expect(stdout).toMatch(/^ {2}twice nearest odd: output\[0\]: must be /m);
  expect(stdout).not.toMatch(/^ {2}my-thing /m);
});

test.each([
  ['a name that tare has', ['technique', 'int8'], /^tare: name: must be one that no technique has, got int8/],
  ['a name that is no name', ['technique', '../x'], /^tare: name: must be letters, digits, - and _, got \.\.\/x\n$/],
  ['a suite that tare has', ['suite', 'smoke'], /^tare: name: must be one that no suite has, got smoke/],
  ['something else', ['backend', 'mine'], /^tare: what: must be one of tare's, got backend; nearest: /],
])('%s is refused', async (_, words, message) => {
  const { status, stdout, stderr } = await tareHere(folder, ['new', ...words]);
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  expect(readdirSync(folder)).toEqual([]);
});

test('what is there is left as it is', async () => {
  writeFileSync(join(folder, 'my-thing'), 'mine\n');
  const { status, stderr } = await tareHere(folder, ['new', 'technique', 'my-thing']);
  expect({ status, stderr }).toEqual({ status: 2, stderr: 'tare: name: must not be there yet, got my-thing\n' });
  expect(readFileSync(join(folder, 'my-thing'), 'utf8')).toBe('mine\n');
});
