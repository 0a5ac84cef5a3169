// What a compressed model may lose and must gain, as the user says it.
import type { InferredOptionTypes, Options } from 'yargs';
import { InputError } from '../contract/input-error.ts';
import type { Bounds } from '../judge/recommend.ts';
import { once, onceNumber } from './selection-flags.ts';

/** No compression makes a model that many times as fast. */
const MOST_SPEEDUP = 1000;

export const boundFlags = {
  'max-ppl': {
    type: 'string',
    requiresArg: true,
    coerce: (typed: string) => 1 + percent('max-ppl', once('max-ppl')(typed), /^\+?(\d+(?:\.\d+)?)%$/, '+1%'),
    describe: 'by how much perplexity may grow',
    defaultDescription: '+1%, where no bound is given',
  },
  'max-bytes': {
    type: 'string',
    requiresArg: true,
    coerce: (typed: string) => {
      const share = percent('max-bytes', once('max-bytes')(typed), /^(\d+(?:\.\d+)?)%$/, '25%');
      if (share > 0) return share;
      throw new InputError(`--max-bytes: must be above 0%, got ${typed}`);
    },
    describe: "how many of the uncompressed weights' bytes may be left",
  },
  'min-speedup': {
    requiresArg: true,
    coerce: onceNumber('min-speedup', {
      must: `must be above 0 and at most ${MOST_SPEEDUP}`,
      isRight: (value) => value > 0 && value <= MOST_SPEEDUP,
    }),
    describe: 'how many times as fast as the uncompressed model it must decode',
  },
} as const satisfies Record<string, Options>;

/** Those that are given; one on perplexity where none is. */
export function boundsOf(flags: InferredOptionTypes<typeof boundFlags>): Bounds {
  const { 'max-ppl': maxPplRatio, 'max-bytes': maxBytesShare, 'min-speedup': minSpeedup } = flags;
  const isNone = (maxPplRatio ?? maxBytesShare ?? minSpeedup) === undefined;
  return isNone ? { maxPplRatio: 1.01 } : { maxPplRatio, maxBytesShare, minSpeedup };
}

/** As a fraction of one. */
function percent(flag: string, typed: string, pattern: RegExp, example: string): number {
  const [, digits] = pattern.exec(typed.trim()) ?? [];
  if (digits === undefined) throw new InputError(`--${flag}: must read like ${example}, got ${typed}`);
  return Number(digits) / 100;
}
