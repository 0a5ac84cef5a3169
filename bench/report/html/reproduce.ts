// The command that measures one row again: what the run was asked for, narrowed to the row's case.

import { DEFAULT_SEED } from '../../contract/case.ts';
import type { RunArguments } from '../../contract/run-arguments.ts';
import { isSuitePath } from '../../contract/suite.ts';
import { commitLine } from '../../contract/typed-lines.ts';
import type { ResultRow } from '../../results/columns.ts';

/** The arguments are those of the run's manifest; without them a run is taken for one of the command's defaults. */
export function commandOfRow(row: ResultRow, asked: RunArguments | undefined): string {
  const { suite, technique, backend, case_id } = row;
  return commandOf(row, [
    ['preset', asked?.preset],
    ['suite', asked?.suite.some(isSuitePath) ? asked.suite.join(',') : suite],
    ['technique', asked !== undefined && asked.technique.length > 0 ? technique : undefined],
    ['backend', backend],
    // A pattern is held against the whole id: other ids may go on where this one ends.
    ['filter', case_id && `*${case_id}`],
    ...(asked === undefined ? [] : flagsOf(asked)),
  ]);
}

/** Of all rows together. */
export function commandOfRun(row: ResultRow, asked: RunArguments): string {
  const { preset, suite, technique, backend, filter, shard } = asked;
  return commandOf(row, [
    ['preset', preset],
    ['suite', suite.join(',')],
    ['technique', technique.join(',')],
    ['backend', backend.join(',')],
    ...filter.map((pattern): Flag => ['filter', pattern]),
    ['shard', shard],
    ...flagsOf(asked),
  ]);
}

/** A flag of `tare run` and what it is given; it is left out where that is nothing, and stands alone where it is true. */
type Flag = readonly [name: string, value: string | number | boolean | undefined];

function commandOf({ git_commit }: ResultRow, flags: readonly Flag[]): string {
  const words = flags.flatMap(([flag, value]) => {
    if (value === undefined || value === false || value === '') return [];
    return value === true ? `--${flag}` : `--${flag} ${quoted(String(value))}`;
  });
  return commitLine(git_commit && quoted(git_commit.slice(0, 12)), `run ${words.join(' ')}`);
}

function flagsOf(asked: RunArguments): Flag[] {
  return [
    ...Object.entries(asked.axes ?? {}).map(([axis, values]): Flag => ['axis', `${axis}=${values.join(',')}`]),
    ['weights', asked.weights],
    ['m', asked.m?.join(',')],
    ...(asked.shape ?? []).map(({ M, N, K }): Flag => ['shape', `${M},${N},${K}`]),
    ['model', asked.model],
    ['text', asked.text],
    ['calibration', asked.calibration],
    ['layers', asked.layers?.join(',')],
    ['scale', asked.scale],
    ['context', asked.context],
    ['plan', asked.plan],
    ['kernels', asked.kernels.join(',')],
    ['seed', asked.seed === DEFAULT_SEED ? undefined : asked.seed],
    ['passes', asked.passes],
    ['rounds', asked.rounds],
    ['min-time', asked.minTimeS],
    ['threads', asked.threads],
    ['timeout', asked.timeout],
    ['browser', asked.browser.path],
    ['headed', asked.browser.headed],
    ['in-process', asked.inProcess],
  ];
}

const PLAIN = /^[\w./:=,+-]+$/;

/** For a POSIX shell: whatever a case is called, it stays one word. */
function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
