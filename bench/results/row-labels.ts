// How tables name what a row is about.
import type { ResultRow } from './columns.ts';

/** Techniques that others are held against. */
export function isBaseline(row: ResultRow): boolean {
  return row.case_id === row.baseline_case_id;
}

export function problemTitle(row: ResultRow): string {
  const { M, N, K, seq_len, heads, head_dim, causal } = row;
  const shape =
    row.op === 'matmul'
      ? `M=${M} N=${N} K=${K}`
      : `M=${M} keys=${seq_len} heads=${heads} headDim=${head_dim}${causal ? ' causal' : ''}`;
  return `${row.op} ${shape} · ${row.weights}${row.seed ? ` · seed ${row.seed}` : ''}`;
}

export function techniqueLabel({ technique, params }: ResultRow): string {
  const values = (params ?? '').split(';').map((param) => param.slice(param.indexOf('=') + 1));
  return `${technique} ${values.join('/')}`.trim();
}

export function backendLabel({ backend, adapter_type }: ResultRow): string {
  return `${backend}${adapter_type === 'software' ? '*' : ''}`;
}
