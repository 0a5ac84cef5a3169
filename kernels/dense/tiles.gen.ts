// Writes the AssemblyScript inner tiles of the dense kernels: asc neither unrolls loops nor keeps arrays in registers.

const MAX_ROWS = 6;
const UNROLL = 8;
/**
 * Independent sums of a one-row product, so that no multiply-add need wait for the last. Each reads a part of K of its
 * own: several streams side by side bring more out of memory than one.
 */
const SUMS = 4;
const ROW_UNROLL = 4;

/** `multiplyTile` for one to six rows of X, and `row` for the product of a single one. */
export function generateTiles(NR: number): string {
  return [generateMultiplyTile(NR), row(vectorsOf(NR), NR)].join('\n\n');
}

/**
 * `multiplyTile` alone, for kernels that turn their weights into panels of f32. NR weights stand side by side; with 8, a
 * 6-row tile takes 12 sums, 2 weights and 1 activation: all 15 registers that V8 leaves.
 */
export function generateMultiplyTile(NR: number): string {
  return [...range(MAX_ROWS).map((rows) => tile(rows + 1, vectorsOf(NR), NR)), chooseTile()].join('\n\n');
}

/** Numbers of the vectors that NR values fill. */
function vectorsOf(NR: number): number[] {
  return range(NR / 4);
}

/** What callers use: the tile of so many rows, the last for all beyond. */
function chooseTile(): string {
  const call = (rows: number) => `return tile${rows}(x, w, kc, y, ldY, first);`;
  return `export function multiplyTile(rows: i32, x: usize, w: usize, kc: i32, y: usize, ldY: usize, first: bool): void {
  switch (rows) {
    ${range(MAX_ROWS - 1)
      .map((i) => `case ${i + 1}: ${call(i + 1)}`)
      .join('\n    ')}
    default: ${call(MAX_ROWS)}
  }
}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * The pointer to x moves on with every step, so that every step loads from the same six offsets. V8 adds pointer and offset
 * before each splat and keeps the six sums in registers; if offsets grew from step to step, it would compute each anew.
 */
function tile(MR: number, vectors: number[], NR: number): string {
  const rows = range(MR);
  const sums = rows.flatMap((r) => vectors.map((v) => ({ r, v, name: `c${r}_${v}`, at: `${v * 16}` })));
  const step = (u: number) => [
    ...vectors.map((v) => `const w${u}_${v} = v128.load(w, ${u * NR * 4 + v * 16});`),
    ...rows.flatMap((r) => [
      `const x${u}_${r} = v128.load32_splat(x, ${r * 4});`,
      ...vectors.map((v) => `c${r}_${v} = f32x4.relaxed_madd(x${u}_${r}, w${u}_${v}, c${r}_${v});`),
    ]),
    `x += ${MR * 4};`,
  ];
  return `// x [kc][${MR}], w [kc][${NR}] → y [${MR}][${NR}] with rows ldY bytes apart; adds to y where it isn't the first part of K
function tile${MR}(x: usize, w: usize, kc: i32, y: usize, ldY: usize, first: bool): void {
  ${sums.map(({ name }) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  let k = kc;
  for (; k >= ${UNROLL}; k -= ${UNROLL}) {
    ${range(UNROLL).flatMap(step).join('\n    ')}
    w += ${UNROLL * NR * 4};
  }
  for (; k > 0; k--) {
    ${step(0).join('\n    ')}
    w += ${NR * 4};
  }
  ${rows.map((r) => `const y${r} = ${r === 0 ? 'y' : `y${r - 1} + ldY`};`).join('\n  ')}
  if (!first) {
    ${sums.map(({ r, name, at }) => `${name} = f32x4.add(${name}, v128.load(y${r}, ${at}));`).join('\n    ')}
  }
  ${sums.map(({ r, name, at }) => `v128.store(y${r}, ${name}, ${at});`).join('\n  ')}
}`;
}

function row(vectors: number[], NR: number): string {
  const parts = range(SUMS);
  const sums = parts.flatMap((s) => vectors.map((v) => `c${s}_${v}`));
  const step = (s: number, u: number) => [
    `const x${u}_${s} = v128.load32_splat(x${s}, ${u * 4});`,
    ...vectors.map(
      (v) => `c${s}_${v} = f32x4.relaxed_madd(x${u}_${s}, v128.load(w${s}, ${u * NR * 4 + v * 16}), c${s}_${v});`,
    ),
  ];
  const advance = (s: number, steps: number) => [`x${s} += ${steps * 4};`, `w${s} += ${steps * NR * 4};`];
  const loop = (steps: number) => [
    ...range(steps).flatMap((u) => parts.flatMap((s) => step(s, u))),
    ...parts.flatMap((s) => advance(s, steps)),
  ];
  const total = (v: number) => `f32x4.add(f32x4.add(c0_${v}, c1_${v}), f32x4.add(c2_${v}, c3_${v}))`;
  return `// x [K], w [K][${NR}] → y [${NR}]; K in ${SUMS} parts side by side, the rest after them
export function row(x: usize, w: usize, K: i32, y: usize): void {
  const part = K / ${SUMS};
  ${parts.flatMap((s) => [`let x${s} = x + ((part * ${s}) << 2);`, `let w${s} = w + part * ${s * NR * 4};`]).join('\n  ')}
  ${sums.map((name) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  let k = part;
  for (; k >= ${ROW_UNROLL}; k -= ${ROW_UNROLL}) {
    ${loop(ROW_UNROLL).join('\n    ')}
  }
  for (; k > 0; k--) {
    ${loop(1).join('\n    ')}
  }
  for (k = part * ${SUMS}; k < K; k++) {
    ${step(SUMS - 1, 0).join('\n    ')}
    ${advance(SUMS - 1, 1).join('\n    ')}
  }
  ${vectors.map((v) => `const y${v} = ${total(v)};`).join('\n  ')}
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}
