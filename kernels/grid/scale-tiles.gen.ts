// Writes the AssemblyScript that makes f32 of the scales of a panel, as they are stored.

export function scaleTiles(NR: number): string {
  const vectors = Array.from({ length: NR / 4 }, (_, v) => v);
  return [
    CONSTANTS,
    SCALES,
    expandHalves(),
    expandPowers(),
    expandSixBits(vectors, NR),
    expandE4m3(vectors, NR),
    expandRuns(vectors, NR),
    EXPAND,
  ].join('\n\n');
}

const splat = (type: string, name: string, value: string) =>
  `const ${name} = memory.data<${type}>([${Array(4).fill(value).join(', ')}], 16);`;

const CONSTANTS = [
  splat('u32', 'HALF_BITS', '0x8fffe000'),
  splat('u32', 'LOW_NIBBLES', '0x0f0f0f0f'),
  splat('u32', 'UPPER_BITS', '0x30303030'),
  splat('u32', 'SIX_BITS', '0x3f3f3f3f'),
  splat('u32', 'LOW_BYTE', '255'),
].join('\n');

/** Where the parts lie, as wasm-weights.ts writes it. */
const SCALES = `@unmanaged
class Scales {
  /** What a group's code becomes: 0 there is none, 1 2^(code − 127), 2 E4M3, 3 a signed byte, 4 six bits, 5 a place in a table. */
  code: i32;
  /** Codes, [panels][groups][NR] bytes; of six bits [panels][groups/16][3][NR words], see expandSixBits. */
  codes: usize;
  panelBytes: i32;
  /** f32, for code 5. */
  table: usize;
  /** 0 none, 1 f16, 2 f32: [panels][groups / every][NR]. */
  shared: i32;
  numbers: usize;
  numberBytes: i32;
  every: i32;
  /** Times this at last. */
  unit: f32;
  /** Plus this. */
  offset: f32;
}`;

/** Half of a vector's lanes of 1 or 2 bytes, as the upper halves of lanes twice as wide; written as V8 knows it for the one instruction it is. */
const interleaved = (vector: string, half: 'low' | 'high', bytes: 1 | 2 = 2) => {
  const start = half === 'low' ? 0 : 8;
  const lanes = Array.from({ length: 8 / bytes }, (_, i) =>
    [0, 16].flatMap((from) => Array.from({ length: bytes }, (_, j) => from + start + i * bytes + j)),
  );
  return `i8x16.shuffle(none, ${vector}, ${lanes.flat().join(', ')})`;
};

/** 2¹²⁰: what a code of E4M3 is read too small by. */
const E4M3_UNIT = '1.329227995784916e36';

/** Four f16 in the upper halves of words → 2⁻¹¹² times their value as f32: their bits, where an f32 has them. */
const halfToFloat = (word: string, bits = 'v128.load(HALF_BITS)') => `v128.and(i32x4.shr_s(${word}, 3), ${bits})`;

function expandHalves(): string {
  const vector = (at: number) => [
    `const h${at} = v128.load(numbers, ${at});`,
    ...(['low', 'high'] as const).map(
      (half, i) =>
        `v128.store(out, f32x4.mul(${halfToFloat(interleaved(`h${at}`, half), 'bits')}, factor), ${2 * at + 16 * i});`,
    ),
  ];
  return `// f16 → f32 times a unit, 16 at a time
function expandHalves(numbers: usize, count: i32, unit: f32, out: usize): void {
  const none = i32x4.splat(0);
  const bits = v128.load(HALF_BITS);
  const factor = f32x4.splat(unit * 5.192296858534828e33);
  for (; count > 0; count -= 16) {
    ${[0, 16].flatMap(vector).join('\n    ')}
    numbers += 32;
    out += 64;
  }
}`;
}

/** Exponents of f32 in bytes, moved to where an f32 has them. */
function expandPowers(): string {
  const halves = ['low', 'high'] as const;
  return `// bytes → 2^(byte − 127) times a unit, 16 at a time; 0 is 2⁻¹²⁷, which is subnormal
function expandPowers(codes: usize, count: i32, unit: f32, out: usize): void {
  const none = i32x4.splat(0);
  const least = i32x4.splat(0x400000);
  const factor = f32x4.splat(unit);
  for (; count > 0; count -= 16) {
    const c = v128.load(codes);
    ${halves
      .flatMap((outer, i) => [
        `const h${i} = ${interleaved('c', outer, 1)};`,
        ...halves.map(
          (inner, j) =>
            `v128.store(out, f32x4.mul(i32x4.max_u(i32x4.shr_u(${interleaved(`h${i}`, inner)}, 1), least), factor), ${32 * i + 16 * j});`,
        ),
      ])
      .join('\n    ')}
    codes += 16;
    out += 64;
  }
}`;
}

/** Numbers of one run of groups as f32, times `unit`, in f<v>. */
function factors(vectors: readonly number[]): string {
  return vectors
    .map(
      (v) => `let f${v} = f32x4.splat(s.unit);
    if (s.shared == 1) f${v} = f32x4.mul(f${v}, f32x4.mul(${halfToFloat(`i32x4.shl(v128.load16x4_u(numbers, ${v * 8}), 16)`)}, f32x4.splat(5.192296858534828e33)));
    else if (s.shared == 2) f${v} = f32x4.mul(f${v}, v128.load(numbers, ${v * 16}));`,
    )
    .join('\n    ');
}

/**
 * Sixteen groups of six bits in three words of each row: four of the first eight groups to the low bits of the first word's bytes, with the
 * upper two bits of the other four above them; alike for the second eight in the second word; the third has what is left, nibbles of
 * the first eight below those of the second.
 */
function expandSixBits(vectors: readonly number[], NR: number): string {
  const stores = (v: number, word: string, group: number) =>
    [0, 1, 2, 3].map((j) => {
      const moved = j === 0 ? word : `i32x4.shr_u(${word}, ${8 * j})`;
      const code = j === 3 ? moved : `v128.and(${moved}, byte)`;
      return `v128.store(out, f32x4.mul(f${v}, f32x4.convert_i32x4_s(${code})), ${(group + j) * NR * 4 + v * 16});`;
    });
  const eight = (v: number, half: 0 | 1) => `{
      const word = v128.load(codes, ${half * NR * 4 + v * 16});
      const rest = v128.load(codes, ${2 * NR * 4 + v * 16});
      const first = v128.and(word, six);
      const other = v128.or(v128.and(i32x4.shr_u(word, 2), upper), v128.and(${half === 0 ? 'rest' : 'i32x4.shr_u(rest, 4)'}, low));
      ${[...stores(v, 'first', 0), ...stores(v, 'other', 4)].join('\n      ')}
    }`;
  const halves = ([0, 1] as const).map(
    (half) => `{
    ${factors(vectors)}
    ${vectors.map((v) => eight(v, half)).join('\n    ')}
    numbers += ${NR * 2};
    out += ${NR * 32};
    }`,
  );
  return `function expandSixBits(s: Scales, numbers: usize, codes: usize, groups: i32, out: usize): void {
  const six = v128.load(SIX_BITS);
  const low = v128.load(LOW_NIBBLES);
  const upper = v128.load(UPPER_BITS);
  const byte = v128.load(LOW_BYTE);
  for (; groups > 0; groups -= 16) {
    ${halves.join('\n    ')}
    codes += ${NR * 12};
  }
}`;
}

/** Sixteen codes at a time, moved to where an f32 has such bits, where each row has but one number. */
function expandE4m3(vectors: readonly number[], NR: number): string {
  const words = (['low', 'high'] as const).flatMap((half, i) => [
    `const h${i} = i16x8.shr_u(${interleaved('c', half, 1)}, 4);`,
    ...(['low', 'high'] as const).map((inner, j) => {
      const at = 2 * i + j;
      return `v128.store(out, f32x4.mul(${interleaved(`h${i}`, inner)}, f${at % vectors.length}), ${16 * at});`;
    }),
  ]);
  return `function expandE4m3(s: Scales, numbers: usize, codes: usize, groups: i32, out: usize): void {
  const none = i32x4.splat(0);
  ${factors(vectors)}
  ${vectors.map((v) => `f${v} = f32x4.mul(f${v}, f32x4.splat(${E4M3_UNIT}));`).join('\n  ')}
  for (; groups > 0; groups -= ${16 / NR}) {
    const c = v128.load(codes);
    ${words.join('\n    ')}
    codes += 16;
    out += 64;
  }
}`;
}

/** A number for each run of groups, times a code for each group where there are codes. */
function expandRuns(vectors: readonly number[], NR: number): string {
  const store = (v: number, factor: string) => `v128.store(out, f32x4.add(${factor}, offset), ${v * 16});`;
  const loop = (body: string[]) => `for (; left > 0; left--) {
        ${body.join('\n        ')}
        codes += ${NR};
        out += ${NR * 4};
      }`;
  const words = (v: number) => `i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(codes, ${v * 4})))`;
  const entry = (v: number) =>
    [0, 1, 2, 3].reduce(
      (vector, i) =>
        `f32x4.replace_lane(${vector}, ${i}, load<f32>(s.table + (<usize>load<u8>(codes, ${v * 4 + i}) << 2)))`,
      'f32x4.splat(0)',
    );
  const decoded = (of: (v: number) => string) => loop(vectors.map((v) => store(v, `f32x4.mul(f${v}, ${of(v)})`)));
  return `function expandRuns(s: Scales, numbers: usize, codes: usize, groups: i32, out: usize): void {
  const offset = f32x4.splat(s.offset);
  const least = i32x4.splat(0x400000);
  const rowBytes = s.shared == 1 ? ${NR * 2} : ${NR * 4};
  for (; groups > 0; groups -= s.every) {
    ${factors(vectors)}
    let left = min(s.every, groups);
    switch (s.code) {
      case 0: ${loop(vectors.map((v) => store(v, `f${v}`)))}
      break;
      // Code 0 is 2⁻¹²⁷, which is subnormal.
      case 1: ${decoded((v) => `i32x4.max_u(i32x4.shl(${words(v)}, 23), least)`)}
      break;
      case 2:
      ${vectors.map((v) => `f${v} = f32x4.mul(f${v}, f32x4.splat(${E4M3_UNIT}));`).join('\n      ')}
      ${decoded((v) => `i32x4.shl(${words(v)}, 20)`)}
      break;
      case 3: ${decoded((v) => `f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(v128.load32_zero(codes, ${v * 4}))))`)}
      break;
      default: ${decoded(entry)}
    }
    numbers += rowBytes;
  }
}`;
}

const EXPAND = `// → out [groups][NR] f32
export function expandScales(scales: usize, panel: i32, groups: i32, out: usize): void {
  const s = changetype<Scales>(scales);
  const numbers = s.numbers + panel * s.numberBytes;
  const codes = s.codes + panel * s.panelBytes;
  if (s.code == 0 && s.shared == 1 && s.every == 1) expandHalves(numbers, s.numberBytes >> 1, s.unit, out);
  else if (s.code == 1 && s.shared == 0 && s.offset == 0) expandPowers(codes, s.panelBytes, s.unit, out);
  else if (s.code == 2 && s.every >= groups && s.offset == 0) expandE4m3(s, numbers, codes, groups, out);
  else if (s.code == 4) expandSixBits(s, numbers, codes, groups, out);
  else expandRuns(s, numbers, codes, groups, out);
}`;
