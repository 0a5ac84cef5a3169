import { expect, test } from 'vitest';
import { expandCases } from '../cases/case.ts';
import { KERNELS_DIR, loadSuites, loadTechniques } from '../cases/registry.ts';
import { createProgress } from './progress.ts';

const [entry] = expandCases({
  suites: await loadSuites(),
  techniques: await loadTechniques([KERNELS_DIR]),
  backends: ['ts'],
  defaultBackends: ['ts'],
  preset: 'smoke',
  seed: 0,
});
const done = {
  case: entry,
  number: 1,
  total: 2,
  pass: 1,
  passes: 1,
  row: { status: 'ok', speedup: 1.234, drift_ok: true },
};

function written(isTTY: boolean, columns: number, failed = false): string {
  let text = '';
  const progress = createProgress({ isTTY, columns, write: (part) => (text += part) });
  progress.onCase({ ...done, row: undefined });
  progress.onCase(failed ? { ...done, row: { status: 'error', reason: 'it broke' } } : done);
  progress.end();
  return text;
}

test('elsewhere than on a terminal every case is one plain line', () => {
  expect(written(false, 80)).toBe(`[1/2] ok 1.23x ${entry.id}\n`);
});

test('on a terminal one line is written over, never wider than it, and cleared in the end', () => {
  const text = written(true, 40);
  const lines = text.split('\r\x1b[K');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(40);
  expect(lines[2]).toMatch(/^\[1\/2\] 00:00 left {2}/);
  expect(text.endsWith('\r\x1b[K')).toBe(true);
  expect(text).not.toContain('\n');
});

test('a failure stays on the terminal', () => {
  expect(written(true, 200, true)).toMatch(/error .*: it broke.*\n/);
});
