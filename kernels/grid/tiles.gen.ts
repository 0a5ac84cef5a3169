// Writes the AssemblyScript inner tiles of the grid kernels: asc neither unrolls loops nor keeps arrays in registers.
import { generateTiles as generateDenseTiles } from '../dense/tiles.gen.ts';
import { CONSTANTS } from './codes.gen.ts';
import { digitTiles } from './digit-tiles.gen.ts';
import { floatTiles } from './float-tiles.gen.ts';
import { byteTiles, unpackTiles } from './panel-tiles.gen.ts';
import { ROW, rowTiles } from './row-tiles.gen.ts';
import { scaleTiles } from './scale-tiles.gen.ts';
import { tritTiles } from './trit-tiles.gen.ts';
import { tableBytes, type Variant, variants } from './variants.ts';

export function generateTiles(NR: number): string {
  const integers = variants.filter(({ arithmetic }) => arithmetic !== 'floats');
  return [
    generateDenseTiles(NR),
    CONSTANTS,
    ...integers.flatMap((variant) => [...unpackTiles(variant, NR), ...rowTiles(variant, NR)]),
    ...variants.filter((variant) => tableBytes(variant) === 3).flatMap((variant) => digitTiles(variant, NR)),
    byteTiles(NR),
    floatTiles(NR),
    scaleTiles(NR),
    tritTiles(NR),
    choose('unpackBlock', 'w: usize, scales: usize, mins: usize, zero: i32, table: usize, out: usize', 'void', {
      plain: 'unpack',
      floats: 'unpack',
    }),
    choose('unpackBytes', 'w: usize, blocks: i32, table: usize, out: usize', 'usize', { plain: 'bytes', dot: 'bytes' }),
    choose('floatRow', ROW, 'void', {
      plain: 'floatRow',
      dot: 'dotFloatRow',
      floats: 'floatRow',
      dotTable: 'dotFloatRow',
    }),
    choose('integerRow', ROW, 'void', {
      plain: 'integerRow',
      dot: 'dotIntegerRow',
      floats: 'floatRow',
      dotTable: 'dotIntegerRow',
    }),
  ].join('\n\n');
}

/** What functions are called for the forms of variants: see wasm-reading.ts for their numbers. */
interface Prefixes {
  readonly plain: string;
  readonly dot?: string;
  readonly floats?: string;
  /** Where a table of f32 is read as digits. */
  readonly dotTable?: string;
}

function choose(
  name: string,
  parameters: string,
  type: 'void' | 'usize',
  { plain, dot, floats, dotTable }: Prefixes,
): string {
  const names = parameters.split(', ').map((parameter) => parameter.split(':')[0]);
  const call = (number: number, prefix: string | undefined, variant: Variant) =>
    prefix === undefined ? [] : [`case ${number}: return ${prefix}${variant.name}(${names.join(', ')});`];
  const cases = variants.flatMap((variant, i) => {
    const [own, ofDots] =
      variant.arithmetic === 'floats' ? [floats, variant.isTable ? dotTable : undefined] : [plain, dot];
    return [...call(i, own, variant), ...call(i + variants.length, ofDots, variant)];
  });
  return `export function ${name}(variant: i32, ${parameters}): ${type} {
  switch (variant) {
    ${cases.join('\n    ')}
  }${type === 'void' ? '' : '\n  return 0;'}
}`;
}
