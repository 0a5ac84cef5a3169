import { existsSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lockNight } from './night-lock.ts';

const newPath = () => join(mkdtempSync(join(tmpdir(), 'tare-night-lock-')), 'nightly.lock');
const beat = { everyMs: 30, goneAfterMs: 300 };
const options = (where: string) => ({ where, beat, signal: new AbortController().signal, say: () => {} });

test('a lock from another container is held while its holder touches it, and stepped over once nobody does', async () => {
  const path = newPath();
  const mine = await lockNight(path, options('one'));
  expect((await lockNight(path, options('other'))).holder).toMatchObject({ where: 'one' });
  // Its holder is gone: the file stays, and no timer touches it.
  const left = readFileSync(path);
  mine.release?.();
  writeFileSync(path, left);
  const other = await lockNight(path, options('other'));
  expect(other.holder).toBeUndefined();
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ where: 'other' });
  other.release?.();
  expect(existsSync(path)).toBe(false);
});

test('in one place a live process holds it, and one that is gone does not, without any waiting', async () => {
  const path = newPath();
  const mine = await lockNight(path, options('here'));
  expect((await lockNight(path, options('here'))).holder).toMatchObject({ pid: process.pid });
  const content = JSON.parse(readFileSync(path, 'utf8'));
  mine.release?.();
  writeFileSync(path, JSON.stringify({ ...content, start: 'boot another tick 1' }));
  const said: string[] = [];
  const again = await lockNight(path, { ...options('here'), say: (what) => said.push(what) });
  expect([again.holder, said]).toEqual([undefined, []]);
  again.release?.();
});

test('a lock that another takes while one watches stays with it', async () => {
  const path = newPath();
  const mine = await lockNight(path, options('one'));
  const left = readFileSync(path);
  mine.release?.();
  writeFileSync(path, left);
  utimesSync(path, 1, 1);
  const taking = Promise.all([
    lockNight(path, options('two')),
    setTimeout(20).then(() => lockNight(path, options('three'))),
  ]);
  const got = await taking;
  expect(got.filter(({ release }) => release !== undefined)).toHaveLength(1);
  for (const { release } of got) release?.();
});
