import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { compareFiles } from '../api/compare-files.ts';
import { InputError } from '../contract/input-error.ts';
import type { RunArguments } from '../contract/run-arguments.ts';
import { caseId, machine, rowOf, runArguments, samplesOf, writeRun } from '../fixtures/run-files.ts';
import { columns, type ResultRow } from './columns.ts';
import { readRows } from './csv.ts';
import { readHistory } from './history.ts';
import type { Manifest } from './manifest.ts';
import { mergeShards, writeMergedRun } from './merge.ts';
import { findManifest, readSamples } from './results-file.ts';

const techniques = ['dense', 'csr', 'int4', 'int8', 'nf4'];
const all_case_ids = techniques.map(caseId);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tare-merge-'));
});

interface ShardParts {
  readonly figures?: ResultRow;
  readonly cpu?: string;
  readonly planned?: readonly string[];
  readonly asked?: Partial<RunArguments>;
  readonly weights_sha256?: string;
}

function shard(
  index: number,
  own: readonly string[],
  { figures, cpu, planned = own, asked, weights_sha256 }: ShardParts = {},
): string {
  const rows = own.map((technique) => rowOf(technique, { shard: `${index}/2`, ...figures }));
  return writeRun(folder, `2031-01-0${index}T00-00-00-000${index}`, rows, {
    samples: own.map((technique) => samplesOf(technique, 2)),
    manifest: {
      started_at: `2031-01-0${index}T00:00:00.000Z`,
      all_case_ids,
      case_ids: planned.map(caseId),
      arguments: { ...runArguments, shard: `${index}/2`, ...asked },
      weights_sha256,
      machine: { ...machine, cpu_model: cpu ?? machine.cpu_model },
    },
  });
}

test('the merged run has all cases in the order of an unsharded one, one run id, all samples and a manifest', () => {
  const shards = [shard(2, ['csr', 'int8']), shard(1, ['dense', 'int4', 'nf4'])];
  const csv = writeMergedRun(mergeShards(shards, []), folder);
  const rows = readRows(csv);
  expect(rows.map((row) => row.case_id)).toEqual(all_case_ids);
  expect(rows.map((row) => row.shard)).toEqual(['1/2', '2/2', '1/2', '2/2', '1/2']);
  expect(new Set(rows.map((row) => row.run_id)).size).toBe(1);
  expect([...(readSamples(csv)?.keys() ?? [])]).toEqual(all_case_ids);
  expect(findManifest(csv)).toMatchObject({ state: 'finished', case_ids: all_case_ids, run_id: rows[0].run_id });
  expect(findManifest(csv)?.arguments.shard).toBeUndefined();
});

test('nothing is overwritten: the same shards come to the same run, which must not be there yet', () => {
  const shards = [shard(1, ['dense', 'int4', 'nf4']), shard(2, ['csr', 'int8'])];
  const csv = writeMergedRun(mergeShards(shards, []), folder);
  const before = readFileSync(csv, 'utf8');
  expect(() => writeMergedRun(mergeShards(shards.toReversed(), []), folder)).toThrow(
    /must not hold the merged run yet/,
  );
  expect(readFileSync(csv, 'utf8')).toBe(before);
});

describe('is refused', () => {
  const first = () => shard(1, ['dense', 'int4', 'nf4']);

  test.each([
    ['overlapping cases', () => shard(2, ['csr', 'int8', 'int4']), /must not overlap, got s:int4:ts/],
    ['an unfinished shard', () => shard(2, ['csr'], { planned: ['csr', 'int8'] }), /none for 1, .*is unfinished/],
    [
      'other commits',
      () => shard(2, ['csr', 'int8'], { figures: { git_commit: 'b' } }),
      /equal commits, .*--allow commits/,
    ],
    [
      'a checkout with uncommitted changes beside a clean one',
      () => shard(2, ['csr', 'int8'], { figures: { git_dirty: true } }),
      /equal commits, got a{40} in 2031-01-01\S+\.csv and a{40}\+ here; --allow commits/,
    ],
    [
      'a shard of which the commit is unknown',
      () => shard(2, ['csr', 'int8'], { figures: { git_commit: undefined } }),
      /equal commits, got a{40} in \S+ and unknown here/,
    ],
    ['other machines', () => shard(2, ['csr', 'int8'], { cpu: 'CPU B' }), /equal machines, .*--allow machines/],
    [
      'another code of a technique under one commit',
      () => shard(2, ['csr', 'int8'], { figures: { technique: 'dense', technique_hash: 'h2' } }),
      /equal code of dense, got no hash in \S+ and h2 here; --allow commits/,
    ],
    ['another seed', () => shard(2, ['csr', 'int8'], { asked: { seed: 9 } }), /a shard of the same run/],
    ['one of three', () => shard(2, ['csr', 'int8'], { asked: { shard: '2/3' } }), /a shard of the same run/],
    ['other rounds', () => shard(2, ['csr', 'int8'], { asked: { rounds: 30 } }), /a shard of the same run/],
    ['a whole run', () => writeRun(folder, 'whole', [rowOf('csr')], { manifest: {} }), /got a whole run/],
    ['a CSV by itself', () => writeRun(folder, 'bare', [rowOf('csr')]), /got no manifest/],
  ])('%s', (_, second, message) => {
    const shards = [first(), second()];
    expect(() => mergeShards(shards, [])).toThrow(InputError);
    expect(() => mergeShards(shards, [])).toThrow(message);
  });

  test('a missing shard, which is named', () => {
    expect(() => mergeShards([first()], [])).toThrow(/got none for 2, such as s:csr:ts.*without shard 2\/2/);
  });
});

test('a missing shard does not take the rest with it, where that is allowed: its cases have rows that say so and judge nothing', () => {
  const first = shard(1, ['dense', 'int4', 'nf4']);
  const whole = writeMergedRun(mergeShards([first, shard(2, ['csr', 'int8'])], []), folder);
  const csv = writeMergedRun(mergeShards([first], ['missing']), folder);
  const rows = readRows(csv);
  expect(rows.map(({ case_id }) => case_id)).toEqual(all_case_ids);
  expect(rows.filter(({ status }) => status === 'skipped')).toEqual(
    ['csr', 'int8'].map((technique) => ({
      ...Object.fromEntries(columns.map(({ name }) => [name, undefined])),
      schema_version: 1,
      run_id: rows[0].run_id,
      started_at: '2031-01-01T00:00:00.000Z',
      git_commit: rows[0].git_commit,
      git_dirty: rows[0].git_dirty,
      case_id: caseId(technique),
      shard: '2/2',
      suite: 's',
      technique,
      backend: 'ts',
      status: 'skipped',
      reason: 'shard missing',
    })),
  );
  expect(findManifest(csv)).toMatchObject({ state: 'finished', case_ids: all_case_ids });
  const judged = compareFiles(whole, csv, {});
  expect(judged.isRegression).toBe(false);
  expect(judged.comparisons.filter(({ reason }) => reason?.startsWith('left out'))).toHaveLength(2);
  const [run] = readHistory([csv], { nowMs: Date.parse('2031-02-01'), commits: [] }).runs;
  expect([run.rows.size, run.leftOut.size]).toEqual([3, 2]);
});

describe('shards from machines that keep the weights in other folders', () => {
  const from = (index: number, own: readonly string[], weights_sha256: string) =>
    shard(index, own, { asked: { weights: `models-${index}/w.safetensors`, threads: index }, weights_sha256 });
  const first = () => from(1, ['dense', 'int4', 'nf4'], 'a1');

  test('are joined where the file is the same', () => {
    const { rows, manifest } = mergeShards([first(), from(2, ['csr', 'int8'], 'a1')], []);
    expect(rows).toHaveLength(5);
    expect(manifest).toMatchObject({ weights_sha256: 'a1', arguments: { weights: 'models-1/w.safetensors' } });
  });

  test('are refused where it is another', () => {
    expect(() => mergeShards([first(), from(2, ['csr', 'int8'], 'b2')], [])).toThrow(/a shard of the same run/);
  });
});

test('rows of an older tare, which had fewer columns, are joined; what it did not write stays empty', () => {
  const shards = [shard(1, ['dense', 'int4', 'nf4']), shard(2, ['csr', 'int8'])];
  const lines = readFileSync(shards[1], 'utf8').trimEnd().split('\n');
  writeFileSync(shards[1], lines.map((line) => `${line.replace(/,[^,]*$/, '')}\n`).join(''));
  const csv = writeMergedRun(mergeShards(shards, []), folder);
  expect(readFileSync(csv, 'utf8').split('\n')[0]).toBe(lines[0]);
  expect(readRows(csv).map((row) => row.speedup)).toEqual([2, 2, 2, 2, 2]);
});

test('what the user allows is joined all the same', () => {
  const shards = [
    shard(1, ['dense', 'int4', 'nf4']),
    shard(2, ['csr'], { cpu: 'CPU B', figures: { git_commit: 'b' }, planned: ['csr', 'int8'] }),
  ];
  const { rows, manifest } = mergeShards(shards, ['commits', 'machines', 'missing']);
  expect(rows.map(({ technique, status }) => [technique, status])).toEqual(
    techniques.map((technique) => [technique, technique === 'int8' ? 'skipped' : 'ok']),
  );
  expect(manifest).toMatchObject({ state: 'finished', case_ids: all_case_ids });
});

describe('the merged run', () => {
  const part = (index: number, own: readonly string[], manifest: Partial<Manifest>) =>
    writeRun(
      folder,
      `2031-01-0${index}T00-00-00-000${index}`,
      own.map((technique) => rowOf(technique, { shard: `${index}/2` })),
      {
        samples: own.map((technique) => samplesOf(technique, 2)),
        manifest: {
          started_at: `2031-01-0${index}T00:00:00.000Z`,
          all_case_ids,
          ...manifest,
          arguments: { ...runArguments, ...manifest.arguments, shard: `${index}/2` },
        },
      },
    );
  const half = { first: ['dense', 'int4', 'nf4'], second: ['csr', 'int8'] };

  test('began with the first of its shards, ended with the last and knows the backends of all', () => {
    const second = part(2, half.second, { finished_at: '2031-01-02T01:00:00.000Z', backends: { wasm: { b: 2 } } });
    const first = part(1, half.first, { finished_at: '2031-01-03T01:00:00.000Z', backends: { ts: { a: 1 } } });
    const { manifest, samples } = mergeShards([second, first], []);
    expect(manifest).toMatchObject({
      started_at: '2031-01-01T00:00:00.000Z',
      finished_at: '2031-01-03T01:00:00.000Z',
      backends: { ts: { a: 1 }, wasm: { b: 2 } },
    });
    // The first shard's time, and four hexadecimal digits that tell these shards from others of that second.
    expect(manifest.run_id).toMatch(/^2031-01-01T00-00-00-[0-9a-f]{4}$/);
    expect(manifest.all_case_ids).toBeUndefined();
    expect(samples.map(({ case_id }) => case_id)).toEqual(all_case_ids);
  });

  test('has the same name in whichever order the shards are given', () => {
    const paths = [part(1, half.first, {}), part(2, half.second, {})];
    expect(mergeShards(paths.toReversed(), []).manifest.run_id).toBe(mergeShards(paths, []).manifest.run_id);
    expect(mergeShards(paths, []).manifest.finished_at).toBeUndefined();
  });

  test('takes shards that ran on other numbers of threads, which follow the machine', () => {
    const paths = [part(1, half.first, {}), part(2, half.second, { arguments: { ...runArguments, threads: 64 } })];
    expect(mergeShards(paths, []).rows).toHaveLength(5);
  });

  test('asks nothing of a shard that has no rows yet but its cases', () => {
    const paths = [part(1, half.first, {}), part(2, [], { case_ids: half.second.map(caseId), machine: { cpu: 'B' } })];
    expect(mergeShards(paths, ['missing']).rows.map(({ shard }) => shard)).toEqual(['1/2', '2/2', '1/2', '2/2', '1/2']);
    expect(() => mergeShards(paths, [])).toThrow(
      'merge: shards must hold every case, got none for 2, such as s:csr:ts:M=1,N=2,K=3: 2031-01-02T00-00-00-0002.csv is unfinished (tare run --resume); --allow missing joins the rest',
    );
  });

  test.each(['csv', 'samples.jsonl', 'run.json'])('does not write over a %s that is there', (kind) => {
    const merged = mergeShards([part(1, half.first, {}), part(2, half.second, {})], []);
    const taken = join(folder, `${merged.manifest.run_id}.${kind}`);
    writeFileSync(taken, 'mine');
    expect(() => writeMergedRun(merged, folder)).toThrow(`--out: must not hold the merged run yet, got ${taken}`);
    expect(readFileSync(taken, 'utf8')).toBe('mine');
  });

  test('needs a folder to be written to, which is named', () => {
    const merged = mergeShards([part(1, half.first, {}), part(2, half.second, {})], []);
    expect(() => writeMergedRun(merged, join(folder, 'absent'))).toThrow(
      /^--out: must be a folder tare can write, got ENOENT at .*absent/,
    );
  });
});
