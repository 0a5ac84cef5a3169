import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { describeHolder, liveHolder, startOf, takeLock, withLock } from './lock.ts';
import { lockRun } from './run-lock.ts';

const CHILD = join(import.meta.dirname, '..', 'fixtures', 'lock-child.ts');

const file = () => join(mkdtempSync(join(tmpdir(), 'tare-lock-')), 'run.lock');
const start = (...args: string[]) => spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
const says = async (child: ChildProcess) => String((await once(child.stdout ?? child, 'data'))[0]).trim();
const leftBeside = (path: string) => readdirSync(dirname(path));

/** A lock of this very process with something else about it. */
function forge(path: string, changes: object): void {
  const lock = takeLock(path);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...changes }));
  expect(lock.holder).toBeUndefined();
}

test('a lock is refused with its holder while that lives, and taken over once it was killed', async () => {
  const path = file();
  const child = start(path);
  expect(await says(child)).toBe('got');
  expect([takeLock(path).holder, liveHolder(path)]).toMatchObject([{ pid: child.pid }, { pid: child.pid }]);
  expect(() => lockRun(path)).toThrow(
    new RegExp(
      `^--resume: a run must be at rest, got one that process ${child.pid} \\(since [\\d-]+ [\\d:]+ UTC\\) is working on$`,
    ),
  );
  child.kill('SIGKILL');
  await once(child, 'close');
  expect(liveHolder(path)).toBeUndefined();
  lockRun(path)();
  expect(leftBeside(path)).toEqual([]);
});

test('a process that was killed but never waited for is gone', async () => {
  const path = file();
  // The shell becomes a sleep that never asks after the child it inherits.
  const parent = spawn('sh', ['-c', `"$1" "$2" "$3" & exec sleep 60`, 'sh', process.execPath, CHILD, path]);
  expect(await says(parent)).toBe('got');
  const { pid } = takeLock(path).holder ?? { pid: 0 };
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => startOf(pid)).toBeUndefined();
  expect(takeLock(path).holder).toBeUndefined();
  parent.kill('SIGKILL');
});

const [boot, tick] = [/^boot \S+/, /tick \d+$/];
test.each([
  [
    'names a process of the same id that started at another time',
    { start: startOf(process.pid)?.replace(tick, 'tick 1') },
  ],
  ['was taken before the machine was started again', { start: startOf(process.pid)?.replace(boot, 'boot another') }],
  // Above the largest process id that Linux gives.
  ['names no process', { pid: 4_194_305 }],
])('a lock that %s is stepped over', (_, changes) => {
  const path = file();
  forge(path, changes);
  expect(takeLock(path).holder).toBeUndefined();
  expect(takeLock(path).holder).toMatchObject({ pid: process.pid });
});

test.each([
  ['1, which a killed container leaves', '1'],
  ['the id of a live process and nothing else', `${process.ppid}`],
  ['nothing', ''],
  ['half a lock', '{"pid":1,"sta'],
  ['no lock', '{"pid":"one"}\n'],
  ['bytes', '\u0000\uffff'],
])('a lock that holds %s is stepped over', (_, content) => {
  const path = file();
  writeFileSync(path, content);
  lockRun(path)();
  expect(leftBeside(path)).toEqual([]);
});

test('who died while stepping over a lock holds nobody up', () => {
  const path = file();
  for (const stale of [path, `${path}.stale`, `${path}.stale.stale`]) writeFileSync(stale, '1');
  lockRun(path)();
  expect(leftBeside(path)).toEqual([]);
});

test('only its holder releases a lock', () => {
  const path = file();
  const mine = takeLock(path);
  writeFileSync(path, readFileSync(path, 'utf8').replace(/"token":"[^"]+"/, '"token":"of another"'));
  mine.release?.();
  expect(existsSync(path)).toBe(true);
});

test('of 20 processes that find a stale lock at once, exactly one gets it', async () => {
  const path = file();
  const rounds = Array.from({ length: 60 }, (_, round) => round);
  for (const round of rounds) writeFileSync(`${path}.${round}`, '1');
  const startMs = Date.now() + 4000;
  const children = Array.from({ length: 20 }, () => start(path, `${rounds.length}`, `${startMs}`));
  const got = await Promise.all(children.map(async (child) => JSON.parse(await says(child)) as number[]));
  for (const child of children) child.kill('SIGKILL');
  expect(got.flat().sort((a, b) => a - b)).toEqual(rounds);
});

test('who is waited for is said once, and an abort ends the waiting', async () => {
  const path = file();
  const { release, holder } = takeLock(path);
  expect(holder).toBeUndefined();
  const said: string[] = [];
  const stop = new AbortController();
  const waiting = withLock(path, { signal: stop.signal, say: (text) => said.push(text) }, async () => 'done');
  setTimeout(() => stop.abort(), 500);
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  expect(said).toEqual([
    expect.stringMatching(new RegExp(`^waiting for process ${process.pid} \\(since .* UTC\\), which holds `)),
  ]);
  release?.();
  const again = withLock(path, { signal: new AbortController().signal, say: () => {} }, async () => existsSync(path));
  expect(await again).toBe(true);
  expect(existsSync(path)).toBe(false);
});

test('times are said to the second', () => {
  const holder = { pid: 7, start: '', since: '2031-05-04T03:02:01.123Z', token: '' };
  expect(describeHolder(holder)).toBe('process 7 (since 2031-05-04 03:02:01 UTC)');
});
