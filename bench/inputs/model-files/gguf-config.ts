// A model's configuration out of the metadata of a GGUF file. Keys: ggml-org/llama.cpp, gguf-py/gguf/constants.py.
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import { type Architecture, architectures, type ModelConfig, type RopeScaling } from '../../contract/model.ts';
import { visibleText } from '../../contract/visible-text.ts';
import { readTensor } from '../tensor-data.ts';
import { Count, checkConfig, checked, mustBe, Real } from './config-rules.ts';
import { type GgufHeader, readable } from './gguf-header.ts';
import { valuesBelow } from './gguf-metadata.ts';
import { ROPE_FACTORS } from './gguf-names.ts';
import { scalingOfFactors } from './rope-factors.ts';

const Own = z.object({
  block_count: Count,
  context_length: Count,
  embedding_length: Count,
  feed_forward_length: Count,
  'attention.head_count': Count,
  'attention.head_count_kv': Count.optional(),
  'attention.key_length': Count.optional(),
  'attention.value_length': Count.optional(),
  'attention.layer_norm_rms_epsilon': Real,
  'attention.sliding_window': z.int().nonnegative().default(0),
  'rope.freq_base': Real.default(10_000),
  'rope.scaling.type': z.string().optional(),
  'rope.scaling.factor': Real.optional(),
  'rope.scale_linear': Real.optional(),
});

/** Throws InputError on an architecture, or an option of one, that is not run. */
export function ggufConfig(path: string, header: GgufHeader): ModelConfig {
  const where = `${path}: metadata`;
  const architecture = architectureOf(where, header.metadata.get('general.architecture')?.value);
  const values = valuesBelow(header.metadata, `${architecture}.`);
  const own = checked(where, Own, values);
  const heads = own['attention.head_count'];
  const headDim = own['attention.key_length'] ?? own.embedding_length / heads;
  mustBe(where, 'attention.value_length', own['attention.value_length'], [headDim]);
  mustBe(where, 'rope.dimension_count', values['rope.dimension_count'], [headDim]);
  mustBe(where, 'expert_count', values.expert_count, [0]);
  mustBe(where, 'attention.causal', values['attention.causal'], [true]);
  mustBe(where, 'attention.scale', values['attention.scale'], [0]);
  mustBe(where, 'attention.sliding_window', slidingWindow(own), [0]);
  const ropeTheta = own['rope.freq_base'];
  const tensors = new Map(header.tensors.map((tensor) => [tensor.name, tensor]));
  const factors = tensors.get(ROPE_FACTORS);
  return checkConfig(where, {
    architecture,
    vocabularySize: tensors.get('token_embd.weight')?.shape[0] ?? 0,
    hiddenSize: own.embedding_length,
    feedForwardSize: own.feed_forward_length,
    layers: own.block_count,
    heads,
    keyValueHeads: own['attention.head_count_kv'] ?? heads,
    headDim,
    normEpsilon: own['attention.layer_norm_rms_epsilon'],
    contextLength: own.context_length,
    ropeTheta,
    ropeScaling:
      factors === undefined
        ? linearScaling(where, own)
        : scalingOfFactors(path, { headDim, ropeTheta }, readTensor(path, readable(path, factors))),
    isHeadTied: !tensors.has('output.weight'),
    hasQkvBias: tensors.has('blk.0.attn_q.bias'),
    hasOutputBias: tensors.has('blk.0.attn_output.bias'),
    hasQkNorm: architecture === 'qwen3',
    activation: 'silu',
  });
}

function architectureOf(where: string, given: unknown): Architecture {
  const found = architectures.find((architecture) => architecture === given);
  if (found !== undefined) return found;
  throw new InputError(
    `${where}: general.architecture must be one of ${architectures.join(' ')}, got ${visibleText(String(given))}`,
  );
}

/** 0 where every token of the longest sequence is within the window. */
function slidingWindow(own: z.infer<typeof Own>): number {
  const tokens = own['attention.sliding_window'];
  return tokens < own.context_length ? tokens : 0;
}

function linearScaling(where: string, own: z.infer<typeof Own>): RopeScaling | undefined {
  const factor = own['rope.scaling.factor'] ?? own['rope.scale_linear'] ?? 1;
  mustBe(where, 'rope.scaling.type', own['rope.scaling.type'], ['none', 'linear']);
  return factor === 1 || own['rope.scaling.type'] === 'none' ? undefined : { type: 'linear', factor };
}
