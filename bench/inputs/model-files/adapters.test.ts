import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InputError } from '../../contract/input-error.ts';
import { writeF16Safetensors } from '../safetensors-write.ts';
import { openAdapters } from './adapters.ts';
import { openModel } from './open-model.ts';
import { tensorsOf, writeSmallFolder } from './small-folder.fixture.ts';

const { config } = openModel(writeSmallFolder());
const layer = 'model.layers.0.mlp.up_proj';
const [A, B] = ['A', 'B'].map((factor) => `base_model.model.${layer}.lora_${factor}.weight`);
const shapes = { [A]: [2, 8], [B]: [12, 2] };

function writeAdapters(change: object = {}, tensors: Readonly<Record<string, readonly number[]>> = shapes): string {
  const folder = mkdtempSync(join(tmpdir(), 'tare-adapters-'));
  const json = { peft_type: 'LORA', r: 2, lora_alpha: 4, bias: 'none', use_rslora: false, rank_pattern: {}, ...change };
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify(json));
  writeF16Safetensors(join(folder, 'adapter_model.safetensors'), tensorsOf(tensors));
  return folder;
}

test('factors as PEFT writes them, the second one scaled; layers without any have none', () => {
  const factors = openAdapters(writeAdapters(), config);
  const written = tensorsOf(shapes);
  expect(factors(`${layer}.weight`)).toEqual({ down: written[A].values, up: written[B].values.map((b) => 2 * b) });
  expect(factors('model.layers.0.mlp.down_proj.weight')).toBeUndefined();
  expect(factors('model.norm.weight')).toBeUndefined();
});

const { [B]: _, ...half } = shapes;
test.each<[fault: string, config: object, tensors: Readonly<Record<string, readonly number[]>>, message: string]>([
  ['another kind', { peft_type: 'LOHA' }, shapes, 'peft_type must be LORA, which is all that tare runs, got LOHA'],
  ['another scale', { use_rslora: true }, shapes, 'use_rslora must be false, which is all that tare runs, got true'],
  ['biases', { bias: 'all' }, shapes, 'bias must be none, which is all that tare runs, got all'],
  [
    'ranks by layer',
    { rank_pattern: { q_proj: 4 } },
    shapes,
    'adapter_config.json: rank_pattern.q_proj must fit, got ',
  ],
  ['no rank', { r: 0 }, shapes, 'adapter_config.json: r must fit, got '],
  ['another rank than its own', { r: 4 }, shapes, `${A} must be of shape 4 × 8, got 2 × 8`],
  ['one factor', {}, half, `must have both factors of ${layer}.weight`],
  ['no factors', {}, {}, "must be adapters of the model's linear layers, got none"],
  [
    'those of an embedding',
    {},
    { ...shapes, 'base_model.model.model.embed_tokens.lora_embedding_A': [2, 6] },
    "must be adapters of the model's linear layers, got base_model.model.model.embed_tokens.lora_embedding_A",
  ],
])('%s is refused by name', (_fault, change, tensors, message) => {
  const folder = writeAdapters(change, tensors);
  expect(() => openAdapters(folder, config)).toThrow(InputError);
  expect(() => openAdapters(folder, config)).toThrow(message);
});

test('a folder without any is refused', () => {
  expect(() => openAdapters(tmpdir(), config)).toThrow('adapter_config.json: must be a readable file, got ENOENT');
});
