import { loadTechnique, techniqueFiles } from '../cases/registry.ts';
import { techniqueHash } from '../cases/technique-hash.ts';
import type { Technique } from '../contract/technique.ts';
import { withPackedCache } from './packed-cache.ts';

/**
 * The technique with its weights from the cache where they are there: choosing them can take longer than measuring them, and
 * each process of a case would do it anew. `tell` is told `packing` and `packed` where they are not.
 */
export async function loadCached(
  id: string,
  kernelsDirs: readonly string[],
  tell?: (stage: string) => void,
): Promise<Technique> {
  const technique = await loadTechnique(id, kernelsDirs);
  const file = techniqueFiles(kernelsDirs).get(id);
  if (file === undefined) return technique;
  const onPacking = (isPacking: boolean) => tell?.(isPacking ? 'packing' : 'packed');
  return withPackedCache(technique, techniqueHash(file), { onPacking });
}
