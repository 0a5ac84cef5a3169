// The roofline model (Williams, Waterman & Patterson, CACM 2009): a kernel that does I operations per byte it moves can
// reach min(peak, I · bandwidth).

import { type MemoryLevel, memoryLevels, type Roofline } from '../../contract/roofline.ts';

export interface KernelWork {
  readonly operations: number;
  readonly arithmetic: 'f32' | 'int8';
  /** Weights as stored, activations and output: each is moved at least once a call. */
  readonly movedBytes: number;
  readonly width: 128 | 256;
  readonly threads: number;
}

/** The innermost level that holds a working set. */
export function levelOf(bytes: number, { cache_bytes }: Roofline): MemoryLevel {
  return memoryLevels.find((level) => level !== 'DRAM' && bytes <= cache_bytes[level]) ?? 'DRAM';
}

/** GB/s of a working set of this size, between the measured sizes by the logarithm of the size. */
export function bandwidthAt(bytes: number, { bandwidth }: Roofline): number {
  const above = bandwidth.findIndex((point) => point.bytes >= bytes);
  if (above === 0) return bandwidth[0].gbytes_per_s;
  if (above < 0) return bandwidth[bandwidth.length - 1].gbytes_per_s;
  const [low, high] = [bandwidth[above - 1], bandwidth[above]];
  const share = Math.log(bytes / low.bytes) / Math.log(high.bytes / low.bytes);
  return low.gbytes_per_s + (high.gbytes_per_s - low.gbytes_per_s) * share;
}

/** Operations per ns that the roofline allows; undefined where the width's peak was not measured. */
export function attainable(work: KernelWork, roofline: Roofline): number | undefined {
  const peaks = roofline.peaks[work.width];
  if (peaks === undefined) return undefined;
  const peak = (work.arithmetic === 'int8' ? peaks.int8_gops : peaks.f32_gflops) * work.threads;
  const level = levelOf(work.movedBytes, roofline);
  // Cores have L1 and L2 of their own; what lies behind is shared and was measured with one of them.
  const scale = level === 'L1' || level === 'L2' ? work.threads : 1;
  const bandwidth = bandwidthAt(work.movedBytes, roofline) * scale;
  return Math.min(peak, (work.operations / work.movedBytes) * bandwidth);
}
