// Writes the AssemblyScript inner tiles of the dense kernels: asc neither unrolls loops nor keeps arrays in registers.

const ROWS = [1, 2, 3, 4, 5, 6];
const UNROLL = 8;
/** Independent sums of a one-row product, so that one multiply-add need not wait for the last. */
const SUMS = 4;

/**
 * `tile<mr>` for each number of rows and `row` for one. NR weights stand side by side; with 8, a 6-row tile takes 12
 * sums, 2 weights and 1 activation: all 15 registers that V8 leaves.
 */
export function generateTiles(NR: number): string {
  const vectors = range(NR / 4);
  return [...ROWS.map((rows) => tile(rows, vectors, NR)), row(vectors, NR)].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/**
 * The pointer to x moves on with every step: V8 computes base + offset of each splat apart and keeps the six of one step
 * in registers; different offsets for every step would be computed anew every time.
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
export function tile${MR}(x: usize, w: usize, kc: i32, y: usize, ldY: usize, first: bool): void {
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
  const sums = range(SUMS).flatMap((s) => vectors.map((v) => ({ s, v, name: `c${s}_${v}` })));
  const step = (s: number) => [
    `const x${s} = v128.load32_splat(x, ${s * 4});`,
    ...vectors.map((v) => `c${s}_${v} = f32x4.relaxed_madd(x${s}, v128.load(w, ${s * NR * 4 + v * 16}), c${s}_${v});`),
  ];
  const total = (v: number) => `f32x4.add(f32x4.add(c0_${v}, c1_${v}), f32x4.add(c2_${v}, c3_${v}))`;
  return `// x [K], w [K][${NR}] → y [${NR}]
export function row(x: usize, w: usize, K: i32, y: usize): void {
  ${sums.map(({ name }) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  let k = K;
  for (; k >= ${SUMS}; k -= ${SUMS}) {
    ${range(SUMS).flatMap(step).join('\n    ')}
    x += ${SUMS * 4};
    w += ${SUMS * NR * 4};
  }
  for (; k > 0; k--) {
    ${step(0).join('\n    ')}
    x += 4;
    w += ${NR * 4};
  }
  ${vectors.map((v) => `const y${v} = ${total(v)};`).join('\n  ')}
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}
