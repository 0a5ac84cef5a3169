// The weights of a network as they lie in memory: one after another, those that are multiplied together side by side.
import { EMBEDDING, feedForwards, type ModelConfig, routerName } from '../../contract/model.ts';
import type { Random } from '../../statistics/random.ts';

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** In values, from the first parameter's beginning. */
  readonly offset: number;
  readonly length: number;
}

export const FINAL_NORM = 'model.norm.weight';

/** In order of memory. Queries, keys and values follow each other, so do gate and up: they are one product. */
export function parametersOf(config: ModelConfig, adapters?: { readonly rank: number }): Parameter[] {
  const { hiddenSize, feedForwardSize, heads, keyValueHeads, headDim, vocabularySize, experts } = config;
  const [queries, keys] = [heads * headDim, keyValueHeads * headDim];
  const shapes: [string, number[]][] = [[EMBEDDING, [vocabularySize, hiddenSize]]];
  for (let i = 0; i < config.layers; i++) {
    const layer = `model.layers.${i}`;
    shapes.push(
      [`${layer}.input_layernorm.weight`, [hiddenSize]],
      [`${layer}.self_attn.q_proj.weight`, [queries, hiddenSize]],
      [`${layer}.self_attn.k_proj.weight`, [keys, hiddenSize]],
      [`${layer}.self_attn.v_proj.weight`, [keys, hiddenSize]],
      [`${layer}.self_attn.o_proj.weight`, [hiddenSize, queries]],
      [`${layer}.post_attention_layernorm.weight`, [hiddenSize]],
    );
    if (experts !== undefined) shapes.push([routerName(layer), [experts.count, hiddenSize]]);
    for (const { gate, up, down } of feedForwards(config, layer)) {
      shapes.push(
        [gate, [feedForwardSize, hiddenSize]],
        [up, [feedForwardSize, hiddenSize]],
        [down, [hiddenSize, feedForwardSize]],
      );
    }
  }
  shapes.push([FINAL_NORM, [hiddenSize]]);
  if (adapters !== undefined) shapes.push(...adapterShapes(config, new Map(shapes), adapters.rank));
  let offset = 0;
  return shapes.map(([name, shape]) => {
    const length = shape.reduce((product, size) => product * size, 1);
    const parameter = { name, shape, offset, length };
    offset += length;
    return parameter;
  });
}

/** Layers of weights that lie side by side, because they multiply the same. */
export function sideBySide(config: ModelConfig): string[][] {
  return Array.from({ length: config.layers }, (_, i) => {
    const name = (tensor: string) => `model.layers.${i}.self_attn.${tensor}_proj.weight`;
    const feeds = feedForwards(config, `model.layers.${i}`).flatMap(({ gate, up, down }) => [[gate, up], [down]]);
    return [[name('q'), name('k'), name('v')], [name('o')], ...feeds];
  }).flat();
}

/** Of the two factors beside a layer's weights, as PEFT names them: down [rank,K] and up [N,rank]. */
export function adapterNames(weights: string): { readonly down: string; readonly up: string } {
  const layer = weights.replace(/\.weight$/, '');
  return { down: `${layer}.lora_A.weight`, up: `${layer}.lora_B.weight` };
}

/** Those that read the same lie side by side too. */
function adapterShapes(config: ModelConfig, base: ReadonlyMap<string, number[]>, rank: number): [string, number[]][] {
  return sideBySide(config).flatMap((names) => [
    ...names.map((name): [string, number[]] => [adapterNames(name).down, [rank, base.get(name)![1]]]),
    ...names.map((name): [string, number[]] => [adapterNames(name).up, [base.get(name)![0], rank]]),
  ]);
}

export function parameterCount(config: ModelConfig, adapters?: { readonly rank: number }): number {
  return parametersOf(config, adapters).reduce((total, { length }) => total + length, 0);
}

/** Normal with the deviation of GPT-2; what adds to the residual stream starts smaller, the more layers add to it. */
const DEVIATION = 0.02;

export function initialWeights(
  config: ModelConfig,
  random: Random,
  adapters?: { readonly rank: number },
): Float32Array {
  const weights = new Float32Array(parameterCount(config, adapters));
  for (const { name, shape, offset, length } of parametersOf(config, adapters)) {
    const isResidual = /(o|down)_proj|\.w2\./.test(name);
    const deviation = isResidual ? DEVIATION / Math.sqrt(2 * config.layers) : DEVIATION;
    for (let i = offset; i < offset + length; i++) weights[i] = shape.length === 1 ? 1 : deviation * random.gaussian();
  }
  return weights;
}
