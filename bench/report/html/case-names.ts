// Short names of what a row is about, for beside the marks of a chart.
import { counted } from '../../contract/counted.ts';
import type { ResultRow } from '../../results/columns.ts';

/** Of the problem: where its weights come from and how many rows there are at a time. */
export function shortProblem(row: ResultRow): string {
  const { op, weights = '', M, N, K, hidden, experts, top_k, seq_len, causal, phase, context, layers } = row;
  const source = weights.split('/').at(-1) ?? '';
  switch (op) {
    case 'matmul':
      return weights.includes('/') ? `${source} M=${M}` : `${source} ${M}×${N}×${K}`;
    case 'mlp':
      return weights.includes('/') ? `${source} M=${M}` : `${source} ${M}×${K}×${hidden}×${N}`;
    case 'moe':
      return `${source} ${M}×${K}×${hidden} ${top_k} of ${experts}`;
    case 'attention':
      return `${source} M=${M} keys=${seq_len}${causal ? ' causal' : ''}`;
    case 'model':
      return `${source} ${phase} ${phase === 'decode' ? context : M} ${layers}`;
    default:
      return `${source} M=${M}`;
  }
}

/** 1.70 (1.66 to 1.75) */
export function withInterval(value: number, low: number | undefined, high: number | undefined): string {
  const figure = (ratio: number) => (ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(3));
  return low === undefined || high === undefined
    ? figure(value)
    : `${figure(value)} (${figure(low)} to ${figure(high)})`;
}

/** "3 of 10 cases", "1 of 1 case". */
export function countOf(count: number, total: number, noun: string): string {
  return `${count} of ${counted(total, noun)}`;
}
