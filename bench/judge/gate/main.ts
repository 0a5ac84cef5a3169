// `npm run bench:gate`: do `tare ab` and `tare track` hold what they promise on this very machine? Some 80 minutes in full,
// a few with --quick; interrupted, it goes on where it stopped, as long as the commit is the same. --part chooses; the
// table shows all that this commit was put to so far.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { chooseNames } from '../../cases/select.ts';
import { programArguments } from '../../commands/program-arguments.ts';
import { once } from '../../commands/selection-flags.ts';
import { resultsFolder } from '../../commands/users-folder.ts';
import { ensureUseLiteCache } from '../../inputs/use-lite/use-lite-cache-build.ts';
import { describeMachine } from '../../run/environment.ts';
import { gitState } from '../../run/git-state.ts';
import { INTERRUPTED, stoppable } from '../../run/stop-signals.ts';
import { changePointTable, tryChangePoints } from './change-points.ts';
import { appendRecord, readRecords, recordOf } from './records.ts';
import { findBrokenPromises, formatTable } from './table.ts';
import { type Part, parts, runTrial, trialsOf } from './trials.ts';

enableCompileCache();

/** Of synthetic histories, so of no machine; kept nowhere. */
const CHANGE_POINTS = 'change-points';
const QUICK_HISTORIES = 50;

const known: readonly string[] = [...parts, CHANGE_POINTS];
const values = await programArguments(
  'bench:gate',
  '$0\n\nPuts tare ab and tare track to what they promise, here.',
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
      .option('fresh', { type: 'boolean', default: false, describe: 'forget what was tried so far' }),
);
const chosen = values.part;
const path = values.out ?? join(resultsFolder(), values.quick ? 'gate-quick.jsonl' : 'gate.jsonl');
if (values.fresh) rmSync(path, { force: true });
const commit = gitState()?.commit ?? 'unknown';
const recordsSoFar = () => readRecords(path).filter((record) => record.commit === commit);
ensureUseLiteCache();
const isInterrupted = await stoppable(async (signal) => {
  for (const part of parts) if (chosen.includes(part)) await runPart(part, signal);
  return signal.aborted;
});
report();
if (isInterrupted) process.exitCode = INTERRUPTED;
else if (chosen.includes(CHANGE_POINTS)) {
  const trials = tryChangePoints(values.quick ? QUICK_HISTORIES : undefined);
  process.stdout.write(`\n${changePointTable(trials)}\n`);
}

async function runPart(part: Part, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const neighbour = part.endsWith('-load')
    ? spawn(process.execPath, [join(import.meta.dirname, 'busy-core.ts')])
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
  for (const broken of findBrokenPromises(records)) {
    process.stdout.write(`NOT HELD: ${broken}\n`);
    process.exitCode = 1;
  }
}
