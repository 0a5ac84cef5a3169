import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { lockRun } from './run-lock.ts';

const file = () => join(mkdtempSync(join(tmpdir(), 'tare-lock-')), 'run.lock');

test('a run that a live process works on is refused', () => {
  const path = file();
  const unlock = lockRun(path);
  expect(() => lockRun(path)).toThrow(
    `--resume: a run must be at rest, got one that process ${process.pid} is working on`,
  );
  unlock();
  expect(existsSync(path)).toBe(false);
});

test('the lock of a process that was killed is taken over', () => {
  const path = file();
  // Above the largest process id that Linux gives.
  writeFileSync(path, '4194305');
  lockRun(path)();
});
