export { generateTiles } from '../naive-attention/tiles.gen.ts';
