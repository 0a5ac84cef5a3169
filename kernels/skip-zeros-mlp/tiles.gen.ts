import { widestTile } from '../csr/tiles.gen.ts';
import { generateTiles as generateDenseTiles } from '../dense/tiles.gen.ts';

export function generateTiles(NR: number): string {
  return [generateDenseTiles(NR), widestTile(NR, 'lanes')].join('\n\n');
}
