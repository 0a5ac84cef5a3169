// Writes the AssemblyScript inner loops of attention against a cache: few queries, or rows of weights, times columns that
// stand side by side. Rows lie as they come, since a cache is read far more often than any of them. And calls of a program.
import { exponentials } from '../naive-attention/tiles.gen.ts';
import { MAX_ARGS, MR } from './blocks.ts';

const UNROLL = 4;
/**
 * Panels that a tile takes side by side, and independent sums of each product: where rows are few, so many that loads don't
 * outnumber multiply-adds and that no multiply-add need wait for the last. With NR = 8 that is 8 to 12 sums; with the weights and
 * a value of x beside them no more than the 15 registers that V8 leaves.
 */
const SHAPES = [
  { rows: 1, panels: 2, sums: 2 },
  { rows: 2, panels: 2, sums: 1 },
  { rows: 1, panels: 1, sums: 4 },
  { rows: 2, panels: 1, sums: 2 },
  { rows: 3, panels: 1, sums: 2 },
  ...[4, 5, 6].map((rows) => ({ rows, panels: 1, sums: 1 })),
];

export function generateTiles(NR: number): string {
  return [
    ...SHAPES.map((shape) => tile(shape, NR)),
    multiplyPanels(NR),
    exponentials(range(NR / 4), NR),
    callWith(),
  ].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function callWith(): string {
  const cases = range(MAX_ARGS + 1).map((count) => {
    const args = range(count).map((i) => `, load<i32>(args, ${4 * i})`);
    return `case ${count}: call_indirect<void>(fn, from, to${args.join('')}); break;`;
  });
  return `// The function of that number in the table, with so many arguments from \`args\` on
export function callWith(fn: i32, from: i32, to: i32, count: i32, args: usize): void {
  switch (count) {
    ${cases.join('\n    ')}
    default: unreachable();
  }
}`;
}

function multiplyPanels(NR: number): string {
  const cases = (panels: number) =>
    SHAPES.filter((shape) => shape.panels === panels)
      .map(({ rows }) => `case ${rows}: tile${rows}x${panels}(x, ldX, w, ldW, steps, y, ldY); break;`)
      .join('\n      ');
  return `// x [rows ≤ ${MR}][steps] with rows ldX bytes apart, w [panels][steps][${NR}] with panels ldW bytes apart → y [rows][panels · ${NR}] with
// rows ldY bytes apart
export function multiplyPanels(
  rows: i32, x: usize, ldX: usize, w: usize, ldW: usize, panels: i32, steps: i32, y: usize, ldY: usize,
): void {
  for (; panels >= 2 && rows <= 2; panels -= 2) {
    switch (rows) {
      ${cases(2)}
    }
    w += 2 * ldW;
    y += ${2 * NR * 4};
  }
  for (; panels > 0; panels--) {
    switch (rows) {
      ${cases(1)}
    }
    w += ldW;
    y += ${NR * 4};
  }
}`;
}

function tile({ rows, panels, sums }: (typeof SHAPES)[number], NR: number): string {
  const each = range(rows);
  const vectors = range(panels).flatMap((p) => range(NR / 4).map((v) => ({ p, name: `${p}_${v}`, at: v * 16 })));
  const sum = (r: number, s: number, name: string) => `c${r}_${s}_${name}`;
  const sumNames = each.flatMap((r) => range(sums).flatMap((s) => vectors.map(({ name }) => sum(r, s, name))));
  const step = (u: number) => [
    ...vectors.map(({ p, name, at }) => `const w${u}_${name} = v128.load(w${p}, ${u * NR * 4 + at});`),
    ...each.flatMap((r) => [
      `const x${u}_${r} = v128.load32_splat(x${r}, ${u * 4});`,
      ...vectors.map(({ name }) => {
        const into = sum(r, u % sums, name);
        return `${into} = f32x4.relaxed_madd(x${u}_${r}, w${u}_${name}, ${into});`;
      }),
    ]),
  ];
  const loop = (steps: number) => [
    ...range(steps).flatMap(step),
    ...each.map((r) => `x${r} += ${steps * 4};`),
    ...range(panels).map((p) => `w${p} += ${steps * NR * 4};`),
  ];
  const total = (r: number, name: string) =>
    range(sums)
      .map((s) => sum(r, s, name))
      .reduce((all, one) => `f32x4.add(${all}, ${one})`);
  const stores = (r: number) => [
    ...vectors.map(({ p, name, at }) => `v128.store(y, ${total(r, name)}, ${p * NR * 4 + at});`),
    'y += ldY;',
  ];
  return `function tile${rows}x${panels}(x0: usize, ldX: usize, w0: usize, ldW: usize, steps: i32, y: usize, ldY: usize): void {
  ${each
    .slice(1)
    .map((r) => `let x${r} = x${r - 1} + ldX;`)
    .join('\n  ')}
  ${panels === 2 ? 'let w1 = w0 + ldW;' : ''}
  ${sumNames.map((name) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  for (; steps >= ${UNROLL}; steps -= ${UNROLL}) {
    ${loop(UNROLL).join('\n    ')}
  }
  for (; steps > 0; steps--) {
    ${loop(1).join('\n    ')}
  }
  ${each.flatMap(stores).join('\n  ')}
}`;
}
