import type { Shader, Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import { addCorrection } from '../corrections/low-rank-wgsl.ts';
import { FLOAT_STEP, prepareWgslMatmul, STEP } from '../dense/wgsl-matmul.ts';
import type { GridContext } from './context.ts';
import { firstInteger, readScales, storedBytesOf } from './gpu-digits.ts';
import { type GridLayout, groupsOf, type MatmulShape, type ScaleLayout } from './layout.ts';
import { presentX } from './wgsl-activations.ts';
import { codesBySteps, Tables, valuesCode } from './wgsl-codes.ts';

export function wgslGrid(context: GridContext<Wgsl>): Promise<PreparedKernel<'matmul'>> {
  // X [M,paddedK] f32, W planes of codes, scales and mins by group and column → Y [M,N]
  const { packed, grid, problem, correction, runtime } = context;
  const { layout } = grid;
  const tables = new Tables();
  const codes = codesBySteps(packed.codes, layout, problem);
  const { scales, scaleCodes, scaleOffset, mins, minCodes } = readScales(packed, layout, problem);
  const values = valuesCode(layout, tables);
  const scale = factor('scale', layout.scale, layout, problem, tables, scales, scaleCodes, scaleOffset);
  const min = factor('min', layout.min, layout, problem, tables, mins, minCodes);
  return prepareWgslMatmul(runtime, problem, {
    storedBytes: storedBytesOf({ ...packed, ...correction }),
    sum: 'f32',
    activationType: 'array<vec4f>',
    activations: (program, X) => presentX(context, program, X),
    corrected: correction && ((program, X, Y) => addCorrection(program, problem, correction, X, Y)),
    resident: {
      W: ['array<u32>', codes.words],
      ...scale?.resident,
      ...min?.resident,
      ...(tables.numbers.length > 0 && { tables: ['array<f32>', Float32Array.from(tables.numbers)] }),
    },
    code: `${FLOAT_STEP}${codes.code}${values}${scale?.code ?? ''}${min?.code ?? ''}
fn weights(n : u32, step : u32) -> vec4f {
  let group = ${groupsOf(layout, problem.K) === 1 ? '0u' : `step / ${layout.group / STEP}u`};
  return valuesOf(codesAt(n, step))${scale ? ' * scaleOf(n, group)' : ''}${min ? ' - minOf(n, group)' : ''};
}
fn result(sum : f32, m : u32, n : u32) -> f32 { return sum; }`,
  });
}

interface Factor {
  readonly resident: Shader['resident'];
  /** `scaleOf(n, group)` or `minOf`, as f32. */
  readonly code: string;
}

/** Numbers at their own bits, codes as bytes. */
function factor(
  name: 'scale' | 'min',
  part: ScaleLayout | undefined,
  layout: GridLayout,
  { N, K }: MatmulShape,
  tables: Tables,
  numbers: Float16Array | Float32Array | undefined,
  codes: Uint8Array | undefined,
  offset?: Float32Array,
): Factor | undefined {
  if (part === undefined) return undefined;
  const groups = groupsOf(layout, K);
  const resident: Record<string, Shader['resident'][string]> = {};
  const lines: string[] = [];
  const factors: string[] = [];
  if (part.shared !== undefined && numbers !== undefined) {
    const { type, every } = part.shared;
    // Where rows share no number with each other, numbers of neighbouring columns become neighbours.
    const isByRow = groups % every === 0;
    resident[`${name}s`] = [type === 'f16' ? 'array<u32>' : 'array<f32>', isByRow ? byColumn(numbers, N) : numbers];
    lines.push(`let at = ${isByRow ? `group / ${every}u * N + n` : `(n * ${groups}u + group) / ${every}u`};`);
    factors.push(type === 'f16' ? `unpack2x16float(${name}s[at / 2u])[at % 2u]` : `${name}s[at]`);
  }
  if (part.coded !== undefined && codes !== undefined) {
    resident[`${name}Codes`] = ['array<u32>', byColumn(codes, N)];
    lines.push('let place = group * N + n;');
    lines.push(`let code = (${name}Codes[place / 4u] >> (place % 4u * 8u)) & 255u;`);
    const first = firstInteger(part.coded);
    factors.push(first === undefined ? tables.add(part.coded.values, 'code') : `(f32(code) + ${first})`);
  }
  const sum = offset === undefined ? '' : ` + ${tables.add(offset, '0u')}`;
  const code = `
fn ${name}Of(n : u32, group : u32) -> f32 {
  ${lines.join('\n  ')}
  return ${factors.join(' * ') || '1.0'}${sum};
}`;
  return { resident, code };
}

/** [N, count] as [count, N]. */
function byColumn<Values extends Float16Array | Float32Array | Uint8Array>(values: Values, N: number): Values {
  const ordered = values.slice() as Values;
  const count = values.length / N;
  for (let n = 0; n < N; n++) for (let i = 0; i < count; i++) ordered[i * N + n] = values[n * count + i];
  return ordered;
}
