// What must hold of any model's configuration, whichever kind of file told of it.
import { z } from 'zod';
import { InputError } from '../../contract/input-error.ts';
import type { ModelConfig } from '../../contract/model.ts';
import { visibleText } from '../../contract/visible-text.ts';

export const Count = z.int().positive();
export const Real = z.number().positive();

/** `where` is the file and what stands in it: `m.gguf: metadata`. Throws InputError with the first thing that is wrong. */
export function checked<T>(where: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0];
  throw new InputError(`${where}: ${path.map(String).map(visibleText).join('.')} must fit, got ${message}`);
}

/** Throws InputError where sizes contradict each other. */
export function checkConfig(where: string, config: ModelConfig): ModelConfig {
  const { heads, keyValueHeads, headDim } = config;
  if (heads % keyValueHeads !== 0) {
    throw new InputError(`${where}: heads must be a multiple of those of keys, got ${heads} and ${keyValueHeads}`);
  }
  if (headDim % 2 !== 0) {
    throw new InputError(`${where}: a head must have an even number of dimensions, got ${headDim}`);
  }
  if (config.experts !== undefined && config.experts.perToken > config.experts.count) {
    const { count, perToken } = config.experts;
    throw new InputError(`${where}: experts of a token must be at most all ${count} of them, got ${perToken}`);
  }
  return config;
}

/** Refuses by name what would compute something else than the runtime does. `value` undefined or null stands for its absence. */
export function mustBe(where: string, name: string, value: unknown, neutral: readonly unknown[]): void {
  if (value === undefined || value === null || neutral.includes(value)) return;
  const given = visibleText(typeof value === 'object' ? JSON.stringify(value) : String(value));
  throw new InputError(
    `${where}: ${name} must be ${neutral.map(String).join(' or ')}, which is all that tare runs, got ${given}`,
  );
}
