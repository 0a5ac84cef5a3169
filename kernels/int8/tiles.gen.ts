// Writes the AssemblyScript inner tiles of the int8 kernels. A vector of W holds four rows of W, four k each.
import { generateMultiplyTile } from '../dense/tiles.gen.ts';

const BYTES = [0, 1, 2, 3];

/** The dense tiles for weights widened to f32, and those of int8: `pair<mr>` out of 16-bit products, `dot<mr>` out of relaxed 8-bit ones. */
export function generateTiles(NR: number): string {
  const vectors = range(NR / 4);
  return [
    generateMultiplyTile(NR),
    unpackF32(vectors, NR),
    unpackPairs(vectors, NR),
    ...[1, 2, 3, 4, 5].map((rows) => pairTile(rows, vectors, NR)),
    ...[1, 2, 3, 4, 5, 6].map((rows) => dotTile(rows, vectors, NR)),
    row(vectors, NR),
    rowPairs(vectors, NR),
  ].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function unpackF32(vectors: number[], NR: number): string {
  const weight = (v: number, b: number) =>
    `f32x4.convert_i32x4_s(i32x4.shr_s(${b === 3 ? `v${v}` : `i32x4.shl(v${v}, ${24 - 8 * b})`}, 24))`;
  return `// w [quads][${NR}][4] int8, scales [${NR}] → out [4·quads][${NR}] f32
export function unpackF32(w: usize, scales: usize, quads: i32, out: usize): void {
  ${vectors.map((v) => `const s${v} = v128.load(scales, ${v * 16});`).join('\n  ')}
  for (let q = 0; q < quads; q++) {
    ${vectors.map((v) => `const v${v} = v128.load(w, ${v * 16});`).join('\n    ')}
    ${BYTES.flatMap((b) => vectors.map((v) => `v128.store(out, f32x4.mul(${weight(v, b)}, s${v}), ${(b * NR + v * 4) * 4});`)).join('\n    ')}
    w += ${NR * 4};
    out += ${NR * 16};
  }
}`;
}

/** Shifts alone widen the even bytes of a vector to 16 bits, and the odd ones. So of four k, 0 and 2 come before 1 and 3. */
const evens = (vector: string) => `i16x8.shr_s(i16x8.shl(${vector}, 8), 8)`;
const odds = (vector: string) => `i16x8.shr_s(${vector}, 8)`;

function unpackPairs(vectors: number[], NR: number): string {
  return `// w [quads][${NR}][4] int8 → out [quads][2][${NR}][2] int16: k 0 and 2, then 1 and 3
export function unpackPairs(w: usize, quads: i32, out: usize): void {
  for (let q = 0; q < quads; q++) {
    ${vectors.map((v) => `const v${v} = v128.load(w, ${v * 16});`).join('\n    ')}
    ${vectors.map((v) => `v128.store(out, ${evens(`v${v}`)}, ${v * 16});`).join('\n    ')}
    ${vectors.map((v) => `v128.store(out, ${odds(`v${v}`)}, ${NR * 4 + v * 16});`).join('\n    ')}
    w += ${NR * 4};
    out += ${NR * 8};
  }
}`;
}

const sumsOf = (MR: number, vectors: number[]) =>
  range(MR).flatMap((r) => vectors.map((v) => ({ r, v, name: `c${r}_${v}`, at: `${v * 16}` })));

function scaled(name: string, r: number, v: number): string {
  return `f32x4.mul(f32x4.convert_i32x4_s(${name}), f32x4.mul(x${r}, s${v}))`;
}

const rowPointers = (MR: number) => range(MR).map((r) => `const y${r} = ${r === 0 ? 'y' : `y${r - 1} + ldY`};`);

function scaledStores(MR: number, vectors: number[]): string[] {
  return [
    ...vectors.map((v) => `const s${v} = v128.load(ws, ${v * 16});`),
    ...range(MR).map((r) => `const x${r} = v128.load32_splat(xs, ${r * 4});`),
    ...sumsOf(MR, vectors).map(({ r, v, name }) => `const t${r}_${v} = ${scaled(name, r, v)};`),
    ...sumsOf(MR, vectors).map(({ r, v, at }) => `v128.store(y${r}, t${r}_${v}, ${at});`),
  ];
}

function pairTile(MR: number, vectors: number[], NR: number): string {
  const sums = sumsOf(MR, vectors);
  // The first step stands before the loop: V8 then computes the addresses that both use once, before the loop, not in it.
  const step = (half: number) => [
    ...vectors.map((v) => `const w${half}_${v} = v128.load(w, ${half * NR * 4 + v * 16});`),
    ...range(MR).flatMap((r) => [
      `const x${half}_${r} = v128.load32_splat(${half === 0 ? 'x' : 'odd'}, ${r * 8});`,
      ...vectors.map((v) => `c${r}_${v} = i32x4.add(c${r}_${v}, i32x4.dot_i16x8_s(x${half}_${r}, w${half}_${v}));`),
    ]),
  ];
  const advance = `x += ${MR * 8};
    odd += ${MR * 8};
    w += ${NR * 8};`;
  return `// x [quads][${MR}][4] int16, w [quads][2][${NR}][2] int16, xs [${MR}], ws [${NR}] → y [${MR}][${NR}] with rows ldY bytes
// apart: int32 sums, which the last part of K turns into scaled f32
export function pair${MR}(
  x: usize, w: usize, quads: i32, y: usize, ldY: usize, first: bool, last: bool, xs: usize, ws: usize,
): void {
  let odd = x + 4;
  ${sums.map(({ name }) => `let ${name} = i32x4.splat(0);`).join('\n  ')}
  {
    ${[0, 1].flatMap(step).join('\n    ')}
    ${advance}
  }
  while (--quads > 0) {
    ${[0, 1].flatMap(step).join('\n    ')}
    ${advance}
  }
  ${rowPointers(MR).join('\n  ')}
  if (!first) {
    ${sums.map(({ r, name, at }) => `${name} = i32x4.add(${name}, v128.load(y${r}, ${at}));`).join('\n    ')}
  }
  if (!last) {
    ${sums.map(({ r, name, at }) => `v128.store(y${r}, ${name}, ${at});`).join('\n    ')}
    return;
  }
  ${scaledStores(MR, vectors).join('\n  ')}
}`;
}

function dotTile(MR: number, vectors: number[], NR: number): string {
  const sums = sumsOf(MR, vectors);
  const step = [
    ...vectors.map((v) => `const w${v} = v128.load(w, ${v * 16});`),
    ...range(MR).flatMap((r) => [
      `const b${r} = v128.load32_splat(x, ${r * 4});`,
      ...vectors.map((v) => `c${r}_${v} = i32x4.relaxed_dot_i8x16_i7x16_add_s(w${v}, b${r}, c${r}_${v});`),
    ]),
  ];
  return `// x [quads][${MR}][4] bytes, w [quads][${NR}][4] int8, start [${NR}] int32, xs [${MR}], ws [${NR}] → y [${MR}][${NR}] f32 with
// rows ldY bytes apart
export function dot${MR}(
  x: usize, w: usize, quads: i32, y: usize, ldY: usize, start: usize, xs: usize, ws: usize,
): void {
  ${sums.map(({ name, at }) => `let ${name} = v128.load(start, ${at});`).join('\n  ')}
  for (; quads > 0; quads--) {
    ${step.join('\n    ')}
    x += ${MR * 4};
    w += ${NR * 4};
  }
  ${rowPointers(MR).join('\n  ')}
  ${scaledStores(MR, vectors).join('\n  ')}
}`;
}

/**
 * One row of X, with no instructions to take the four weights of a lane apart. A lane is the integer
 * v = w₀ + 256·w₁ + 256²·w₂ + 256³·w₃. Shifted left until byte j is the highest one, it is Vⱼ = 2²⁴·(wⱼ + wⱼ₋₁/256 + …), which is
 * wⱼ with the lower weights as a fraction; hence wⱼ = (Vⱼ − Vⱼ₋₁/256)/2²⁴. Instead of correcting every weight, `carryX` corrects
 * x once: Σ xⱼ·wⱼ = Σ x′ⱼ·Vⱼ with x′ⱼ = (xⱼ − xⱼ₊₁/256)/2²⁴. Since |w| ≤ 127, every Vⱼ fits 32 bits.
 */
function row(vectors: number[], NR: number): string {
  const sums = BYTES.flatMap((b) => vectors.map((v) => ({ b, v, name: `c${b}_${v}` })));
  const value = (v: number, b: number) =>
    `f32x4.convert_i32x4_s(${b === 3 ? `v${v}` : `i32x4.shl(v${v}, ${24 - 8 * b})`})`;
  const total = (v: number) => `f32x4.add(f32x4.add(c0_${v}, c1_${v}), f32x4.add(c2_${v}, c3_${v}))`;
  return `// x [quads][4] f32, w [quads][${NR}][4] int8 with carries, scales [${NR}] → y [${NR}]
export function row(x: usize, w: usize, quads: i32, scales: usize, y: usize): void {
  ${sums.map(({ name }) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  for (; quads > 0; quads--) {
    ${vectors.map((v) => `const v${v} = v128.load(w, ${v * 16});`).join('\n    ')}
    ${BYTES.flatMap((b) => [
      `const x${b} = v128.load32_splat(x, ${b * 4});`,
      ...vectors.map((v) => `c${b}_${v} = f32x4.relaxed_madd(x${b}, ${value(v, b)}, c${b}_${v});`),
    ]).join('\n    ')}
    x += 16;
    w += ${NR * 4};
  }
  ${vectors.map((v) => `const y${v} = f32x4.mul(${total(v)}, v128.load(scales, ${v * 16}));`).join('\n  ')}
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}

function rowPairs(vectors: number[], NR: number): string {
  const names = [0, 1].flatMap((half) => vectors.map((v) => `c${half}_${v}`));
  const product = (half: number, v: number) =>
    `c${half}_${v} = i32x4.add(c${half}_${v}, i32x4.dot_i16x8_s(x${half}, ${half === 0 ? evens(`v${v}`) : odds(`v${v}`)}));`;
  return `// x [quads][4] int16, xs [1], w [quads][${NR}][4] int8, ws [${NR}] → y [${NR}]
export function rowPairs(x: usize, w: usize, quads: i32, xs: usize, ws: usize, y: usize): void {
  ${names.map((name) => `let ${name} = i32x4.splat(0);`).join('\n  ')}
  for (; quads > 0; quads--) {
    ${vectors.map((v) => `const v${v} = v128.load(w, ${v * 16});`).join('\n    ')}
    ${[0, 1].flatMap((half) => [`const x${half} = v128.load32_splat(x, ${half * 4});`, ...vectors.map((v) => product(half, v))]).join('\n    ')}
    x += 8;
    w += ${NR * 4};
  }
  const scale = v128.load32_splat(xs);
  ${vectors.map((v) => `const y${v} = f32x4.mul(f32x4.convert_i32x4_s(i32x4.add(c0_${v}, c1_${v})), f32x4.mul(scale, v128.load(ws, ${v * 16})));`).join('\n  ')}
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}
