import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { chooseNames, unknownName } from '../cases/select.ts';
import { InputError } from '../contract/input-error.ts';
import { moduleFile } from '../contract/module-file.ts';
import { type QueryFormat, queryFormats } from '../report/query-result.ts';
import { definition, textWidth } from '../report/text-table.ts';
import { namedQueries } from '../results/named-queries.ts';
import type { QueryAnswer, QueryRequest } from './query-process.ts';
import { once as given, onceNumber } from './selection-flags.ts';
import { historyFolder, resultsFolder } from './users-folder.ts';

const flags = {
  named: {
    type: 'string',
    requiresArg: true,
    coerce: given('named'),
    describe: 'a query that tare brings along, in place of SQL; --list tells them',
  },
  list: { type: 'boolean', default: false, describe: 'the named queries' },
  format: {
    type: 'string',
    requiresArg: true,
    default: 'table' as QueryFormat,
    coerce: (name: string | readonly string[]) =>
      chooseNames('format', [given('format')(name)], queryFormats)[0] as QueryFormat,
    describe: queryFormats.join(', '),
  },
  timeout: {
    requiresArg: true,
    default: 60,
    coerce: onceNumber('timeout', { must: 'must be a number of seconds above 0', isRight: (s) => s > 0 && s < 1e6 }),
    describe: 'seconds after which the query is given up',
  },
  memory: {
    requiresArg: true,
    default: 2048,
    coerce: onceNumber('memory', {
      must: 'must be at least 64 MiB',
      isRight: (mb) => Number.isInteger(mb) && mb >= 64,
    }),
    describe: 'MiB it may take',
  },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { sql?: string; paths?: string[] }>;

export const queryCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'query [sql] [paths..]',
  describe:
    'ask runs in SQL: the views rows, samples, runs, latest and events over CSVs, archives and what lies beside them',
  builder: (yargs) =>
    yargs
      .positional('sql', { type: 'string', describe: 'one SELECT or EXPLAIN; with --named, the first of the paths' })
      .positional('paths', {
        type: 'string',
        array: true,
        defaultDescription: "tare's own results/ and its history",
        describe: 'folders, files or quoted patterns: CSV, Parquet, .samples.jsonl, .run.json, events.jsonl',
      })
      .options(flags)
      .example('$0 query "SELECT backend, max(speedup) FROM latest GROUP BY backend"', "over tare's own results")
      .example('$0 query --named slowest-regressions history/', 'a query that tare brings along')
      .example(`$0 query "SELECT * FROM rows" 'runs/**/*.csv' --format csv`, 'many files as one'),
  handler: query,
};

async function query({ sql: first, paths: more = [], named, list, format, timeout, memory }: Flags): Promise<void> {
  if (list) return printQueries();
  const sql = named === undefined ? first : sqlOf(named);
  if (sql === undefined) throw new InputError('query: must be SQL or --named, got none; --list tells the named ones');
  const paths = [...(named === undefined || first === undefined ? [] : [first]), ...more];
  const scratch = mkdtempSync(join(tmpdir(), 'tare-query-'));
  try {
    await askChild(
      { sql, paths: paths.length > 0 ? paths : ownFolders(), format, width: textWidth(), memoryMb: memory, scratch },
      timeout,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function ownFolders(): string[] {
  return [resultsFolder(), historyFolder()].filter((folder) => existsSync(folder));
}

function printQueries(): void {
  const queries = namedQueries();
  const width = Math.max(...queries.map(({ name }) => name.length));
  const lines = queries.map(({ name, description }) => definition(name, [description], width, textWidth()));
  process.stdout.write(`${lines.join('\n')}\n`);
}

function sqlOf(named: string): string {
  const queries = namedQueries();
  const found = queries.find(({ name }) => name === named);
  if (found === undefined)
    throw unknownName(
      '--named',
      named,
      queries.map(({ name }) => name),
    );
  return found.sql;
}

/** Throws InputError on what the child refuses, and where it has to be killed. */
async function askChild(request: QueryRequest, timeoutS: number): Promise<void> {
  const child = fork(moduleFile('./query-process.ts', import.meta.filename), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let answer: QueryAnswer | undefined;
  child.on('message', (message: QueryAnswer) => {
    answer = message;
  });
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, timeoutS * 1000);
  child.send(request);
  // Node may tell of the exit before it has read the last message; all is read once it is closed.
  const [code, signal] = await once(child, 'close');
  clearTimeout(limit);
  if (isLate) throw new InputError(`query: must end within ${timeoutS} s, got no end; --timeout gives it more`);
  if (answer === undefined) throw new Error(`query: must answer, got an end by ${signal ?? code}`);
  if ('refusal' in answer) throw new InputError(answer.refusal);
  if ('bug' in answer) throw new Error(answer.bug);
}
