// Which technique packs each linear layer of a model: what `tare recommend` writes and `tare run --plan` reads.
import { z } from 'zod';

export const Plan = z.object({
  /** Of the model it was made for. */
  model: z.string(),
  /** By the names of layers' weights; a layer that is not named stays f32. */
  layers: z.record(
    z.string(),
    z.object({ technique: z.string(), params: z.record(z.string(), z.union([z.string(), z.number()])) }),
  ),
});
export type Plan = z.infer<typeof Plan>;
