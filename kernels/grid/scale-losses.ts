import { type GridChoice, type GridLayout, groupsOf, type MatmulShape, scalesOf } from './layout.ts';

/** The largest f16 that is finite; smaller ones than the least normal one are subnormal: fewer than eleven bits. */
const F16_MAX = 65504;
const F16_MIN_NORMAL = 2 ** -14;

/**
 * Where scales could not be stored as the weights W [N,K] of a group ask for, in words; undefined where they always could. An
 * f16 underflows for weights below some 10⁻⁷.
 */
export function whatScalesLost(
  W: Float32Array,
  choice: GridChoice,
  layout: GridLayout,
  shape: MatmulShape,
): string | undefined {
  const { scales, scaleCodes } = choice;
  const scale = layout.scale;
  if (scale === undefined) return undefined;
  const { N, K } = shape;
  const groups = groupsOf(layout, K);
  const decoded = scalesOf(choice, layout, shape);
  const isHalf = scale.shared?.type === 'f16';
  const largestValue = layout.values.reduce((most, value) => (Math.abs(value) > most ? Math.abs(value) : most), 0);
  let zero = 0;
  for (let g = 0; g < N * groups; g++) {
    if (decoded[g] !== 0 || (scaleCodes !== undefined && scales !== undefined && isShared(scales, scale, g))) continue;
    const from = Math.floor(g / groups) * K + (g % groups) * layout.group;
    const to = Math.min(from + layout.group, (Math.floor(g / groups) + 1) * K);
    if (W.subarray(from, to).some((weight) => weight !== 0)) zero++;
  }
  const magnitudes = isHalf ? Array.from(scales ?? [], Math.abs) : [];
  const subnormal = magnitudes.filter((size) => size > 0 && size < F16_MIN_NORMAL).length;
  const cut = magnitudes.filter((size) => size === F16_MAX).length;
  const kind = isHalf ? 'f16 scales' : 'scales';
  const losses = [
    zero > 0 && `${zero} of ${N * groups} ${kind} underflowed to 0, their weights with them`,
    subnormal > 0 && `${subnormal} of ${magnitudes.length} f16 scales are subnormal and hold fewer than 11 bits`,
    cut > 0 && `${cut} of ${magnitudes.length} f16 scales overflowed: weights are cut at ${F16_MAX * largestValue}`,
  ].filter(Boolean);
  return losses.length > 0 ? losses.join('; ') : undefined;
}

/** A code of 0 beside a number that isn't: the group is small beside its neighbours, which is no fault of the format's range. */
function isShared(
  scales: Float16Array | Float32Array,
  { shared }: NonNullable<GridLayout['scale']>,
  group: number,
): boolean {
  return scales[Math.floor(group / (shared?.every ?? 1))] !== 0;
}
