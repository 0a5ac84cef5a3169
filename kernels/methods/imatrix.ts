// Scales chosen so that weights matter as much as the activations they meet: llama.cpp's importance matrix.
import { roundToNearest } from '../grid/grid.ts';
import { calibrationOf, type GridMethod } from './method.ts';
import { searchScaleCodes, searchScales } from './scale-search.ts';
import { channelStatistics } from './statistics.ts';

/**
 * Importance is the mean of x² for each channel. A format whose own fit uses it gets it; then what the layout lets one choose
 * freely is searched, so that formats whose fit looks at the largest weight only gain as well. What is kept has the least
 * Σ importance·(w − ŵ)².
 */
export const imatrix: GridMethod = {
  summary: 'scales of least squared error, each weight as important as the mean square of its activations',
  source: 'llama.cpp, imatrix; ggml-quants.c',
  needsCalibration: true,
  choose(W, shape, grid, context) {
    const { meanSquare } = channelStatistics(calibrationOf('imatrix', context), shape.K);
    const importance = Float32Array.from(meanSquare);
    const choice = roundToNearest(grid, W, shape, importance);
    searchScales(W, shape, grid, choice, importance);
    searchScaleCodes(W, shape, grid, choice, importance);
    return { choice };
  },
};
