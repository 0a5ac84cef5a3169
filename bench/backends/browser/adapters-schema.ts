import { z } from 'zod';

const AdapterInfo = z.object({
  vendor: z.string(),
  architecture: z.string(),
  device: z.string(),
  description: z.string(),
  isFallbackAdapter: z.boolean(),
});

/** What a page says it has; see adapters.ts. */
export const PageAdapters = z.object({
  /** Name and version of a browser of Chromium's family; missing in others. */
  browser: z.string().optional(),
  /** Without it there is neither shared memory nor a fine clock. */
  isIsolated: z.boolean(),
  cores: z.number().int().positive().max(4096).optional(),
  webgpu: AdapterInfo.optional(),
  webgl2: AdapterInfo.optional(),
});
export type PageAdapters = z.infer<typeof PageAdapters>;
