// Capacities of the caches of the first core, as Linux lists them; where it doesn't, common sizes.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface CacheBytes {
  readonly L1: number;
  readonly L2: number;
  readonly L3: number;
}

const FOLDER = '/sys/devices/system/cpu/cpu0/cache';
const COMMON: CacheBytes = { L1: 32 * 2 ** 10, L2: 2 ** 20, L3: 32 * 2 ** 20 };

export function cacheBytes(folder = FOLDER): CacheBytes {
  if (!existsSync(folder)) return COMMON;
  const sizes: { -readonly [Level in keyof CacheBytes]: number } = { ...COMMON };
  for (const index of readdirSync(folder).filter((name) => name.startsWith('index'))) {
    const read = (file: string) => readFileSync(join(folder, index, file), 'utf8').trim();
    const level = `L${read('level')}`;
    if (read('type') !== 'Instruction' && level in sizes) sizes[level as keyof CacheBytes] = parseSize(read('size'));
  }
  return sizes;
}

/** `32K`, `8M` or plain bytes. */
function parseSize(text: string): number {
  const units: Readonly<Record<string, number>> = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };
  return Number.parseInt(text, 10) * (units[text.at(-1) ?? ''] ?? 1);
}
