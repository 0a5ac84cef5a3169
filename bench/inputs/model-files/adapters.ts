// Adapters as Hugging Face's PEFT saves them (Hu et al., LoRA, arXiv 2106.09685): two thin factors beside some linear layers of a model.
import { join } from 'node:path';
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import { type LearnedFactors, linearLayers, type ModelConfig } from '../../contract/model.ts';
import { readTensor } from '../tensor-data.ts';
import { Count, checked, mustBe, Real } from './config-rules.ts';
import { readJson } from './json-file.ts';
import { type PlacedTensor, tensorsOfFile } from './safetensors-files.ts';

const AdapterConfig = z.object({
  peft_type: z.string(),
  r: Count,
  lora_alpha: Real,
  bias: z.string().optional(),
  use_rslora: z.boolean().optional(),
  use_dora: z.boolean().optional(),
  // Ranks and scales of single layers.
  rank_pattern: z.record(z.string(), z.never()).optional(),
  alpha_pattern: z.record(z.string(), z.never()).optional(),
});

/** What PEFT puts before the names of a model's tensors. */
const BASE = 'base_model.model.';

/**
 * Returns the factors beside the weights of that name, anew at each call; none where the folder has none. Throws InputError on what is
 * no such folder, and on adapters of another model's shape.
 */
export function openAdapters(folder: string, config: ModelConfig): (weights: string) => LearnedFactors | undefined {
  const configFile = join(folder, 'adapter_config.json');
  const { r, lora_alpha, peft_type, bias, use_rslora, use_dora } = checked(
    configFile,
    AdapterConfig,
    readJson(configFile),
  );
  mustBe(configFile, 'peft_type', peft_type, ['LORA']);
  mustBe(configFile, 'bias', bias, ['none']);
  mustBe(configFile, 'use_rslora', use_rslora, [false]);
  mustBe(configFile, 'use_dora', use_dora, [false]);
  const layers = new Map(linearLayers(config).map((layer) => [layer.name, layer]));
  const tensors = new Map(
    tensorsOfFile(join(folder, 'adapter_model.safetensors')).map((tensor) => [tensor.name, tensor]),
  );
  const pairOf = (weights: string) => {
    const of = (factor: string) => tensors.get(BASE + weights.replace(/weight$/, `lora_${factor}.weight`));
    return [of('A'), of('B')] as const;
  };
  let paired = 0;
  for (const { name, N, K } of layers.values()) {
    const [A, B] = pairOf(name);
    if (A === undefined && B === undefined) continue;
    if (A === undefined || B === undefined) throw new InputError(`${folder}: must have both factors of ${name}`);
    assertShape(A, [r, K]);
    assertShape(B, [N, r]);
    paired += 2;
  }
  if (paired < tensors.size || paired === 0) {
    const known = new Set([...layers.keys()].flatMap((name) => pairOf(name)));
    const strange = [...tensors.values()].find((tensor) => !known.has(tensor))?.name ?? 'none';
    throw new InputError(`${folder}: must be adapters of the model's linear layers, got ${strange}`);
  }
  return (weights) => {
    const [A, B] = pairOf(weights);
    if (A === undefined || B === undefined) return undefined;
    const scale = lora_alpha / r;
    return { down: readTensor(A.path, A), up: readTensor(B.path, B).map((value) => scale * value) };
  };
}

function assertShape({ path, name, shape, skipped, dtype }: PlacedTensor, wanted: readonly number[]): void {
  if (skipped !== undefined) throw new InputError(`${path}: ${skipped}, got ${name} of ${dtype}`);
  if (shape.join() !== wanted.join())
    throw new InputError(`${path}: ${name} must be of shape ${wanted.join(' × ')}, got ${shape.join(' × ')}`);
}
