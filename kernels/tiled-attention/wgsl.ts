import type { AttentionProblem } from '../../bench/contract/problem.ts';
import type { Wgsl } from '../../bench/contract/runtimes/wgsl.ts';
import type { KernelContext, PreparedKernel } from '../../bench/contract/technique.ts';
import { roundUp } from '../dense/gpu-matmul.ts';
import type { KeyValues } from '../naive-attention/key-values.ts';
import { HIDDEN, prepareWgslAttention } from '../naive-attention/wgsl-attention.ts';

type Context = KernelContext<'attention', KeyValues, { readonly tileSize: number }, Wgsl>;

export const THREADS = 64;
/** More shares of the keys would keep no more of a GPU busy, and their partial results are scratch. */
export const MOST_SHARES = 32;

/**
 * A workgroup takes 4 queries through the tiles of keys; scores live in its own memory and nowhere else. With one query
 * (decode) there would be few workgroups, so the keys are divided into shares, whose results a second shader joins.
 */
export function wgslTiledAttention({
  packed,
  problem,
  params,
  runtime,
}: Context): Promise<PreparedKernel<'attention'>> {
  const { heads, M, seqLen, headDim } = problem;
  const tiles = Math.ceil(seqLen / params.tileSize);
  const shares = M === 1 ? Math.min(MOST_SHARES, tiles) : 1;
  return prepareWgslAttention(runtime, problem, {
    storedBytes: packed.K.byteLength + packed.V.byteLength,
    paddedDim: roundUp(headDim, 4),
    variant: shares > 1 ? `${shares} shares of the keys` : undefined,
    build: async (program, Q) => {
      const queries = M === 1 ? 1 : 4;
      const partial = await program.shader({
        code: tilesShader(problem, params.tileSize, Math.ceil(tiles / shares), queries, shares),
        workgroups: [Math.ceil(M / queries), heads, shares],
        inputs: { Q: ['array<vec4f>', Q] },
        output: ['O', 'array<f32>', heads * M * (shares > 1 ? shares * (headDim + 2) : headDim)],
        resident: {
          K: ['array<vec4f>', keysByDim(packed.K, problem)],
          V: ['array<vec4f>', paddedRows(packed.V, problem)],
        },
      });
      if (shares === 1) return partial;
      return program.shader({
        code: joinShader(headDim, shares),
        workgroups: [heads, 1, 1],
        inputs: { partial: ['array<f32>', partial] },
        output: ['O', 'array<f32>', heads * headDim],
        resident: {},
      });
    },
  });
}

/** One share's tiles; a share's row of results ends with its sum of exponentials and its largest score. */
function tilesShader(
  { M, seqLen, headDim, causal }: AttentionProblem,
  tileSize: number,
  shareTiles: number,
  queries: number,
  shares: number,
): string {
  // Q [heads,M,dims] vec4, K [heads,dims,seqLen] vec4, V [heads,seqLen,dims] vec4
  // → O [heads,M,headDim], or of shares [heads,shares,headDim+2]
  const lanes = THREADS / queries;
  const dims = Math.ceil(headDim / 4);
  const each = Math.ceil(dims / lanes);
  const perThread = (line: (i: number) => string) => Array.from({ length: each }, (_, i) => line(i)).join('\n      ');
  const perQuery = (line: (i: number) => string) => Array.from({ length: queries }, (_, i) => line(i)).join('\n      ');
  const row = shares > 1 ? `(head * ${shares}u + group.z) * ${headDim + 2}u` : `(head * M + query) * ${headDim}u`;
  return `
const M = ${M}u; const KEYS = ${seqLen}u; const DIMS = ${dims}u; const TILE = ${tileSize}u;
var<workgroup> scores : array<array<f32, TILE>, ${queries}>;
var<workgroup> partials : array<f32, ${THREADS}>;
// Keys query m sees.
fn visible(m : u32) -> u32 { return ${causal ? `min(m, M - 1u) + ${seqLen - M + 1}u` : 'KEYS'}; }
@compute @workgroup_size(${lanes}, ${queries})
fn main(@builtin(local_invocation_id) id : vec3u, @builtin(local_invocation_index) at : u32,
        @builtin(workgroup_id) group : vec3u) {
  let head = group.y;
  let firstQuery = group.x * ${queries}u;
  let query = firstQuery + id.y;
  let firstKey = group.z * ${shareTiles * tileSize}u;
  let end = min(visible(firstQuery + ${queries - 1}u), firstKey + ${shareTiles * tileSize}u);
  var largest = ${HIDDEN};
  var sum = 0.0;
  ${perThread((i) => `var o${i} = vec4f();`)}
  for (var tile = firstKey; tile < end; tile += TILE) {
    for (var j = at; j < TILE; j += ${THREADS}u) {
      let key = min(tile + j, KEYS - 1u);
      ${perQuery((i) => `var s${i} = 0.0; let q${i} = (head * M + min(firstQuery + ${i}u, M - 1u)) * DIMS;`)}
      for (var d = 0u; d < DIMS; d++) {
        let k = K[(head * DIMS + d) * KEYS + key];
        ${perQuery((i) => `s${i} += dot(Q[q${i} + d], k);`)}
      }
      ${perQuery((i) => `scores[${i}][j] = select(${HIDDEN}, s${i} * ${1 / Math.sqrt(headDim)}, tile + j < visible(firstQuery + ${i}u));`)}
    }
    workgroupBarrier();
    var most = largest;
    for (var j = id.x; j < TILE; j += ${lanes}u) { most = max(most, scores[id.y][j]); }
    partials[at] = most;
    workgroupBarrier();
    for (var i = 0u; i < ${lanes}u; i++) { most = max(most, partials[id.y * ${lanes}u + i]); }
    var part = 0.0;
    for (var j = id.x; j < TILE; j += ${lanes}u) {
      let p = exp(scores[id.y][j] - most);
      scores[id.y][j] = p;
      part += p;
    }
    workgroupBarrier();
    partials[at] = part;
    workgroupBarrier();
    let decay = exp(largest - most);
    largest = most;
    sum *= decay;
    for (var i = 0u; i < ${lanes}u; i++) { sum += partials[id.y * ${lanes}u + i]; }
    ${perThread((i) => `o${i} *= decay;`)}
    for (var j = 0u; j < min(TILE, KEYS - tile); j++) {
      let p = scores[id.y][j];
      let v = (head * KEYS + tile + j) * DIMS + id.x;
      ${perThread((i) => `if (id.x + ${i * lanes}u < DIMS) { o${i} = fma(vec4f(p), V[v + ${i * lanes}u], o${i}); }`)}
    }
    workgroupBarrier();
  }
  if (query >= M) { return; }
  let row = ${row};
  for (var d = 0u; d < 4u; d++) {
    ${perThread((i) => {
      const dim = `(id.x + ${i * lanes}u) * 4u + d`;
      return `if (${dim} < ${headDim}u) { O[row + ${dim}] = o${i}[d]${shares > 1 ? '' : ' / sum'}; }`;
    })}
  }
  ${shares > 1 ? `if (id.x == 0u) { O[row + ${headDim}u] = sum; O[row + ${headDim + 1}u] = largest; }` : ''}
}`;
}

function joinShader(headDim: number, shares: number): string {
  // partial [heads,shares,headDim+2] → O [heads,headDim]
  const stride = headDim + 2;
  return `
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) at : u32, @builtin(workgroup_id) group : vec3u) {
  let rows = group.x * ${shares * stride}u;
  var largest = ${HIDDEN};
  for (var s = 0u; s < ${shares}u; s++) { largest = max(largest, partial[rows + s * ${stride}u + ${headDim + 1}u]); }
  for (var d = at; d < ${headDim}u; d += ${THREADS}u) {
    var o = 0.0;
    var sum = 0.0;
    for (var s = 0u; s < ${shares}u; s++) {
      let row = rows + s * ${stride}u;
      let share = exp(partial[row + ${headDim + 1}u] - largest);
      o += partial[row + d] * share;
      sum += partial[row + ${headDim}u] * share;
    }
    O[group.x * ${headDim}u + d] = o / sum;
  }
}`;
}

/** K [heads,seqLen,headDim] as [heads, dims, seqLen, 4]: neighbouring keys are neighbours in memory. */
function keysByDim(K: Float32Array, { heads, seqLen, headDim }: AttentionProblem): Float32Array {
  const dims = Math.ceil(headDim / 4);
  const ordered = new Float32Array(heads * dims * seqLen * 4);
  for (let h = 0; h < heads; h++) {
    for (let j = 0; j < seqLen; j++) {
      for (let d = 0; d < headDim; d++) {
        ordered[((h * dims + (d >> 2)) * seqLen + j) * 4 + (d & 3)] = K[(h * seqLen + j) * headDim + d];
      }
    }
  }
  return ordered;
}

/** V [heads,seqLen,headDim] with zeros up to whole vec4s. */
function paddedRows(V: Float32Array, { heads, seqLen, headDim }: AttentionProblem): Float32Array {
  const paddedDim = roundUp(headDim, 4);
  const padded = new Float32Array(heads * seqLen * paddedDim);
  for (let row = 0; row < heads * seqLen; row++) {
    padded.set(V.subarray(row * headDim, (row + 1) * headDim), row * paddedDim);
  }
  return padded;
}
