import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KERNELS_DIR, loadTechnique, PROJECT } from '../cases/registry.ts';
import { linearLayers } from '../contract/model.ts';
import { tareHere } from '../fixtures/command-line.ts';
import { rowOf, writeRun } from '../fixtures/run-files.ts';
import { readGgufHeader } from '../inputs/model-files/gguf-header.ts';
import { openModel } from '../inputs/model-files/open-model.ts';
import { modelCalibration } from '../models/model-inputs.ts';
import { packModel, unpackLayer } from '../models/packed-model.ts';

const SMALL = join(PROJECT, 'bench', 'inputs', 'model-files', 'small-llama.gguf');
const folder = mkdtempSync(join(tmpdir(), 'tare-export-'));

const tareExport = (...args: string[]) => tareHere(folder, ['export', ...args]);

/** Root mean square of the differences over that of the first. */
function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((value, i) => value - b[i])) / Math.hypot(...a);
}

test('matrices are stored as asked, or as llama.cpp would where rows are no whole blocks, and that is said', async () => {
  const { status, stdout, stderr } = await tareExport('--model', SMALL, '--technique', 'q4-k', '-o', 'out.gguf');
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^out\.gguf: 0\.0 MiB, 9 as Q8_0\n$/),
  });
  expect(stderr).toContain('8 of 9 matrices are stored as Q8_0: K must be a multiple of 256, got 64');
  const [before, after] = [SMALL, join(folder, 'out.gguf')].map((path) => openModel(path));
  expect(after.config).toEqual(before.config);
  expect(after.tokenizer.encode('abc d')).toEqual(before.tokenizer.encode('abc d'));
  for (const name of ['self_attn.q_proj', 'self_attn.v_proj', 'mlp.down_proj'].map(
    (part) => `model.layers.0.${part}.weight`,
  )) {
    // An eight-bit step is 2/255 of the largest of 32 gaussians: a deviation of about 0.7 %.
    expect(distance(before.tensor(name), after.tensor(name))).toBeLessThan(0.01);
  }
});

test('f32 gives every value back', async () => {
  expect(await tareExport('--model', SMALL, '--technique', 'dense', '--out', 'f32.gguf')).toMatchObject({ status: 0 });
  const file = join(folder, 'f32.gguf');
  expect(new Set(readGgufHeader(file).tensors.map(({ dtype }) => dtype))).toEqual(new Set(['F32']));
  const name = 'model.layers.0.self_attn.k_proj.weight';
  expect(openModel(file).tensor(name)).toEqual(openModel(SMALL).tensor(name));
});

test.each([
  ['q4-0', 'method=gptq'],
  ['q4-1', 'method=hqq'],
])('%s by %s is read back as the weights that a case of it has', async (id, axis) => {
  writeFileSync(join(folder, 'seen.txt'), 'a bc d '.repeat(100));
  const [method, out] = [axis.slice('method='.length), join(folder, `${id}.gguf`)];
  const looks = method === 'gptq' ? ['--calibration', 'seen.txt'] : [];
  const args = ['--technique', id, '--axis', axis, ...looks, '-o', out];
  expect(await tareExport('--model', SMALL, ...args)).toMatchObject({ status: 0 });
  const model = openModel(SMALL);
  const [technique, dense] = await Promise.all([id, 'dense'].map((each) => loadTechnique(each, [KERNELS_DIR])));
  const seen = await modelCalibration(model, dense, { calibration: join(folder, 'seen.txt') }, () => true);
  const packed = packModel(model, dense, () => ({ technique, params: { method } }), seen.of);
  const [written, plain] = [openModel(out), packModel(model, dense, () => ({ technique, params: {} }))];
  const layers = linearLayers(model.config);
  const unpacked = (of: typeof packed) => layers.map((layer) => unpackLayer(layer, of.pack(layer)));
  expect(layers.map(({ name }) => written.tensor(name))).toEqual(unpacked(packed));
  expect(unpacked(packed)).not.toEqual(unpacked(plain));
});

test.each([
  ['transform=hadamard', /^tare: --axis transform: has no place in a GGUF file, got hadamard$/],
  ['correction=svd', /^tare: --axis correction: has no place in a GGUF file, got svd$/],
  ['method=awq', /^tare: --axis method: must leave activations as they are in a GGUF file, got awq/],
  ['activations=int8', /^tare: --axis activations: are what reads a GGUF file makes of them, got int8$/],
  ['actOrder=yes', /^tare: --axis actOrder: is a choice of method gptq, got rtn$/],
  ['method=gptq,hqq', /^tare: --axis method: must have one value, got hqq, gptq$/],
])('%s is refused, since the file could not hold it', async (axis, message) => {
  const args = ['--technique', 'q4-0', '--axis', axis, '-o', 'choice.gguf'];
  const { status, stderr } = await tareExport('--model', SMALL, ...args);
  expect({ status, stderr: stderr.trimEnd() }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
  expect(existsSync(join(folder, 'choice.gguf'))).toBe(false);
});

test.each([
  [
    'a text that no method looks at',
    ['--technique', 'q4-0', '--calibration', SMALL, '-o', 'x.gguf'],
    /--calibration: must go with a method that looks at activations/,
  ],
  ['a format that GGUF has not', ['--technique', 'nf4', '-o', 'x.gguf'], /--technique: must be one of tare's, got nf4/],
  ['the file that is read', ['--technique', 'f16', '-o', SMALL], /--out: must be another file than the model's/],
  [
    'a place that is not there',
    ['--technique', 'f16', '-o', 'no/x.gguf'],
    /--out: must be a file tare can write, got ENOENT/,
  ],
])('%s is refused', async (_, args, message) => {
  const { status, stderr } = await tareExport('--model', SMALL, ...args);
  expect({ status, stderr }).toEqual({ status: 2, stderr: expect.stringMatching(message) });
  expect(existsSync(join(folder, 'x.gguf'))).toBe(false);
});

test.each(['model.safetensors', 'config.json', 'link'])(
  '%s of the model itself is refused as a place',
  async (name) => {
    const moby = join(PROJECT, 'bench', 'models', 'moby');
    const copy = mkdtempSync(join(tmpdir(), 'tare-export-'));
    for (const each of readdirSync(moby)) copyFileSync(join(moby, each), join(copy, each));
    symlinkSync(join(copy, 'model.safetensors'), join(folder, 'link'));
    const before = readFileSync(join(copy, 'model.safetensors'));
    const out = join(name === 'link' ? folder : copy, name);
    const { status, stderr } = await tareExport('--model', copy, '--technique', 'f16', '-o', out);
    rmSync(join(folder, 'link'));
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `tare: --out: must be another file than the model's, got ${out}\n`,
    });
    expect(readFileSync(join(copy, 'model.safetensors')).equals(before)).toBe(true);
  },
);

test('a run goes to stdout or a file; what has no place in the format is said', async () => {
  const skipped = rowOf('csr', { status: 'skipped', reason: 'no adapter', p20_ns: undefined });
  writeRun(folder, 'run', [rowOf('dense'), skipped]);
  const printed = await tareExport('run.csv', '--to', 'bmf');
  expect(printed).toMatchObject({ status: 0, stderr: 'tare: 1 of 2 cases have no time, and no place in bmf\n' });
  expect(Object.keys(JSON.parse(printed.stdout))).toEqual([rowOf('dense').case_id]);
  const written = await tareExport('run.csv', '--to', 'junit', '-o', 'cases.xml');
  expect(written).toMatchObject({ status: 0, stdout: 'cases.xml: 2 cases\n', stderr: '' });
  expect(readFileSync(join(folder, 'cases.xml'), 'utf8')).toContain('<skipped message="no adapter"/>');
});

test.each([
  ['nothing to export', [], "export: must have a run's CSV or --model, got neither"],
  ['a run without a format', ['run.csv'], '--to: must be one of bmf, github-action-benchmark, junit, .* got none'],
  ['another format', ['run.csv', '--to', 'xunit'], "--to: must be one of tare's, got xunit; nearest: junit"],
  ['a model in the format of a run', ['--model', SMALL, '--to', 'bmf'], '--to: must be gguf for a model, got bmf'],
  ['a model without a file', ['--model', SMALL, '--technique', 'f16'], '--out: must be given beside --model'],
  ['a file called -', ['run.csv', '--to', 'bmf', '-o', '-'], '--out: must be a name, got -'],
  ['the run itself', ['run.csv', '--to', 'bmf', '-o', './run.csv'], '--out: must be another file than the run'],
])('%s is refused in one line', async (_, args, message) => {
  writeRun(folder, 'run', [rowOf('dense')]);
  const { status, stdout, stderr } = await tareExport(...args);
  expect({ status, stdout, stderr }).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(message) });
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(readFileSync(join(folder, 'run.csv'), 'utf8')).toMatch(/^schema_version,/);
});
