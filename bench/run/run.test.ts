import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { beforeEach, describe, expect, test } from 'vitest';
import { tareHere } from '../fixtures/command-line.ts';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import type { ResultRow } from '../results/columns.ts';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
const FAULTS = join(import.meta.dirname, '..', 'fixtures', 'kernels');

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'tare-run-'));
});

const tare = (...args: string[]) => tareHere(out, args);

const quiet = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
const smoke = () => ['run', '--preset', 'smoke', '--backend', 'ts', '--out', out];
const runIn = (folder: string) =>
  readdirSync(folder)
    .find((name) => name.endsWith('.csv'))
    ?.slice(0, -4) ?? '';
/** How steady the machine was is no matter of these tests: a noisy row was measured like an ok one. */
const stateOf = ({ status, reason }: Record<string, string>) => (status === 'noisy' ? ['ok', ''] : [status, reason]);
const rowsOf = (run: string) => parse<Record<string, string>>(readFileSync(join(out, `${run}.csv`)), { columns: true });

describe('a kernel that goes wrong becomes its row and the run goes on', () => {
  const faults: [technique: string, status: string, reason: RegExp][] = [
    ['throws', 'error', /planted: must not be caught/],
    ['aborts', 'error', /died of SIGABRT/],
    ['exits', 'error', /exited with code 0 before it had a result/],
    ['leaves-memory', 'oom', /out of memory/],
    ['zeros', 'incorrect', /output\[\d+\]: must be/],
    ['stale', 'incorrect', /with fresh activations, output/],
    ['drifts', 'ok', /^$/],
  ];

  // Only what hangs is to reach its limit, however busy the machine is.
  test.each([
    ['hangs', 3, [['hangs', 'timeout', /took longer than 3 s/]]],
    ['all others', 60, faults],
  ] as const)('%s', { timeout: 120_000 }, async (_, timeoutS, expected) => {
    // A small heap is full before much of the machine's memory is.
    const env = { NODE_OPTIONS: '--max-old-space-size=128' };
    const techniques = [...expected.map(([technique]) => technique), 'int4'].join(',');
    const args = ['--kernels', FAULTS, '--technique', techniques, '--timeout', String(timeoutS)];
    const { status: exit, stderr } = await tareHere(out, [...smoke(), ...args], env);
    const states = rowsOf(runIn(out)).map((row) => [row.technique, ...stateOf(row), row.drift_ok]);
    expect(states.toSorted()).toEqual(
      [
        ...expected.map(([technique, status, reason]) => [
          technique,
          status,
          expect.stringMatching(reason),
          technique === 'drifts' ? 'false' : '',
        ]),
        ['int4', 'ok', '', 'true'],
      ].toSorted(),
    );
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(exit).toBe(1);
  });
});

test('a clean run exits with 0 and leaves rows, samples and manifest that agree', async () => {
  const { status, stdout, stderr } = await tare(...smoke(), '--technique', 'dense,csr', '--json');
  expect({ status, stderr }).toMatchObject({ status: 0 });
  const printed: { run_id: string; rows: ResultRow[] } = JSON.parse(stdout);
  const rows = rowsOf(printed.run_id);
  expect(rows.map((row) => row.case_id)).toEqual(printed.rows.map((row) => row.case_id));
  expect(rows).toHaveLength(2);
  const samples = readFileSync(join(out, `${printed.run_id}.samples.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  expect(samples.map((line) => JSON.parse(line).case_id)).toEqual(rows.map((row) => row.case_id));
  const manifest = JSON.parse(readFileSync(join(out, `${printed.run_id}.run.json`), 'utf8'));
  expect(manifest.state).toBe('finished');
  expect(manifest.case_ids.toSorted()).toEqual(rows.map((row) => row.case_id).toSorted());
  for (const row of rows) {
    expect(Number(row.p20_ns)).toBeGreaterThan(0);
    expect(Number(row.stored_bytes)).toBe(Number(row.value_bytes) + Number(row.index_bytes) + Number(row.scale_bytes));
    expect(row.drift_ok).toBe('true');
    expect(row.adapter_type).toBe('none');
  }
});

test('a run with a time budget says what it has room for, and leaves the rest out by rows that fail nothing', async () => {
  const history = join(out, 'history');
  const known = { case_id: 'smoke:csr:ts:M=4,N=512,K=256,weights=use-lite/layer0.out,sparsity=0.9', took_s: 1000 };
  writeRun(history, '2026-01-01T02-00-00-0001', [rowOf('dense'), rowOf('csr', known)]);
  const few = ['--suite', 'smoke', '--technique', 'dense,csr'];
  const { status, stdout, stderr } = await tare(...smoke(), ...few, '--budget', '5m', '--history', history);
  expect(status).toBe(0);
  expect(stderr).toMatch(
    /^tare: 2 cases, some 17 min by recorded costs of 1 of them; the budget's 5 min have room for 1 /m,
  );
  expect(stdout).toMatch(/^2 cases: 1 \w+, 1 over budget$/m);
  expect(rowsOf(runIn(out)).map((row) => [row.technique, ...stateOf(row)])).toEqual([
    ['dense', 'ok', ''],
    ['csr', 'skipped', 'budget'],
  ]);
});

test('the row of a kernel with several code paths says which one ran', async () => {
  const { stdout } = await tare(
    'run',
    '--preset',
    'smoke',
    '--backend',
    'wasm',
    '--technique',
    'int8',
    '--out',
    out,
    '--json',
  );
  const printed: { rows: ResultRow[] } = JSON.parse(stdout);
  expect(printed.rows.map((row) => row.variant)).toEqual([expect.stringMatching(/^(relaxed-dot-i8|exact-dot-i16)$/)]);
});

/** Starts a run, and when its first row is written sends the signal. */
async function interruptedRun(signal: NodeJS.Signals): Promise<{ run: string; code: number | null }> {
  const child = spawn(process.execPath, [MAIN, ...smoke(), '--suite', 'smoke'], { stdio: 'ignore', env: quiet });
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const hasRow = () => existsSync(out) && runIn(out) !== '' && rowsOf(runIn(out)).length > 0;
  while (!hasRow()) await setTimeout(20);
  child.kill(signal);
  return { code: await closed, run: runIn(out) };
}

describe.each(['SIGINT', 'SIGKILL'] as const)('a run that %s ends', (signal) => {
  test('is valid as it is and is finished by --resume, every case once', async () => {
    const { run, code } = await interruptedRun(signal);
    expect(code).toBe(signal === 'SIGINT' ? 130 : null);
    const before = rowsOf(run).map((row) => row.case_id);
    const { case_ids } = JSON.parse(readFileSync(join(out, `${run}.run.json`), 'utf8'));
    expect(before.length).toBeLessThan(case_ids.length);

    const { status } = await tare('run', '--resume', run, '--out', out);
    expect(status).toBe(0);
    const ids = rowsOf(run).map((row) => row.case_id);
    expect(ids.toSorted()).toEqual(case_ids.toSorted());
    const samples = readFileSync(join(out, `${run}.samples.jsonl`), 'utf8')
      .trimEnd()
      .split('\n');
    expect(samples.map((line) => JSON.parse(line).case_id)).toEqual(ids);
    expect(existsSync(join(out, `${run}.passes.jsonl`))).toBe(false);
  });
});

test('what a kernel or a technique says against the rules becomes its own row, and no other', async () => {
  const rules: Record<string, RegExp> = {
    'sends-null': /^the process sent a message of its own, which is no result$/,
    'sends-result': /^the process sent a message of its own, which is no result$/,
    'odd-variant': /^the process sent what is no result: .*expected string/,
    'columns-throws': /^planted: no columns$/,
    'columns-odd': /^bits: must be a number, got string$/,
  };
  const techniques = [...Object.keys(rules), 'int4'].join(',');
  const { status } = await tare(...smoke(), '--kernels', FAULTS, '--technique', techniques);
  expect(status).toBe(1);
  const rows = rowsOf(runIn(out));
  expect(rows).toHaveLength(6);
  for (const [technique, reason] of Object.entries(rules)) {
    const row = rows.find((candidate) => candidate.technique === technique);
    expect([technique, row?.status]).toEqual([technique, 'error']);
    expect(row?.reason).toMatch(reason);
    expect(row?.speedup).toBe('');
  }
  expect(stateOf(rows.find((row) => row.technique === 'int4')!)[0]).toBe('ok');
});

describe('a run of several passes', () => {
  const passes = ['--passes', '3', '--technique', 'dense,csr,int4', '--rounds', '18', '--min-time', '0.09'];

  test('that is killed in its second pass keeps the passes it has and measures those that are missing', async () => {
    const child = spawn(process.execPath, [MAIN, ...smoke(), ...passes], { stdio: 'ignore', env: quiet });
    const closed = new Promise((resolve) => child.on('close', resolve));
    const log = () => join(out, `${runIn(out)}.passes.jsonl`);
    const done = () => {
      if (!existsSync(log())) return [];
      const lines = readFileSync(log(), 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line)).filter(({ state }) => state === 'done');
    };
    while (!done().some(({ pass }) => pass === 2)) await setTimeout(20);
    child.kill('SIGKILL');
    await closed;
    const kept = done();
    const run = runIn(out);
    expect(rowsOf(run)).toEqual([]);

    const { status } = await tare('run', '--resume', run, '--out', out);
    expect(status).toBe(0);
    const rows = rowsOf(run);
    expect(rows.map(({ technique }) => technique).toSorted()).toEqual(['csr', 'dense', 'int4']);
    for (const row of rows) {
      // All three, or the two of them that had a free core.
      expect(['2', '3']).toContain(row.processes);
      expect(Number(row.speedup_sd_between)).toBeGreaterThan(0);
      expect(Number(row.rounds)).toBeGreaterThanOrEqual(10);
      expect(Number(row.speedup_ci95_low)).toBeLessThanOrEqual(Number(row.speedup));
      expect(Number(row.speedup_ci95_high)).toBeGreaterThanOrEqual(Number(row.speedup));
      const first = kept.find(({ case_id, pass }) => case_id === row.case_id && pass === 1);
      expect(row.started_at).toBe(first.started_at);
    }
    const samples = readFileSync(join(out, `${run}.samples.jsonl`), 'utf8')
      .trimEnd()
      .split('\n');
    const records = samples.map((line) => JSON.parse(line));
    for (const row of rows) {
      const passes = records.flatMap(({ case_id, pass }) => (case_id === row.case_id ? [pass] : []));
      expect(passes).toHaveLength(Number(row.processes));
      expect(passes).toEqual([1, 2, 3].filter((pass) => passes.includes(pass)));
    }
    for (const { case_id, pass, candidate_ns } of records) {
      const before = kept.find((candidate) => candidate.case_id === case_id && candidate.pass === pass);
      if (before !== undefined) expect(candidate_ns).toEqual(before.result.samples.candidate.rounds);
    }
    expect(existsSync(join(out, `${run}.passes.jsonl`))).toBe(false);
  });

  test('names a case that ended the run itself twice, and goes on to the others', async () => {
    await tare(...smoke(), '--technique', 'dense,csr');
    const run = runIn(out);
    const [header, , lost] = readFileSync(join(out, `${run}.csv`), 'utf8').split('\n');
    const [row] = parse<Record<string, string>>(`${header}\n${lost}`, { columns: true });
    writeFileSync(join(out, `${run}.csv`), `${header}\n`);
    const begun = JSON.stringify({ state: 'begun', case_id: row.case_id, pass: 1 });
    writeFileSync(join(out, `${run}.passes.jsonl`), `${begun}\n${begun}\n`);
    const { status } = await tare('run', '--resume', run, '--out', out);
    expect(status).toBe(1);
    const states = Object.fromEntries(rowsOf(run).map((each) => [each.case_id === row.case_id, stateOf(each)]));
    expect(states).toEqual({
      true: ['error', 'the run itself ended 2 times while it measured this case'],
      false: ['ok', ''],
    });
  });
});

describe('bad input is one line on stderr and exit code 2', () => {
  test.each([
    ['an unknown suite', ['run', '--suite', 'quantised'], /--suite: .* got quantised; nearest: quantized/],
    ['an unknown technique', ['run', '--technique', 'int5'], /--technique: .* nearest: int\d, int\d/],
    ['an unknown backend', ['run', '--backend', 'gpujs'], /--backend: .* got gpujs; nearest: gpujs-cpu/],
    [
      'an unknown preset',
      ['run', '--preset', 'fast'],
      /--preset: must be one of tare's, got fast; nearest: \w+, \w+, \w+/,
    ],
    ['an unknown command', ['rum'], /rum|run/],
    ['an unknown flag', ['run', '--sweet', 'x'], /sweet/],
    ['no command', [], /command: must be one of run, .*doctor/],
    [
      'a filter that matches nothing',
      ['run', '--filter', 'nothing'],
      /--filter: must match one of \d+ case ids, got nothing/,
    ],
    ['an empty name', ['run', '--backend', ''], /--backend: must be one of tare's, got an empty name/],
    ['a flag given twice', ['run', '--preset', 'quick', '--preset', 'smoke'], /--preset: must be given once/],
    [
      'cases chosen anew on resuming',
      ['run', '--resume', 'x', '--suite', 'dense'],
      /--resume: must stand without flags/,
    ],
    ['no passes', ['run', '--passes', '0'], /--processes: must be a count up to 1000, got 0/],
    ['half a round', ['run', '--rounds', '2.5'], /--rounds: must be a count up to 100000, got 2.5/],
    ['no time to measure', ['run', '--min-time', '-1'], /--min-time: must be above 0 s and at most 100000, got -1/],
    ['an axis on resuming', ['run', '--resume', 'x', '--axis', 'groupSize=64'], /--resume: must stand without flags/],
    ['a budget without a unit', ['run', '--budget', '30'], /--budget: must be a time as 90s, 30m or 2h, got 30/],
    ['another effort on resuming', ['run', '--resume', 'x', '--processes', '3'], /--resume: must stand without flags/],
    ['a fractional seed', ['run', '--seed', '1.5'], /--seed: must be a whole number, got 1.5/],
    ['no time', ['run', '--timeout', '0'], /--timeout: must be above 0 s and at most 2000000, got 0/],
    ['weights that are not there', ['run', '--weights', '/nonexistent.safetensors'], /nonexistent\.safetensors/],
    [
      'an unwritable place',
      ['run', '--preset', 'smoke', '--out', '/proc/nowhere'],
      /--out: must be a folder tare can write/,
    ],
    ['a run that never was', ['run', '--resume', 'never'], /--resume: must name a run, got none at/],
    [
      'a folder of techniques that is not there',
      ['run', '--kernels', '/nonexistent'],
      /--kernels: must hold <name>.technique.ts, got no folder/,
    ],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await tareHere(out, args);
    expect({ status, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ status: 2, stdout: '', lines: 1 });
    expect(stderr).toMatch(message);
  });

  test('a text that is another than when the run began', async () => {
    const moby = join(import.meta.dirname, '..', 'models', 'moby');
    const text = join(out, 'text.txt');
    writeFileSync(text, readFileSync(join(moby, 'held-out.txt')));
    const layer = [
      '--suite',
      'smoke',
      '--technique',
      'dense',
      '--model',
      moby,
      '--text',
      text,
      '--filter',
      'layers.0.self_attn.k_proj',
    ];
    const { run_id } = JSON.parse((await tare(...smoke(), ...layer, '--json')).stdout);
    writeFileSync(text, 'Call me Ahab.');
    const { status, stderr } = await tare('run', '--resume', run_id, '--out', out);
    expect(status).toBe(2);
    expect(stderr).toMatch(/--resume: .*model\.safetensors, .*text\.txt must be as it was when the run began, SHA-256/);
  });

  test('results of another schema version are not added to', async () => {
    const { run_id } = JSON.parse((await tare(...smoke(), '--technique', 'dense', '--json')).stdout);
    const csv = join(out, `${run_id}.csv`);
    const other = readFileSync(csv, 'utf8').replace(/\n1,/, '\n0,');
    writeFileSync(csv, other);
    const { status, stderr } = await tare('run', '--resume', csv);
    expect(status).toBe(2);
    expect(stderr).toMatch(/must be of schema version 1, got 0 in row 1/);
    expect(readFileSync(csv, 'utf8')).toBe(other);
  });
});

test('a full disk stops the run, keeps what is written and says so', () => {
  // A limit on the size of files is what a test can have without root; writes past it fail as on a full disk.
  const limit = 'trap "" XFSZ; ulimit -f 4; exec "$@"';
  const args = [MAIN, ...smoke(), '--suite', 'smoke', '--technique', 'dense,csr,int8,int4,sparse-2-4'];
  const { status, stderr } = spawnSync('/bin/sh', ['-c', limit, 'sh', process.execPath, ...args], {
    encoding: 'utf8',
    env: quiet,
    timeout: 100_000,
  });
  expect(stderr).toMatch(/must have room to grow, got EFBIG; all finished cases are kept/);
  expect(status).toBe(2);
  const rows = rowsOf(runIn(out));
  expect(rows.length).toBeLessThan(5);
  expect(rows.every((row) => stateOf(row)[0] === 'ok')).toBe(true);
});

test('a run whose manifest cannot be written leaves no files behind that nothing can read', () => {
  const limit = 'trap "" XFSZ; ulimit -f 1; exec "$@"';
  const { status, stderr } = spawnSync('/bin/sh', ['-c', limit, 'sh', process.execPath, MAIN, ...smoke()], {
    encoding: 'utf8',
    env: { ...quiet, NODE_COMPILE_CACHE: undefined },
    timeout: 100_000,
  });
  expect(stderr).toMatch(/^tare: --out: must have room to grow/m);
  expect(status).toBe(2);
  expect(readdirSync(out)).toEqual([]);
});

/** Writes tensors [rows, columns] of f32. */
function writeWeights(
  file: string,
  tensors: Readonly<Record<string, { shape: number[]; values: Float32Array }>>,
): void {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, { shape, values }]) => {
    const begin = end;
    end += values.byteLength;
    return [name, { dtype: 'F32', shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(
    file,
    Buffer.concat([length, header, ...Object.values(tensors).map(({ values }) => Buffer.from(values.buffer))]),
  );
}

const twelve = Float32Array.from({ length: 12 }, (_, i) => i - 5);

test("every 2-D tensor of the user's file is a problem, whatever its name's length, and one with NaN says so in its row", async () => {
  const file = join(out, 'tiny.safetensors');
  // Longer than an argument of a process may be on Linux.
  const long = 'x'.repeat(150_000);
  writeWeights(file, {
    good: { shape: [3, 4], values: twelve },
    bad: { shape: [4, 3], values: Float32Array.from(twelve).fill(Number.NaN, 7, 8) },
    [long]: { shape: [2, 6], values: twelve },
    vector: { shape: [2], values: new Float32Array(2) },
  });
  const { status } = await tare(...smoke(), '--technique', 'dense', '--weights', file);
  expect(status).toBe(1);
  expect(rowsOf(runIn(out)).map((row) => [row.weights, row.N, row.K, ...stateOf(row)])).toEqual([
    ['tiny/good', '3', '4', 'ok', ''],
    ['tiny/bad', '4', '3', 'error', 'weights: must be finite, got NaN at W[7]'],
    [`tiny/${long}`, '2', '6', 'ok', ''],
  ]);
});

test('a run whose weights changed since it began is not resumed', async () => {
  const file = join(out, 'tiny.safetensors');
  writeWeights(file, { w: { shape: [3, 4], values: twelve } });
  await tare(...smoke(), '--technique', 'dense', '--weights', file);
  const csv = join(out, `${runIn(out)}.csv`);
  const { weights_sha256 } = JSON.parse(readFileSync(csv.replace('.csv', '.run.json'), 'utf8'));
  writeWeights(file, { w: { shape: [3, 4], values: twelve.map((value) => 2 * value) } });
  const { status, stderr } = await tare('run', '--resume', csv);
  expect(status).toBe(2);
  expect(stderr).toMatch(
    new RegExp(`as it was when the run began, SHA-256 ${weights_sha256}, got [0-9a-f]{64}; start`),
  );
});
