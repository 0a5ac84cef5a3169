import { z } from 'zod';

export const memoryLevels = ['L1', 'L2', 'L3', 'DRAM'] as const;

export type MemoryLevel = (typeof memoryLevels)[number];

export const Peaks = z.object({ f32_gflops: z.number(), int8_gops: z.number() });

export type Peaks = z.infer<typeof Peaks>;

const Limits = z.object({
  /** By vector width; 256 is missing where V8's re-vectoriser does not engage. */
  peaks: z.object({ 128: Peaks, 256: Peaks.optional() }),
  /** Reads out of working sets of growing size: on shared machines a cache gives out well before its capacity. */
  bandwidth: z.array(z.object({ bytes: z.number(), gbytes_per_s: z.number() })),
});

/** What so many threads reach, all of them together. */
export type Limits = z.infer<typeof Limits>;

/** What this machine's WebAssembly reaches on one thread. */
export const Roofline = Limits.extend({
  /** Capacity of each cache. */
  cache_bytes: z.object({ L1: z.number(), L2: z.number(), L3: z.number() }),
  /** What it reaches on several, where that was measured. */
  threaded: Limits.extend({ threads: z.number().int() }).optional(),
});

export type Roofline = z.infer<typeof Roofline>;
