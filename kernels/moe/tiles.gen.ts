/** All products are dense ones. */
export { generateTiles } from '../dense/tiles.gen.ts';
