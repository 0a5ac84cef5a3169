// Rotary position embeddings (Su et al., RoFormer, arXiv 2104.09864): at position p, pair i of a head's dimensions turns by
// p · frequency i.
import type { ModelConfig } from './model.ts';

/** [headDim / 2], in radians per token; scaled as Hugging Face's `linear` and `llama3` do. */
export function rotaryFrequencies({ headDim, ropeTheta, ropeScaling: scaling }: ModelConfig): Float64Array {
  const frequencies = Float64Array.from({ length: headDim / 2 }, (_, i) => ropeTheta ** ((-2 * i) / headDim));
  if (scaling === undefined) return frequencies;
  if (scaling.type === 'linear') return frequencies.map((frequency) => frequency / scaling.factor);
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
  return frequencies.map((frequency) => {
    const turns = (originalContextLength * frequency) / (2 * Math.PI);
    // What turns often within the original context stays, what turns seldom is stretched, between them one fades into the other.
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return kept * frequency + ((1 - kept) * frequency) / factor;
  });
}

/** Cosines and sines [positions, headDim / 2]. */
export function rotationTable(config: ModelConfig, positions: number): { cos: Float32Array; sin: Float32Array } {
  const frequencies = rotaryFrequencies(config);
  const angle = (i: number) => Math.floor(i / frequencies.length) * frequencies[i % frequencies.length];
  const length = positions * frequencies.length;
  return {
    cos: Float32Array.from({ length }, (_, i) => Math.cos(angle(i))),
    sin: Float32Array.from({ length }, (_, i) => Math.sin(angle(i))),
  };
}
