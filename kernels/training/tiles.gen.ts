// Writes the inner tiles of the trainer's products. They multiply and add in two steps: fused ones would round differently
// where a machine has none, and a training run is to give the same bits wherever it is repeated.

/** Rows of a tile: with the products on their way to the sums, a fifth would gain nothing and a sixth spill registers. */
const MR = 4;
const UNROLL = 4;

export function generateTiles(NR: number): string {
  const heights = range(MR).map((i) => i + 1);
  const constants = `export const MR: i32 = ${MR};\nexport const NR: i32 = ${NR};`;
  return [constants, ...heights.map((rows) => tile(rows, NR)), chooseTile(heights)].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** What callers use: the tile of so many rows. */
function chooseTile(heights: readonly number[]): string {
  return `export function multiplyTile(rows: i32, a: usize, b: usize, kc: i32, c: usize, ldC: usize, adds: bool): void {
  ${heights.map((rows) => `if (rows == ${rows}) return tile${rows}(a, b, kc, c, ldC, adds);`).join('\n  ')}
}`;
}

/** Every step of k loads from the same offsets: V8 then keeps the sums in registers. */
function tile(rows: number, NR: number): string {
  const vectors = range(NR / 4);
  const sums = range(rows).flatMap((r) => vectors.map((v) => ({ r, name: `c${r}_${v}`, offset: v * 16 })));
  const step = (u: number) => [
    ...vectors.map((v) => `const b${u}_${v} = v128.load(b, ${u * NR * 4 + v * 16});`),
    ...range(rows).flatMap((r) => [
      `const a${u}_${r} = v128.load32_splat(a, ${r * 4});`,
      ...vectors.map((v) => `c${r}_${v} = f32x4.add(c${r}_${v}, f32x4.mul(a${u}_${r}, b${u}_${v}));`),
    ]),
    `a += ${rows * 4};`,
  ];
  return `// a [kc][${rows}], b [kc][${NR}] → c [${rows}][${NR}] with rows ldC bytes apart
function tile${rows}(a: usize, b: usize, kc: i32, c: usize, ldC: usize, adds: bool): void {
  ${sums.map(({ name }) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  let k = kc;
  for (; k >= ${UNROLL}; k -= ${UNROLL}) {
    ${range(UNROLL).flatMap(step).join('\n    ')}
    b += ${UNROLL * NR * 4};
  }
  for (; k > 0; k--) {
    ${step(0).join('\n    ')}
    b += ${NR * 4};
  }
  ${range(rows)
    .map((r) => `const to${r} = ${r === 0 ? 'c' : `to${r - 1} + ldC`};`)
    .join('\n  ')}
  if (adds) {
    ${sums.map(({ r, name, offset }) => `${name} = f32x4.add(${name}, v128.load(to${r}, ${offset}));`).join('\n    ')}
  }
  ${sums.map(({ r, name, offset }) => `v128.store(to${r}, ${name}, ${offset});`).join('\n  ')}
}`;
}
