// How tables name what a row is about.
import type { Op } from '../contract/problem.ts';
import type { ResultRow } from './columns.ts';

/** Techniques that others are held against. */
export function isBaseline(row: ResultRow): boolean {
  return row.case_id === row.baseline_case_id;
}

export function problemTitle(row: ResultRow): string {
  return `${row.op} ${shapeOf(row)} · ${row.weights}${row.seed ? ` · seed ${row.seed}` : ''}`;
}

function shapeOf({ op, M, N, K, seq_len, heads, head_dim, causal }: ResultRow): string {
  // A file may hold an operation that this tare does not have.
  const known = op as Op | undefined;
  switch (known) {
    case 'matmul':
      return `M=${M} N=${N} K=${K}`;
    case 'attention':
      return `M=${M} keys=${seq_len} heads=${heads} headDim=${head_dim}${causal ? ' causal' : ''}`;
    case undefined:
      return '';
    default:
      known satisfies never;
      return `M=${M}`;
  }
}

export function techniqueLabel({ technique, params }: ResultRow): string {
  const values = (params ?? '').split(';').map((param) => param.slice(param.indexOf('=') + 1));
  return `${technique} ${values.join('/')}`.trim();
}

export function backendLabel({ backend, adapter_type }: ResultRow): string {
  return `${backend}${adapter_type === 'software' ? '*' : ''}`;
}
