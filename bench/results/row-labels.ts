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

function shapeOf({
  op,
  M,
  N,
  K,
  hidden,
  experts,
  top_k,
  seq_len,
  heads,
  head_dim,
  causal,
  phase,
  context,
  layers,
  scale,
}: ResultRow): string {
  // A file may hold an operation that this tare does not have.
  const known = op as Op | undefined;
  switch (known) {
    case 'matmul':
      return `M=${M} N=${N} K=${K}`;
    case 'mlp':
      return `M=${M} N=${N} K=${K} hidden=${hidden}`;
    case 'moe':
      return `M=${M} K=${K} hidden=${hidden} experts=${top_k} of ${experts}`;
    case 'attention':
      return `M=${M} keys=${seq_len} heads=${heads} headDim=${head_dim}${causal ? ' causal' : ''}`;
    case 'model': {
      const size = [phase === 'prefill' ? [] : `context=${context}`, phase === 'decode' ? [] : `tokens=${M}`]
        .flat()
        .join(' ');
      return `${phase} ${size} layers=${layers}${scale === 1 ? '' : ` scale=${scale}`}`;
    }
    case 'classify':
      return `M=${M}`;
    case undefined:
      return '';
    default:
      known satisfies never;
      return `M=${M}`;
  }
}

/** Values alone, but for those that say nothing without their name. */
export function techniqueLabel({ technique, params }: ResultRow): string {
  const values = (params ?? '').split(';').map((param) => labelOf(...splitOnce(param)));
  return `${technique} ${values.join('/')}`.trim();
}

const NAMED = ['rank', 'zero', 'kv', 'drafted', 'datastore', 'experts'];

function labelOf(name: string, value: string): string {
  if (value === 'yes') return name;
  return NAMED.includes(name) ? `${name} ${value}` : value;
}

function splitOnce(param: string): [name: string, value: string] {
  const at = param.indexOf('=');
  return at < 0 ? ['', param] : [param.slice(0, at), param.slice(at + 1)];
}

export function backendLabel({ backend, adapter_type }: ResultRow): string {
  return `${backend}${adapter_type === 'software' ? '*' : ''}`;
}
