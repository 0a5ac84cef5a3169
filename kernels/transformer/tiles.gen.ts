// Writes the AssemblyScript inner loops of attention against a cache: few queries, or rows of weights, times columns that
// stand side by side. Rows lie as they come, since a cache is read far more often than any of them.
import { exponentials } from '../naive-attention/tiles.gen.ts';
import { MR } from './blocks.ts';

const UNROLL = 4;
/** Independent sums of each product, so that one multiply-add need not wait for the last where rows are few. */
const SUMS = [4, 2, 2, 1, 1, 1];

export function generateTiles(NR: number): string {
  const vectors = range(NR / 4);
  return [...range(MR).map((i) => tile(i + 1, SUMS[i], vectors, NR)), chooseTile(), exponentials(vectors, NR)].join(
    '\n\n',
  );
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function chooseTile(): string {
  const call = (rows: number) => `return multiply${rows}(x, ldX, w, steps, y, ldY);`;
  return `export function multiplyRows(rows: i32, x: usize, ldX: usize, w: usize, steps: i32, y: usize, ldY: usize): void {
  switch (rows) {
    ${range(MR - 1)
      .map((i) => `case ${i + 1}: ${call(i + 1)}`)
      .join('\n    ')}
    default: ${call(MR)}
  }
}`;
}

function tile(rows: number, sums: number, vectors: readonly number[], NR: number): string {
  const each = range(rows);
  const names = each.flatMap((r) => range(sums).flatMap((s) => vectors.map((v) => `c${r}_${s}_${v}`)));
  const step = (u: number) => [
    ...vectors.map((v) => `const w${u}_${v} = v128.load(w, ${u * NR * 4 + v * 16});`),
    ...each.flatMap((r) => [
      `const x${u}_${r} = v128.load32_splat(x${r}, ${u * 4});`,
      ...vectors.map((v) => {
        const sum = `c${r}_${u % sums}_${v}`;
        return `${sum} = f32x4.relaxed_madd(x${u}_${r}, w${u}_${v}, ${sum});`;
      }),
    ]),
  ];
  const loop = (steps: number) => [
    ...range(steps).flatMap(step),
    ...each.map((r) => `x${r} += ${steps * 4};`),
    `w += ${steps * NR * 4};`,
  ];
  const total = (r: number, v: number) =>
    range(sums)
      .map((s) => `c${r}_${s}_${v}`)
      .reduce((sum, name) => `f32x4.add(${sum}, ${name})`);
  return `// x [${rows}][steps] with rows ldX bytes apart, w [steps][${NR}] → y [${rows}][${NR}] with rows ldY bytes apart
function multiply${rows}(x: usize, ldX: usize, w: usize, steps: i32, y: usize, ldY: usize): void {
  ${each.map((r) => `let x${r} = ${r === 0 ? 'x' : `x${r - 1} + ldX`};`).join('\n  ')}
  ${names.map((name) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  for (; steps >= ${UNROLL}; steps -= ${UNROLL}) {
    ${loop(UNROLL).join('\n    ')}
  }
  for (; steps > 0; steps--) {
    ${loop(1).join('\n    ')}
  }
  ${each
    .flatMap((r) => [
      ...vectors.map((v) => `v128.store(y, ${total(r, v)}, ${v * 16});`),
      ...(r < rows - 1 ? ['y += ldY;'] : []),
    ])
    .join('\n  ')}
}`;
}
