// What rotary frequencies are divided by where Llama 3 stretches them: GGUF keeps these factors as a tensor, Hugging Face the
// numbers they come from. Source: huggingface/transformers, modeling_rope_utils.py, _compute_llama3_parameters.
import { InputError } from '../../contract/input-error.ts';
import type { ModelConfig, RopeScaling } from '../../contract/model.ts';

type Llama3Scaling = RopeScaling & { type: 'llama3' };
type Rotary = Pick<ModelConfig, 'headDim' | 'ropeTheta'>;

/** [headDim / 2] */
export function llama3Factors({ headDim, ropeTheta }: Rotary, scaling: Llama3Scaling): Float32Array {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = scaling;
  return Float32Array.from({ length: headDim / 2 }, (_, i) => {
    const wavelength = 2 * Math.PI * ropeTheta ** ((2 * i) / headDim);
    const kept = Math.min(1, Math.max(0, (originalContextLength / wavelength - low) / (high - low)));
    return 1 / (kept + (1 - kept) / factor);
  });
}

/** Every Llama 3 has these two; models differ in the factor and could in the length. */
const LLAMA_3 = { type: 'llama3', lowFrequencyFactor: 1, highFrequencyFactor: 4 } as const;
const LENGTHS = Array.from({ length: 16 }, (_, i) => 2 ** (i + 5));
/** Factors are stored as f32 and may have been computed so. */
const TOLERANCE = 1e-4;

/** The scaling whose factors these are; undefined where they change nothing. Throws InputError where none of Llama 3's has them. */
export function scalingOfFactors(path: string, rotary: Rotary, factors: Float32Array): RopeScaling | undefined {
  const factor = factors.reduce((a, b) => Math.max(a, b), 0);
  if (factors.every((each) => each === 1)) return undefined;
  const scalings = LENGTHS.map((originalContextLength) => ({ ...LLAMA_3, factor, originalContextLength }));
  const found = scalings.find((scaling) => {
    const own = llama3Factors(rotary, scaling);
    return own.length === factors.length && own.every((each, i) => Math.abs(each / factors[i] - 1) < TOLERANCE);
  });
  if (found !== undefined) return found;
  throw new InputError(`${path}: rope_freqs.weight must hold the factors of a Llama 3, got others`);
}
