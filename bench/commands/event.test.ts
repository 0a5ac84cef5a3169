import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tareHere } from '../fixtures/command-line.ts';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import { readEvents } from '../results/events.ts';

const newFolder = () => mkdtempSync(join(tmpdir(), 'tare-event-'));

const tare = (...args: string[]) => tareHere('.', ['event', ...args]);

test('what is said of a history is written into it and listed; a slip of the hand is not', async () => {
  const folder = newFolder();
  writeRun(folder, '2031-01-01T02-00-00-0001', [rowOf('dense'), rowOf('int4')]);
  const history = ['--history', folder];
  expect(await tare('silence', 'int44', '--until', '2131-01-01', '--why', 'x', ...history)).toMatchObject({
    status: 2,
    stderr: 'tare: cases: must match one of the 2 case ids in 2031-01-01T02-00-00-0001.csv, got int44\n',
  });
  expect(await tare('accept', 'int4', '--commit', 'fedcba9876', '--why', 'wider', ...history)).toMatchObject({
    status: 0,
    stdout: `accept int4 from commit fedcba98: wider\n${join(folder, 'events.jsonl')}\n`,
  });
  expect(readEvents(folder).events).toMatchObject([{ kind: 'accept', commit: 'fedcba9876', cases: 'int4' }]);
  const csv = join(folder, '2031-01-01T02-00-00-0001.csv');
  for (const words of [
    ['compare', csv, csv],
    ['track', folder],
  ])
    expect((await tareHere(folder, words)).stdout.replaceAll(/\s+/g, ' ')).toContain(
      'accept int4 from commit fedcba98: wider; git knows no such commit before the one checked out',
    );
  expect((await tare('list', ...history)).stdout).toMatch(
    /^\d{4}-\d\d-\d\d {2}accept int4 from commit fedcba98: wider\n$/,
  );
});
