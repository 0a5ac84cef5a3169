// Every command of README.md and docs/ does something here: it runs on small files; or it is parsed with the flags it really has,
// and the cases it selects are selected, where running it would take minutes; or it stands in a list with the reason why not.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { argumentsOf } from '../api/run-choices.ts';
import { GUIDE_TECHNIQUE, guideSuite, guideTechnique } from '../cases/guide-technique.ts';
import { PROJECT } from '../cases/registry.ts';
import { selectCases } from '../cases/select.ts';
import { tareHere } from '../fixtures/command-line.ts';
import { type DocumentedCommand, documentedCommands } from '../fixtures/documented-commands.ts';
import { rowOf, samplesOf, writeRun } from '../fixtures/run-files.ts';
import { writeF16Safetensors } from '../inputs/safetensors-write.ts';
import { namedQueries } from '../results/named-queries.ts';
import { boundsOf } from './bound-flags.ts';
import { commands, parseAndRun } from './command-line.ts';
import { fleetActions } from './fleet.ts';
import { layerTechnique } from './layer-technique.ts';
import { modelChoiceOf } from './model-flags.ts';
import { selectionOf } from './selection-flags.ts';

/** Commands of tare that end within a moment, and what is added so that they do, or so that they leave tare's own files alone. */
const RUN: Readonly<Record<string, readonly string[]>> = {
  show: [],
  compare: [],
  track: [],
  merge: [],
  export: [],
  new: [],
  setup: [],
  help: [],
  completion: [],
  event: ['--history', 'history'],
};

/** What can't be run whole, and why. Its flags and names are checked. */
const PARSED: Readonly<Record<string, string>> = {
  run: 'measures for minutes',
  nightly: 'measures for minutes or hours',
  serve: 'waits for a browser until it is stopped',
  fleet: 'takes a server; its own test starts some',
  ab: 'checks out commits and measures for minutes',
  sensitivity: 'scores every layer of a model for minutes',
  recommend: 'weighs models for minutes',
  doctor: 'starts every driver and a browser, as other tests do',
  list: 'without techniques, suites or cases it starts every driver and a browser, as other tests do',
  roofline: 'without a file it measures the machine',
  query: 'takes DuckDB, 70 MB that are installed apart; its own test asks where it is there',
  archive: 'takes DuckDB too, but for --dry-run; its own test archives where it is there',
  report: 'draws PNGs in a browser, as its own test does',
};
/** What of these is run all the same. */
const RUN_ALL_THE_SAME =
  /^(list (techniques|suites|cases)|archive .*--dry-run|roofline .*\.csv|query --list|report (?!.*--format png))/;

/** Scripts of package.json and programs that are not run, and why. They exist; programs with flags are given theirs. */
const NOT_RUN: Readonly<Record<string, string>> = {
  test: 'is what runs this',
  check: 'takes a minute of types and lint, beside the tests in CI',
  mutants: 'takes hours and the network',
  oracles: 'takes the network',
  'peers:install': 'takes the network, 500 MB',
  'llama-cpp:install': 'takes the network, 50 MB',
  'duckdb:install': 'takes the network, 70 MB',
  'queue:install': 'takes the network, 17 MB',
  'fleet:trial': 'starts servers and kills workers for minutes; its own test does so for seconds',
  'headlessgl:install': 'takes the network and a compiler',
  'build:wasm': 'is what npm ci does first',
  'build:package': 'compiles for half a minute',
  'package:try': 'takes the network and minutes',
  contract: 'is run by the test of tare new',
  'bench/judge/gate/main.ts': 'measures for hours, or judges for half a minute',
  'bench/judge/gate/change-points.ts': 'simulates for minutes',
  'bench/models/training/main.ts': 'trains for hours',
  'bench/models/training/datastore-text.ts': 'takes the training texts, from the network',
  'bench/beside-llama-cpp.ts': 'takes llama.cpp and minutes',
  'bench/drift-table.ts': 'takes minutes',
  'bench/gpu-pairs.ts': 'measures for minutes',
  'bench/random-model.ts': 'has a test of its own',
  'bench/report/html/opening-time.fixture.ts': 'times a browser for minutes',
};
/** Of these, programs without flags. */
const WITHOUT_FLAGS = ['bench/judge/gate/change-points.ts', 'bench/report/html/opening-time.fixture.ts'];

const MAIN = 'bench/main.ts';
/** npm's own, which need no check. */
const NPM = ['npm ci', 'npm run -s'];

interface Called {
  readonly command: DocumentedCommand;
  /** A program in the project, or the name of a script that starts another. */
  readonly program: string;
  readonly args: readonly string[];
}

const { scripts } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
const distinct = new Map(documentedCommands().map((command) => [command.line, command]));
const called = [...distinct.values()].filter(({ line }) => !NPM.includes(line)).map(calledBy);
const ofTare = called.filter(({ program }) => program === MAIN);
const others = called.filter(({ program }) => program !== MAIN);

/** `npm run x -- a` starts what package.json says, with a behind it. */
function calledBy(command: DocumentedCommand): Called {
  const { words, file, line } = command;
  if (words[0] === 'tare') return { command, program: MAIN, args: words.slice(1) };
  if (words[0] === 'node') return { command, program: words[1], args: words.slice(2) };
  const name = words[1] === 'test' ? 'test' : words[words.indexOf('run') + (words.includes('-s') ? 2 : 1)];
  const script: string | undefined = scripts[name];
  if (words[0] !== 'npm' || script === undefined)
    throw new Error(`${file}: must be a command that is known here, got ${line}`);
  const [node, program, ...own] = script.split(' ');
  const given = words.includes('--') ? words.slice(words.indexOf('--') + 1) : [];
  return node === 'node' && !(name in NOT_RUN)
    ? { command, program, args: [...own, ...given] }
    : { command, program: name, args: given };
}

const roofline = {
  peaks: { 128: { f32_gflops: 60, int8_gops: 120 } },
  bandwidth: [{ bytes: 2 ** 24, gbytes_per_s: 20 }],
  cache_bytes: { L1: 2 ** 15, L2: 2 ** 20, L3: 2 ** 25 },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-documented-'));
  const rows = ['dense', 'int4', 'csr'].map((technique) =>
    rowOf(technique, technique === 'dense' ? { speedup: 1 } : {}),
  );
  const onThreads = rowOf('int4', { case_id: 's:int4:wasm-mt:M=1,N=2,K=3' });
  const naive = rowOf('naive-matmul', { case_id: 's:naive-matmul:ts:M=1,N=2,K=3' });
  const samples = rows.map(({ technique = '' }) => samplesOf(technique, 2));
  for (const id of ['results/r1', 'base', 'head'])
    writeRun(folder, id, [...rows, naive], { samples, manifest: { roofline } });
  for (const [i, night] of ['night1', 'night2', 'r1'].entries())
    writeRun(
      join(folder, 'history'),
      night,
      [...rows, onThreads].map((row) => ({ ...row, started_at: `2026-01-0${i + 1}T02:00:00.000Z` })),
    );
  copyFileSync(join(PROJECT, 'results', 'baseline.csv'), join(folder, 'results', 'baseline.csv'));
  const moby = join(PROJECT, 'bench', 'models', 'moby');
  for (const name of ['SmolLM2-135M', 'small']) symlinkSync(moby, join(folder, name));
  copyFileSync(join(moby, 'model.safetensors'), join(folder, 'model.safetensors'));
  for (const name of ['my.txt', 'other.txt']) writeFileSync(join(folder, name), 'Call me Ishmael. '.repeat(100));
  writeAdapters(join(folder, 'lora'));
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ model: 'SmolLM2-135M', layers: {} }));
  mkdirSync(join(folder, 'my-kernels', GUIDE_TECHNIQUE), { recursive: true });
  // The test runner finds modules by itself and knows no tare.
  const contract = join(PROJECT, 'bench', 'contract');
  mkdirSync(join(folder, 'my-suites'));
  writeFileSync(join(folder, 'my-suites', 'my-shapes.ts'), guideSuite().replace("'tare'", `'${contract}/suite.ts'`));
  for (const [name, text] of guideTechnique(GUIDE_TECHNIQUE)) {
    const named = text.replace("'tare'", `'${contract}/technique.ts'`).replace(/'tare\/(.*)'/, `'${contract}/$1.ts'`);
    writeFileSync(join(folder, 'my-kernels', GUIDE_TECHNIQUE, name), named);
  }
});

/** Beside one matrix of moby. */
function writeAdapters(lora: string): void {
  mkdirSync(lora);
  writeFileSync(join(lora, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 2 }));
  const zeros = (...shape: number[]) => ({ shape, values: new Float32Array(shape[0] * shape[1]) });
  const layer = 'base_model.model.model.layers.0.self_attn.q_proj';
  const factors = { [`${layer}.lora_A.weight`]: zeros(2, 256), [`${layer}.lora_B.weight`]: zeros(256, 2) };
  writeF16Safetensors(join(lora, 'adapter_model.safetensors'), factors);
}

/** A small model that says of itself that it goes as far as the guide's. */
function writeSmallGguf(path: string): void {
  const file = readFileSync(join(PROJECT, 'bench', 'inputs', 'model-files', 'small-llama.gguf'));
  const key = 'llama.context_length';
  // A key is followed by the type of its value, in four bytes.
  file.writeUInt32LE(8192, file.indexOf(key) + key.length + 4);
  writeFileSync(path, file);
}

const withNames = (args: readonly string[]) => args.map((word) => word.replaceAll('<run>', 'r1'));

describe('commands of tare', () => {
  const whole = ofTare.filter(({ command }) => command.isWhole);
  const [name, isRun] = [
    ({ args }: Called) => args[0],
    (one: Called) => name(one) in RUN || RUN_ALL_THE_SAME.test(one.args.join(' ')),
  ];

  test('are all run or parsed', () => {
    const known = new Set([...Object.keys(RUN), ...Object.keys(PARSED)]);
    expect(whole.filter((one) => !known.has(name(one))).map(({ command }) => command.line)).toEqual([]);
  });

  test.each(whole.filter(isRun).map((one) => [one.args.join(' '), one] as const))('tare %s', async (_, one) => {
    const where = name(one) === 'new' ? mkdtempSync(join(folder, 'new-')) : folder;
    const { status, stderr } = await tareHere(where, [...withNames(one.args), ...(RUN[name(one)] ?? [])]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringMatching(/^tare: /m) });
  });

  test.each(whole.filter((one) => !isRun(one)).map((one) => [one.args.join(' '), one] as const))(
    'tare %s selects something',
    async (_, one) => {
      writeSmallGguf(join(folder, 'small.gguf'));
      await expectToBeMeant(withNames(one.args));
    },
  );

  test.each(ofTare.filter(({ command }) => !command.isWhole).map(({ command, args }) => [command.line, args] as const))(
    '%s, of a sentence, names what there is',
    async (_, args) => {
      const words = [args[0], ...args.filter((word) => word.startsWith('--'))];
      expect(commands.map(({ command }) => String(command).split(' ')[0])).toContain(args[0]);
      const error: Error | undefined = await parseOnly([...words, '--planted']).catch((thrown) => thrown);
      expect(error?.message).toMatch(
        /^(--planted: must be a flag|--\w+: must have a value|\w+: must read tare |command: must be one of )/,
      );
    },
  );
});

type Argv = Parameters<typeof selectionOf>[0] &
  Parameters<typeof modelChoiceOf>[0] &
  Parameters<typeof boundsOf>[0] & { named?: string };

/** The line's flags as the command would be given them. Throws InputError on what is wrong with them. */
async function parseOnly(words: readonly string[]): Promise<Argv> {
  let given: Argv | undefined;
  const handler = (argv: Argv) => {
    given = argv;
  };
  // Its actions are commands of their own.
  const [known, own] = words[0] === 'fleet' ? [fleetActions, words.slice(1)] : [commands, words];
  await parseAndRun(
    [...own],
    known.map((command) => ({ ...command, handler })),
  );
  if (given === undefined) throw new Error(`${words.join(' ')}: must be a command, got none`);
  return given;
}

/** Suites, techniques, backends, axes, filters, files and models are those there are. */
async function expectToBeMeant(words: readonly string[]): Promise<void> {
  const before = process.cwd();
  process.chdir(folder);
  try {
    const argv = await parseOnly(words);
    if (words[0] === 'run')
      expect((await selectCases(argumentsOf({ ...selectionOf(argv), ...modelChoiceOf(argv) }))).cases).not.toEqual([]);
    if (words[0] === 'sensitivity') await layerTechnique(String(argv.technique), argv.axis);
    if (words[0] === 'query' && argv.named) expect(namedQueries().map((query) => query.name)).toContain(argv.named);
    if (words[0] === 'recommend') expect(boundsOf(argv)).toBeDefined();
  } finally {
    process.chdir(before);
  }
}

describe('programs beside tare', () => {
  test('are there, and those that are not run have a reason', () => {
    for (const { program, command } of others) {
      if (program.includes('/')) expect(existsSync(join(PROJECT, program)), command.line).toBe(true);
      if (program !== 'bench/record-costs.ts') expect([...Object.keys(NOT_RUN)], command.line).toContain(program);
    }
  });

  test('know the flags they are shown with', () => {
    const withFlags = others.filter(
      ({ program }) => program.includes('/') && program in NOT_RUN && !WITHOUT_FLAGS.includes(program),
    );
    const asked = withFlags.map(({ program, args }) => [join(PROJECT, program), args]);
    const child = join(PROJECT, 'bench', 'fixtures', 'parse-programs.ts');
    const { stdout, stderr } = spawnSync(process.execPath, [child, JSON.stringify(asked)], { encoding: 'utf8' });
    expect(stderr).toBe('');
    const said: string[] = JSON.parse(stdout);
    expect(said.map((text, i) => [withFlags[i].command.line, text])).toEqual(
      withFlags.map(({ command }) => [
        command.line,
        expect.stringMatching(/^\S+: arguments: must be known, got planted; see --help\n/),
      ]),
    );
  });

  test('node bench/record-costs.ts results/<run>.csv', () => {
    const program = join(PROJECT, 'bench', 'record-costs.ts');
    const { status, stdout } = spawnSync(process.execPath, [program, join(PROJECT, 'results', 'baseline.csv')], {
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^case_id,took_s\n/) });
  });
});
