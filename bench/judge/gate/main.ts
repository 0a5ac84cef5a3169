// `npm run bench:gate`: do `tare ab`, `tare compare` and `tare track` hold what they promise? ab is tried on this very
// machine, some 80 minutes in full, a few with --quick; interrupted, it goes on where it stopped, as long as the commit is
// the same, and its table shows all that this commit was put to so far. The others judge runs that were recorded.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { chooseNames } from '../../cases/select.ts';
import { programArguments } from '../../commands/program-arguments.ts';
import { COUNT, once, onceNumber } from '../../commands/selection-flags.ts';
import { resultsFolder } from '../../commands/users-folder.ts';
import { InputError } from '../../contract/input-error.ts';
import { moduleFile } from '../../contract/module-file.ts';
import { ensureUseLiteCache } from '../../inputs/use-lite/use-lite-cache-build.ts';
import { describeMachine } from '../../run/environment.ts';
import { gitState } from '../../run/git-state.ts';
import { INTERRUPTED, stoppable } from '../../run/stop-signals.ts';
import { bumpTable, changePointTable, tryBumps, tryChangePoints } from './change-points.ts';
import { judgeRealNights } from './real-nights.ts';
import { describeHistory, falseVerdicts, figuresOf, formatBackends, formatFigures, missedGoals } from './real-table.ts';
import { recordHistory } from './record-history.ts';
import { type RecordedHistory, readRecordedHistories, readRecordedHistory } from './recorded-history.ts';
import { appendRecord, readRecords, recordOf } from './records.ts';
import { findBrokenPromises, formatTable } from './table.ts';
import { type Part, parts, runTrial, trialsOf } from './trials.ts';

enableCompileCache();

/** Of synthetic histories, so of no machine; kept nowhere. */
const CHANGE_POINTS = 'change-points';
const QUICK_HISTORIES = 50;
/** Of runs that were recorded, by the machine they were recorded on. */
const REAL = 'real';

const known: readonly string[] = [...parts, REAL, CHANGE_POINTS];
const values = await programArguments(
  'bench:gate',
  '$0\n\nPuts tare ab, compare and track to what they promise: ab here, the others on runs that were recorded.',
  (yargs) =>
    yargs
      .option('part', {
        type: 'string',
        array: true,
        requiresArg: true,
        default: known,
        defaultDescription: 'all',
        coerce: (names: readonly string[]) =>
          chooseNames(
            'part',
            names.flatMap((name) => name.split(',')),
            known,
          ),
        describe: known.join(', '),
      })
      .option('quick', { type: 'boolean', default: false, describe: 'a few minutes instead of 80' })
      .option('out', {
        type: 'string',
        requiresArg: true,
        coerce: once('out'),
        defaultDescription: "gate.jsonl or gate-quick.jsonl in tare's own results/",
        describe: 'file of what was tried so far, which an interrupted gate goes on from',
      })
      .option('fresh', { type: 'boolean', default: false, describe: 'forget what was tried so far' })
      .option('record', {
        type: 'string',
        requiresArg: true,
        coerce: once('record'),
        describe: `with --part ${REAL}: judge the history in this folder, and first make the runs that it lacks: quick ones in a row, four of ten beside a load that comes and goes`,
      })
      .option('runs', {
        requiresArg: true,
        coerce: onceNumber('runs', COUNT),
        default: 10,
        describe: 'with --record: runs of the history',
      })
      .check(({ part, record }) => {
        if (record === undefined || (part.length === 1 && part[0] === REAL)) return true;
        throw new InputError(`--record: must go with --part ${REAL}, got ${part.join(',')}`);
      })
      .example('$0 --quick', 'a first look')
      .example(`$0 --part ${REAL}`, "judge the histories in tare's own results/histories/")
      .example(`$0 --part ${REAL} --record results/histories/desk`, 'record one of this machine, in half an hour'),
);
const chosen = values.part;
const path = values.out ?? join(resultsFolder(), values.quick ? 'gate-quick.jsonl' : 'gate.jsonl');
if (values.fresh) rmSync(path, { force: true });
const commit = gitState()?.commit ?? 'unknown';
const recordsSoFar = () => readRecords(path).filter((record) => record.commit === commit);
try {
  await runAll();
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`bench:gate: ${error.message}\n`);
  process.exitCode = 2;
}

async function runAll(): Promise<void> {
  // First, since a history that can't be read is better known now than in an hour.
  if (chosen.includes(REAL) && (await runReal())) return;
  const trialParts = parts.filter((part) => chosen.includes(part));
  if (trialParts.length > 0) ensureUseLiteCache();
  const isInterrupted = await stoppable(async (signal) => {
    for (const part of trialParts) await runPart(part, signal);
    return signal.aborted;
  });
  if (trialParts.length > 0) report();
  if (isInterrupted) process.exitCode = INTERRUPTED;
  else if (chosen.includes(CHANGE_POINTS)) {
    const histories = values.quick ? QUICK_HISTORIES : undefined;
    process.stdout.write(`\n${changePointTable(tryChangePoints(histories))}\n\n${bumpTable(tryBumps(histories))}\n`);
  }
}

/** Whether it was interrupted. */
async function runReal(): Promise<boolean> {
  const { record } = values;
  if (record !== undefined && (await recordReal(record))) {
    process.stderr.write(`${REAL}: interrupted; the same command goes on with the runs that are missing\n`);
    process.exitCode = INTERRUPTED;
    return true;
  }
  const parent = join(resultsFolder(), 'histories');
  const histories = record === undefined ? readRecordedHistories(parent) : [readRecordedHistory(record)];
  if (histories.length === 0)
    missed(`${REAL}: there must be a history in ${parent}, got none; --part ${REAL} --record makes one`);
  for (const history of histories) reportReal(history);
  return false;
}

/** Whether it was interrupted. */
function recordReal(folder: string): Promise<boolean> {
  return stoppable(async (signal) => {
    await recordHistory(folder, values.runs, signal, (line) => process.stderr.write(`${REAL}: ${line}\n`));
    return signal.aborted;
  });
}

function reportReal(history: RecordedHistory): void {
  process.stderr.write(`${REAL}: judging ${history.name}, half a minute\n`);
  const nights = judgeRealNights(history.runs);
  const figures = figuresOf(nights);
  process.stdout.write(`${describeHistory(history)}\n\n${formatFigures(figures)}\n\n${formatBackends(nights)}\n\n`);
  for (const line of falseVerdicts(nights)) process.stdout.write(`${line}\n`);
  for (const goal of missedGoals(figures)) missed(`${REAL}, ${history.name}: ${goal}`);
}

function missed(goal: string): void {
  process.stdout.write(`NOT HELD: ${goal}\n`);
  process.exitCode = 1;
}

async function runPart(part: Part, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const neighbour = part.endsWith('-load')
    ? spawn(process.execPath, [moduleFile('./busy-core.ts', import.meta.filename)])
    : undefined;
  try {
    for (const trial of trialsOf(part, values.quick)) {
      if (signal.aborted) return;
      const isDone = recordsSoFar().some(
        (done) => done.part === part && done.name === trial.name && done.number === trial.number,
      );
      if (isDone) continue;
      const start = performance.now();
      const outcomes = await runTrial(trial, values.quick, signal);
      if (outcomes === undefined) return;
      const seconds = Math.round(performance.now() - start) / 1000;
      const record = recordOf(trial, outcomes, { commit, seconds });
      appendRecord(path, record);
      const flagged = record.cases.filter((entry) => entry.flagged !== undefined).length;
      process.stderr.write(
        `${part}: ${trial.name} #${trial.number}: ${flagged} of ${record.cases.length} flagged, ${seconds.toFixed(0)} s\n`,
      );
    }
  } finally {
    neighbour?.kill('SIGKILL');
  }
}

function report(): void {
  const records = recordsSoFar();
  const { cpu_model, cpu_count, os, node_version, v8_version } = describeMachine();
  process.stdout.write(`${formatTable(records)}\n\n`);
  process.stdout.write(
    `${cpu_count} cores of ${cpu_model}, ${os}, Node ${node_version}, V8 ${v8_version}, commit ${commit.slice(0, 10)}\n`,
  );
  for (const broken of findBrokenPromises(records)) missed(broken);
}
