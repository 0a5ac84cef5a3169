// Scales that are stored as numbers can be chosen freely; what else a layout makes of scales only its own `fit` knows.
import { toF16 } from '../grid/integers.ts';
import { type GridLayout, groupsOf, type MatmulShape } from '../grid/layout.ts';

/** Weights from … to of W [N,K], which share one scale, and one min where there are any: those at `index`. */
export interface ScaleRun {
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** Why scales and mins are not all plain numbers, one of each for the same weights; undefined where they are. */
export function whyNotPlain({ scale, min }: GridLayout): string | undefined {
  if (scale === undefined) return 'needs scales, got none';
  for (const part of min === undefined ? [scale] : [scale, min]) {
    if (part.coded !== undefined || part.hasOffset || part.shared === undefined) {
      return 'needs scales stored as numbers, got codes';
    }
  }
  if (min !== undefined && min.shared!.every !== scale.shared!.every) return 'needs a min for every scale';
  return undefined;
}

/** Calls `visit` for each scale of a layout whose scales are plain. */
export function eachScaleRun(layout: GridLayout, shape: MatmulShape, visit: (run: ScaleRun) => void): void {
  const { N, K } = shape;
  const groups = groupsOf(layout, K);
  const { every } = layout.scale!.shared!;
  const firstOf = (g: number) => Math.floor(g / groups) * K + (g % groups) * layout.group;
  for (let g = 0, index = 0; g < N * groups; g += every, index++) {
    visit({ index, from: firstOf(g), to: firstOf(Math.min(N * groups, g + every)) });
  }
}

/** A number as the layout stores it. */
export function asStored(value: number, type: 'f16' | 'f32'): number {
  return type === 'f32' ? Math.fround(value) : toF16(value);
}
