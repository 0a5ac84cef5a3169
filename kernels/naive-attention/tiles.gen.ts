// Writes the AssemblyScript inner loops of both attentions. A panel is NR queries side by side: scores and weights lie
// as [keys][NR], so that softmax needs no sum or maximum across a register and its result is the next product's operand.

/** Keys or dimensions in a panel of the resident K and V. */
export const MR = 6;
const ROWS = [1, 2, 3, 4, 5, 6];
const UNROLL = 2;
/** Independent sums of a one-row product, so that one multiply-add need not wait for the last. */
const SUMS = 4;

/**
 * `scoreKeys` and `weighKeys` with their tiles for each number of rows, `exponentials`, and rows for decode. With NR = 8 a
 * 6-row tile takes 12 sums, 2 operands and 1: all 15 registers that V8 leaves.
 */
export function generateTiles(NR: number): string {
  const vectors = range(NR / 4);
  return [
    ...ROWS.map((rows) => scores(rows, vectors, NR)),
    ...ROWS.map((rows) => weigh(rows, vectors, NR)),
    scoreKeys(NR),
    weighKeys(NR),
    exponentials(vectors, NR),
    row(vectors, NR, false),
    row(vectors, NR, true),
    rows(NR),
  ].join('\n\n');
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** Sums c<row>_<vector> of x [steps][rows] times w [steps][NR]. */
function product(rows: number, vectors: number[], NR: number): string {
  const step = (u: number) => [
    ...vectors.map((v) => `const w${u}_${v} = v128.load(w, ${u * NR * 4 + v * 16});`),
    ...range(rows).flatMap((r) => [
      `const x${u}_${r} = v128.load32_splat(x, ${u * rows * 4 + r * 4});`,
      ...vectors.map((v) => `c${r}_${v} = f32x4.relaxed_madd(x${u}_${r}, w${u}_${v}, c${r}_${v});`),
    ]),
  ];
  return `${sumsOf(rows, vectors)
    .map(({ name }) => `let ${name} = f32x4.splat(0);`)
    .join('\n  ')}
  for (; steps >= ${UNROLL}; steps -= ${UNROLL}) {
    ${range(UNROLL).flatMap(step).join('\n    ')}
    x += ${UNROLL * rows * 4};
    w += ${UNROLL * NR * 4};
  }
  for (; steps > 0; steps--) {
    ${step(0).join('\n    ')}
    x += ${rows * 4};
    w += ${NR * 4};
  }`;
}

function sumsOf(rows: number, vectors: number[]) {
  return range(rows).flatMap((r) =>
    vectors.map((v) => ({ r, v, name: `c${r}_${v}`, at: (r * vectors.length + v) * 16 })),
  );
}

function scores(rows: number, vectors: number[], NR: number): string {
  const sums = sumsOf(rows, vectors);
  const maximum = (v: number) => range(rows).reduce((max, r) => `f32x4.relaxed_max(${max}, c${r}_${v})`, `m${v}`);
  return `// x [headDim = steps][${rows}] of keys, w [headDim][${NR}] of queries → s [${rows}][${NR}], maxima [${NR}] raised to them
export function scores${rows}(x: usize, w: usize, steps: i32, s: usize, maxima: usize): void {
  ${product(rows, vectors, NR)}
  ${sums.map(({ name, at }) => `v128.store(s, ${name}, ${at});`).join('\n  ')}
  ${vectors.map((v) => `const m${v} = v128.load(maxima, ${v * 16});`).join('\n  ')}
  ${vectors.map((v) => `const n${v} = ${maximum(v)};`).join('\n  ')}
  ${vectors.map((v) => `v128.store(maxima, n${v}, ${v * 16});`).join('\n  ')}
}`;
}

function weigh(rows: number, vectors: number[], NR: number): string {
  const sums = sumsOf(rows, vectors);
  return `// x [keys = steps][${rows}] of values, w [keys][${NR}] weights, decay [${NR}] → o [${rows}][${NR}] = decay · o + products
export function weigh${rows}(x: usize, w: usize, steps: i32, o: usize, decay: usize): void {
  ${product(rows, vectors, NR)}
  ${vectors.map((v) => `const d${v} = v128.load(decay, ${v * 16});`).join('\n  ')}
  ${sums.map(({ v, name, at }) => `${name} = f32x4.relaxed_madd(v128.load(o, ${at}), d${v}, ${name});`).join('\n  ')}
  ${sums.map(({ name, at }) => `v128.store(o, ${name}, ${at});`).join('\n  ')}
}`;
}

const remainder = (call: (rows: number) => string) =>
  ROWS.slice(0, -1)
    .map((rows) => `case ${rows}: ${call(rows)} break;`)
    .join('\n    ');

function scoreKeys(NR: number): string {
  const call = (rows: number) => `scores${rows}(keys, queries, headDim, s, maxima);`;
  return `// keys [ceil(count/${MR})][headDim][keys of the panel], queries [headDim][${NR}] → s [count][${NR}], maxima [${NR}] raised to them
export function scoreKeys(keys: usize, queries: usize, count: i32, headDim: i32, s: usize, maxima: usize): void {
  for (; count >= ${MR}; count -= ${MR}) {
    ${call(MR)}
    keys += (headDim * ${MR}) << 2;
    s += ${MR * NR * 4};
  }
  switch (count) {
    ${remainder(call)}
  }
}`;
}

function weighKeys(NR: number): string {
  const call = (rows: number) => `weigh${rows}(values, weights, count, o, decay);`;
  return `// values [ceil(headDim/${MR})][keys][dims of the panel], weights [count ≤ keys][${NR}] → o [headDim][${NR}] = decay · o + products
export function weighKeys(values: usize, keys: i32, weights: usize, count: i32, headDim: i32, o: usize, decay: usize): void {
  for (; headDim >= ${MR}; headDim -= ${MR}) {
    ${call(MR)}
    values += (keys * ${MR}) << 2;
    o += ${MR * NR * 4};
  }
  switch (headDim) {
    ${remainder(call)}
  }
}`;
}

/**
 * 2^(s − reference), where the reference is an integer no smaller than s. Adding 1.5·2²³ − reference to s rounds the difference to
 * an integer, which then is in the low bits of the sum. A polynomial gives 2 to the power of what the rounding took off, a number
 * in [−½, ½], and the integer is added to the exponent of the result.
 */
export function exponentials(vectors: readonly number[], NR: number): string {
  const each = (line: (v: number) => string, indent = '  ') => vectors.map(line).join(`\n${indent}`);
  const horner = [4, 3, 2, 1, 0].flatMap((degree) =>
    vectors.map((v) => `const p${degree}_${v} = f32x4.relaxed_madd(p${degree + 1}_${v}, f${v}, a${degree});`),
  );
  return `// s [count][${NR}], reference [${NR}], constants as writeConstants has them → weights in place, their sums added to sums [${NR}]
export function exponentials(s: usize, count: i32, reference: usize, sums: usize, constants: usize): void {
  ${range(6)
    .map((i) => `const a${i} = v128.load32_splat(constants, ${i * 4});`)
    .join('\n  ')}
  ${each((v) => `const low${v} = f32x4.add(v128.load(reference, ${v * 16}), v128.load32_splat(constants, 24));`)}
  ${each((v) => `const bias${v} = f32x4.sub(v128.load32_splat(constants, 28), v128.load(reference, ${v * 16}));`)}
  ${each((v) => `let sum${v} = v128.load(sums, ${v * 16});`)}
  for (; count > 0; count--) {
    ${each((v) => `const s${v} = f32x4.relaxed_max(v128.load(s, ${v * 16}), low${v});`, '    ')}
    ${each((v) => `const r${v} = f32x4.add(s${v}, bias${v});`, '    ')}
    ${each((v) => `const f${v} = f32x4.sub(s${v}, f32x4.sub(r${v}, bias${v}));`, '    ')}
    ${each((v) => `const p5_${v} = a5;`, '    ')}
    ${horner.join('\n    ')}
    ${each((v) => `const e${v} = i32x4.add(p0_${v}, i32x4.shl(r${v}, 23));`, '    ')}
    ${each((v) => `v128.store(s, e${v}, ${v * 16});`, '    ')}
    ${each((v) => `sum${v} = f32x4.add(sum${v}, e${v});`, '    ')}
    s += ${NR * 4};
  }
  ${each((v) => `v128.store(sums, sum${v}, ${v * 16});`)}
}`;
}

/** Decode: one query or one row of weights against columns that stand side by side; `addRow` shrinks what is there. */
function row(vectors: number[], NR: number, adds: boolean): string {
  const sums = range(SUMS).flatMap((s) => vectors.map((v) => ({ s, v, name: `c${s}_${v}` })));
  const step = (s: number) => [
    `const x${s} = v128.load32_splat(x, ${s * 4});`,
    ...vectors.map((v) => `c${s}_${v} = f32x4.relaxed_madd(x${s}, v128.load(w, ${s * NR * 4 + v * 16}), c${s}_${v});`),
  ];
  const total = (v: number) => `f32x4.add(f32x4.add(c0_${v}, c1_${v}), f32x4.add(c2_${v}, c3_${v}))`;
  const decayed = (v: number) =>
    `f32x4.relaxed_madd(v128.load(y, ${v * 16}), v128.load(decay, ${v * 16}), ${total(v)})`;
  return `// x [steps], w [steps][${NR}] → y [${NR}]${adds ? ' = decay [NR] · y + products' : ''}
export function ${adds ? 'addRow' : 'row'}(x: usize, w: usize, steps: i32, y: usize${adds ? ', decay: usize' : ''}): void {
  ${sums.map(({ name }) => `let ${name} = f32x4.splat(0);`).join('\n  ')}
  for (; steps >= ${SUMS}; steps -= ${SUMS}) {
    ${range(SUMS).flatMap(step).join('\n    ')}
    x += ${SUMS * 4};
    w += ${SUMS * NR * 4};
  }
  for (; steps > 0; steps--) {
    ${step(0).join('\n    ')}
    x += 4;
    w += ${NR * 4};
  }
  ${vectors.map((v) => `const y${v} = ${adds ? decayed(v) : total(v)};`).join('\n  ')}
  ${vectors.map((v) => `v128.store(y, y${v}, ${v * 16});`).join('\n  ')}
}`;
}

function rows(NR: number): string {
  return `// x [K], w [panels][K][${NR}] → y [panels][${NR}]
export function rows(x: usize, w: usize, panels: i32, K: i32, y: usize): void {
  for (let p = 0; p < panels; p++) row(x, w + ((p * K) << 2) * ${NR}, K, y + p * ${NR * 4});
}`;
}
