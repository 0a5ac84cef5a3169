// The loss of a Llama network in float64, as plainly as it can be written: what the trainer's kernels are held against.
import { EMBEDDING, type ModelConfig } from '../../contract/model.ts';
import { FINAL_NORM } from './parameters.ts';

type Vector = readonly number[];
/** Rows of a matrix; a vector has one. */
type Tensors = ReadonlyMap<string, readonly Vector[]>;

/** Mean over the tokens after the first, in nats. */
export function float64Loss(config: ModelConfig, tensors: Tensors, window: Int32Array): number {
  const states = logits(config, tensors, [...window.subarray(0, -1)]);
  const losses = states.map((row, t) => logSumExp(row) - row[window[t + 1]]);
  return total(losses) / losses.length;
}

function logits(config: ModelConfig, tensors: Tensors, ids: Vector): Vector[] {
  const embedding = tensors.get(EMBEDDING)!;
  let stream = ids.map((id) => embedding[id]);
  for (let i = 0; i < config.layers; i++) {
    const weight = (name: string) => tensors.get(`model.layers.${i}.${name}.weight`)!;
    const normed = stream.map((x) => rmsNorm(x, weight('input_layernorm')[0], config.normEpsilon));
    const attended = attend(config, normed, weight).map((x) => multiply(weight('self_attn.o_proj'), x));
    stream = stream.map((x, t) => add(x, attended[t]));
    const fed = stream.map((x) =>
      feedForward(rmsNorm(x, weight('post_attention_layernorm')[0], config.normEpsilon), weight),
    );
    stream = stream.map((x, t) => add(x, fed[t]));
  }
  return stream.map((x) => multiply(embedding, rmsNorm(x, tensors.get(FINAL_NORM)![0], config.normEpsilon)));
}

function attend(config: ModelConfig, X: readonly Vector[], weight: (name: string) => readonly Vector[]): Vector[] {
  const { heads, keyValueHeads, headDim } = config;
  const head = (name: string, h: number, turns: boolean) =>
    X.map((x, t) => {
      const values = multiply(weight(`self_attn.${name}`).slice(h * headDim, (h + 1) * headDim), x);
      return turns ? rotate(values, t, config.ropeTheta) : values;
    });
  const outputs = Array.from({ length: heads }, (_, h) => {
    const group = Math.floor(h / (heads / keyValueHeads));
    const [Q, K, V] = [head('q_proj', h, true), head('k_proj', group, true), head('v_proj', group, false)];
    return Q.map((q, t) => {
      const scores = K.slice(0, t + 1).map((k) => dot(q, k) / Math.sqrt(headDim));
      const normalizer = logSumExp(scores);
      const shares = scores.map((score) => Math.exp(score - normalizer));
      return V[0].map((_, i) => total(shares.map((share, u) => share * V[u][i])));
    });
  });
  return X.map((_, t) => outputs.flatMap((output) => output[t]));
}

function feedForward(x: Vector, weight: (name: string) => readonly Vector[]): Vector {
  const [gate, up] = [multiply(weight('mlp.gate_proj'), x), multiply(weight('mlp.up_proj'), x)];
  const activated = gate.map((g, i) => (g / (1 + Math.exp(-g))) * up[i]);
  return multiply(weight('mlp.down_proj'), activated);
}

/** Hugging Face's rotate_half: dimension i turns with i + half by t·theta^(−i/half). */
function rotate(x: Vector, t: number, theta: number): Vector {
  const half = x.length / 2;
  return x.map((value, i) => {
    const angle = t * theta ** (-(i % half) / half);
    const other = i < half ? -x[i + half] : x[i - half];
    return value * Math.cos(angle) + other * Math.sin(angle);
  });
}

function rmsNorm(x: Vector, gains: Vector, epsilon: number): Vector {
  const scale = 1 / Math.sqrt(dot(x, x) / x.length + epsilon);
  return x.map((value, i) => value * scale * gains[i]);
}

const multiply = (W: readonly Vector[], x: Vector): Vector => W.map((row) => dot(row, x));
const add = (a: Vector, b: Vector): Vector => a.map((value, i) => value + b[i]);
const total = (values: Vector): number => values.reduce((sum, value) => sum + value, 0);

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function logSumExp(values: Vector): number {
  const top = Math.max(...values);
  return top + Math.log(total(values.map((value) => Math.exp(value - top))));
}
