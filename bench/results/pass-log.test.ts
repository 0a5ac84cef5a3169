import { appendFileSync, existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { PassLog, type PassRecord } from './pass-log.ts';

let path: string;
beforeEach(() => {
  path = join(mkdtempSync(join(tmpdir(), 'tare-passes-')), 'run.passes.jsonl');
});

const record = (case_id: string, pass: number, git_commit = 'c1'): PassRecord => ({
  case_id,
  pass,
  started_at: '2031-01-01T00:00:00.000Z',
  took_s: 1.5,
  git_commit,
  result: {
    status: 'ok',
    samples: { candidate: { rounds: [[1.5, 2]], dropped: 1 }, baseline: { rounds: [[3]], dropped: 0 } },
  },
});
const opened = (commit = 'c1') => new PassLog(path, ({ git_commit }) => git_commit === commit);

test('passes are there again when the run goes on, figures that are infinite as missing ones', () => {
  const log = opened();
  log.begin('a', 1);
  log.add({ ...record('a', 1), result: { ...record('a', 1).result, kernelNmse: Number.POSITIVE_INFINITY } });
  log.begin('a', 2);
  log.add(record('a', 2));
  log.close({ isFinished: false });
  const again = opened();
  expect(again.of('a').map(({ pass }) => pass)).toEqual([1, 2]);
  expect(again.of('a')[1]).toMatchObject(record('a', 2));
  expect(again.of('a')[0].result.kernelNmse).toBeUndefined();
  expect(again.of('b')).toEqual([]);
});

test('a line that a kill cut short is passed over, and the next one is whole', () => {
  opened().add(record('a', 1));
  appendFileSync(path, '{"state":"done","case_id":"b","pa');
  opened().add(record('a', 2));
  expect(
    opened()
      .of('a')
      .map(({ pass }) => pass),
  ).toEqual([1, 2]);
});

test('a case that was under way when the run ended is known, unless it was stopped or finished since', () => {
  opened().begin('a', 1);
  expect(opened().deaths('a')).toBe(1);
  const log = opened();
  log.begin('a', 1);
  log.stop('a', 1);
  expect(opened().deaths('a')).toBe(1);
  opened().begin('a', 1);
  expect(opened().deaths('a')).toBe(2);
  opened().add(record('a', 1));
  expect(opened().deaths('a')).toBe(0);
});

test('what another commit measured does not count', () => {
  opened().add(record('a', 1));
  expect(opened('c2').of('a')).toEqual([]);
});

test('it is gone with the end of the run', () => {
  opened().close({ isFinished: true });
  expect(existsSync(path)).toBe(false);
});
