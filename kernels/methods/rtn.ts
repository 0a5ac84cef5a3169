import { roundToNearest } from '../grid/grid.ts';
import type { GridMethod } from './method.ts';

export const rtn: GridMethod = {
  summary: 'round to nearest: each block of weights by the format’s own rounding',
  source: 'the format’s',
  needsCalibration: false,
  choose: (W, shape, grid) => ({ choice: roundToNearest(grid, W, shape) }),
};
