// What a row, or a technique's rows on several backends, reads as in the cells of a table, in a terminal or a page.
import type { ResultRow } from '../results/columns.ts';

type Memory = Pick<ResultRow, 'op' | 'stored_bytes' | 'workspace_bytes' | 'compression_ratio'>;
type Speed = Pick<ResultRow, 'op' | 'status' | 'p20_ns' | 'dense_gflops' | 'tokens_per_s' | 'speedup' | 'drift_ok'>;
type Drift = Pick<ResultRow, 'op' | 'sqnr_db' | 'kld_mean' | 'ppl_ratio'>;

/** Attention has no weights to compress: its techniques differ by the scratch they need. */
export function memoryHeading({ op }: Pick<ResultRow, 'op'>): string {
  return op === 'attention' ? 'scratch' : 'bytes';
}

/** Scratch differs from backend to backend; packed weights are the same on all. */
export function memoryCell(group: readonly Memory[]): string {
  if (group[0]?.op === 'attention') return formatRange(group.flatMap((row) => row.workspace_bytes ?? []));
  const { compression_ratio } = group.find((candidate) => candidate.stored_bytes !== undefined) ?? {};
  return compression_ratio === undefined ? '' : `÷${compression_ratio.toFixed(2)}`;
}

function formatRange(bytes: readonly number[]): string {
  if (bytes.length === 0) return '';
  const [least, most] = [Math.min(...bytes), Math.max(...bytes)].map(formatBytes);
  return least === most ? least : `${least} – ${most}`;
}

export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

const UNITS = [
  { unit: 's', ns: 1e9 },
  { unit: 'ms', ns: 1e6 },
  { unit: 'µs', ns: 1e3 },
  { unit: 'ns', ns: 1 },
] as const;

/** Three digits: 845 ns, 12.1 µs. */
export function formatTime(timeNs: number): string {
  // 999.6 ns would round to 1000 ns, so it reads 1.00 µs.
  const { unit, ns } = UNITS.find((candidate) => timeNs >= 0.9995 * candidate.ns) ?? UNITS[UNITS.length - 1];
  return `${threeDigits(timeNs / ns)} ${unit}`;
}

export function threeDigits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** A whole model is judged by its predictions. */
export function driftHeading({ op }: Pick<ResultRow, 'op'>): string {
  return op === 'model' ? 'KLD · ppl' : 'SQNR dB';
}

/** The worst of all backends: they compute the same up to rounding. */
export function driftCell(group: readonly Drift[]): string {
  if (group[0]?.op === 'model') return predictionCell(group);
  const values = group.flatMap((row) => (row.sqnr_db === undefined ? [] : [row.sqnr_db]));
  return values.length > 0 ? Math.min(...values).toFixed(1) : '';
}

function predictionCell(group: readonly Drift[]): string {
  const scored = group.flatMap(({ kld_mean, ppl_ratio }) =>
    kld_mean === undefined || ppl_ratio === undefined ? [] : [{ kld_mean, ppl_ratio }],
  );
  if (scored.length === 0) return '';
  const worst = scored.reduce((a, b) => (b.kld_mean > a.kld_mean ? b : a));
  const grown = 100 * (worst.ppl_ratio - 1);
  const percent = Math.abs(grown) >= 100 ? grown.toFixed(0) : grown.toPrecision(2);
  return `${worst.kld_mean === 0 ? '0' : worst.kld_mean.toPrecision(2)} · ${grown > 0 ? '+' : ''}${grown === 0 ? '0' : percent}%`;
}

/** A rate for the baseline, for others their speed-up over it; the status where nothing was measured. */
export function speedCell(row: Speed, isBaseline: boolean): string {
  if (row.p20_ns === undefined) return row.status ?? '';
  const rate =
    row.op === 'model' ? `${formatRate(row.tokens_per_s ?? 0)} tok/s` : `${formatRate(row.dense_gflops ?? 0)} GF/s`;
  const figure = isBaseline ? rate : `${formatRatio(row.speedup ?? 0)}x`;
  return `${row.status === 'noisy' ? '~' : ''}${figure}${row.drift_ok === false ? '!' : ''}`;
}

export function formatRate(gflops: number): string {
  return gflops >= 100 ? gflops.toFixed(0) : gflops.toPrecision(2);
}

export function formatRatio(ratio: number): string {
  if (ratio < 0.1) return ratio.toPrecision(2);
  return ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2);
}
