// Where the weights of a network in training, their gradients and what its layers leave behind lie in shared memory.
import { allocator } from '../../backends/wasm-memory.ts';
import type { ModelConfig } from '../../contract/model.ts';
import { parameterCount, sideBySide } from './parameters.ts';
import type { Adapters, BatchShape, NetworkSettings } from './recipes.ts';

export interface TrainingMemory extends NetworkMemory {
  /** One float64. */
  readonly squares: number;
  readonly teacher?: NetworkMemory;
}

/** Addresses in bytes. A teacher has no moments and no gradients. */
export interface NetworkMemory {
  readonly weights: number;
  /** AdamW's two moments. */
  readonly moments: readonly [number, number];
  readonly angles: number;
  readonly shards: readonly ShardMemory[];
}

export interface ShardMemory {
  readonly gradients: number;
  /** Tokens and the tokens that follow them. */
  readonly ids: number;
  readonly targets: number;
  /** [M][2], each to be read as log(second) − first. */
  readonly losses: number;
  readonly logits: number;
  readonly layers: readonly LayerMemory[];
  /** What the last layer hands on, its norm and the scales of that. */
  readonly output: number;
  readonly normed: number;
  readonly scales: number;
  /** Gradients on their way back: of the residual stream, of what a product read and of what it wrote. */
  readonly dStream: number;
  readonly dNormed: number;
  readonly dWide: number;
  readonly dNarrow: number;
  readonly dScores: number;
  /** Of experts' outputs, of their shares and of their scores. */
  readonly dMixed: number;
  /** What adapters' first factors made of rows, by the weights they are beside, and its gradient. */
  readonly adapted: Readonly<Record<string, number>>;
  readonly dAdapted: number;
  readonly dShares: number;
  readonly dRouted: number;
  /** Operands of a product as panels. */
  readonly panelsA: number;
  readonly panelsB: number;
}

/** What a layer's way back needs of its way forward. */
export interface LayerMemory {
  readonly input: number;
  readonly attentionNormed: number;
  readonly attentionScales: number;
  readonly qkv: number;
  readonly probabilities: number;
  readonly attended: number;
  readonly middle: number;
  readonly feedForwardNormed: number;
  readonly feedForwardScales: number;
  /** Of a mixture, a row for each choice of an expert. */
  readonly gateUp: number;
  readonly activated: number;
  readonly experts?: ExpertsMemory;
}

/** What a router chose for each token, as kernels/training/experts.as.ts has it. */
export interface ExpertsMemory {
  readonly probabilities: number;
  readonly chosen: number;
  readonly shares: number;
  readonly choices: number;
  readonly ends: number;
  /** What experts read, and what they wrote: a row for each choice. */
  readonly gathered: number;
  readonly mixed: number;
}

export function allocateTraining(
  memory: WebAssembly.Memory,
  { config, batch, teacher, adapters }: Pick<NetworkSettings, 'config' | 'batch' | 'teacher' | 'adapters'>,
): TrainingMemory {
  const { allocate } = allocator(memory);
  const floats = (count: number) => allocate(4 * count);
  const learner = allocateNetwork(floats, config, batch, adapters, parameterCount(config, adapters));
  const squares = allocate(8);
  if (teacher === undefined) return { ...learner, squares };
  return { ...learner, squares, teacher: allocateNetwork(floats, teacher.config, batch, undefined, 0) };
}

/** `learning` counts the weights that learn. */
function allocateNetwork(
  floats: (count: number) => number,
  config: ModelConfig,
  batch: BatchShape,
  adapters: Adapters | undefined,
  learning: number,
): NetworkMemory {
  return {
    weights: floats(parameterCount(config, adapters)),
    moments: [floats(learning), floats(learning)],
    angles: floats(config.contextLength * config.headDim),
    shards: Array.from({ length: batch.shards }, () =>
      allocateShard(floats, config, batch.sequences, adapters, learning),
    ),
  };
}

function allocateShard(
  floats: (count: number) => number,
  config: ModelConfig,
  sequences: number,
  adapters: Adapters | undefined,
  learning: number,
): ShardMemory {
  const { hiddenSize, feedForwardSize, vocabularySize, contextLength, heads, layers, experts } = config;
  const M = sequences * contextLength;
  const attended = heads * config.headDim;
  const qkv = qkvWidth(config);
  const scores = contextLength * contextLength;
  /** Of feed-forwards: a token has as many rows as experts. */
  const rows = M * (experts?.perToken ?? 1);
  const rank = adapters?.rank ?? 0;
  const joint = adapters === undefined ? [] : sideBySide(config);
  const narrowest = Math.max(hiddenSize, attended, feedForwardSize);
  const widest = Math.max(narrowest, qkv, 2 * feedForwardSize);
  const panel = Math.max(M, widest, vocabularySize) * Math.max(widest, vocabularySize);
  return {
    gradients: floats(learning),
    ids: floats(M),
    targets: floats(M),
    losses: floats(2 * M),
    logits: floats(M * vocabularySize),
    layers: Array.from({ length: layers }, () => ({
      input: floats(M * hiddenSize),
      attentionNormed: floats(M * hiddenSize),
      attentionScales: floats(M),
      qkv: floats(M * qkv),
      probabilities: floats(sequences * heads * scores),
      attended: floats(M * attended),
      middle: floats(M * hiddenSize),
      feedForwardNormed: floats(M * hiddenSize),
      feedForwardScales: floats(M),
      gateUp: floats(rows * 2 * feedForwardSize),
      activated: floats(rows * feedForwardSize),
      experts: experts && {
        probabilities: floats(M * experts.count),
        chosen: floats(rows),
        shares: floats(rows),
        choices: floats(rows),
        ends: floats(experts.count),
        gathered: floats(rows * hiddenSize),
        mixed: floats(rows * hiddenSize),
      },
    })),
    output: floats(M * hiddenSize),
    normed: floats(M * hiddenSize),
    scales: floats(M),
    dStream: floats(M * hiddenSize),
    dNormed: floats(M * hiddenSize),
    dWide: floats(M * widest),
    dNarrow: floats(M * narrowest),
    dScores: floats(scores),
    adapted: Object.fromEntries(joint.map((names) => [names[0], floats(M * names.length * rank)])),
    dAdapted: floats(M * 3 * rank),
    dMixed: floats(experts === undefined ? 0 : rows * hiddenSize),
    dShares: floats(experts === undefined ? 0 : rows),
    dRouted: floats(experts === undefined ? 0 : M * experts.count),
    panelsA: floats(panel),
    panelsB: floats(panel),
  };
}

/** Values of a token's queries, keys and values. */
export function qkvWidth({ heads, keyValueHeads, headDim }: ModelConfig): number {
  return (heads + 2 * keyValueHeads) * headDim;
}
