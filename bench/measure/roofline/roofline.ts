// The roofline model (Williams, Waterman & Patterson, CACM 2009): a kernel that does I operations per byte it moves can
// reach min(peak, I · bandwidth).

import { type Limits, type MemoryLevel, memoryLevels, type Roofline } from '../../contract/roofline.ts';

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
export function bandwidthAt(bytes: number, { bandwidth }: Limits): number {
  const above = bandwidth.findIndex((point) => point.bytes >= bytes);
  if (above === 0) return bandwidth[0].gbytes_per_s;
  if (above < 0) return bandwidth[bandwidth.length - 1].gbytes_per_s;
  const [low, high] = [bandwidth[above - 1], bandwidth[above]];
  const share = Math.log(bytes / low.bytes) / Math.log(high.bytes / low.bytes);
  return low.gbytes_per_s + (high.gbytes_per_s - low.gbytes_per_s) * share;
}

/** Operations per ns that the roofline allows; undefined where the limits of that width or so many threads are unknown. */
export function attainable(work: KernelWork, roofline: Roofline): number | undefined {
  const limits = limitsOf(work.threads, roofline);
  const peaks = limits?.peaks[work.width];
  if (limits === undefined || peaks === undefined) return undefined;
  const peak = work.arithmetic === 'int8' ? peaks.int8_gops : peaks.f32_gflops;
  return Math.min(peak, (work.operations / work.movedBytes) * bandwidthAt(work.movedBytes, limits));
}

function limitsOf(threads: number, roofline: Roofline): Limits | undefined {
  if (threads === 1) return roofline;
  return roofline.threaded?.threads === threads ? roofline.threaded : undefined;
}
