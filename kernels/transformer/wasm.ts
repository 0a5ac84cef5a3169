// What lies between the linear layers of a network, in WebAssembly: in the memory that the layers' kernels have too, so that
// it writes where they read.
import type { CacheFormat } from '../../bench/contract/kv-cache.ts';
import type { Op } from '../../bench/contract/problem.ts';
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { PreparedKernel } from '../../bench/contract/technique.ts';
import type { HeadsOf, PlacedLinear, Step, Transformer, TransformerShape } from '../../bench/contract/transformer.ts';
import { UnsupportedError } from '../../bench/contract/unsupported-error.ts';
import { CONSTANTS_BYTES, KEYS } from '../kv-cache/blocks.ts';
import { BLOCK } from '../kv-cache/cache.ts';
import { bitsOf, blockBytes } from '../kv-cache/formats.ts';
import { prefillScratch, sharedPanels } from '../kv-cache/wasm.ts';
import { paddedRows } from '../panels.ts';
import { hadamardBlock } from '../transforms/hadamard.ts';
import { PART_KEYS, TILE_KEYS } from './blocks.ts';
import { mergeFound } from './largest.ts';
import { openRecorder, type Recorder } from './program.ts';

/** Rows of f32 from an address on, `stride` values apart; what is written there is to be divided by the divisors first. */
export interface WasmSlot {
  readonly at: number;
  readonly stride: number;
  readonly divisors?: Float32Array;
}

/** Threads that wrote to one line would slow each other. */
const CACHE_LINE = 64;
const SWIGLU_CONSTANTS_BYTES = 36;
/** Of a norm: queries, keys and values. */
const MAX_TARGETS = 3;

/**
 * The transformer and the runtimes on which its linear layers' kernels must be prepared: those of layers in the same role, of
 * which one runs long after the other, share scratch.
 */
export async function wasmTransformer(
  shape: TransformerShape,
  wasm: Wasm,
): Promise<{ readonly transformer: Transformer<WasmSlot>; runtimeOf(role: string): Wasm }> {
  const opened = await wasm.open('transformer');
  const recorder = openRecorder(opened, wasm);
  const module = recorder.listenTo(opened);
  const pools = new Map<string, Scratch[]>();
  const saved = { bytes: 0 };
  const runtimeOf = (role: string): Wasm => {
    const pool = pools.get(role) ?? [];
    pools.set(role, pool);
    const open = async (technique: string) =>
      withScratchOf(pool, saved, recorder.listenTo(await module.beside(technique)));
    return { ...wasm, open };
  };
  return { transformer: transformerOf(shape, wasm, module, recorder, { pools, saved }), runtimeOf };
}

interface Shared {
  /** Scratch of layers by their roles. */
  readonly pools: Map<string, Scratch[]>;
  /** What sharing saves. */
  readonly saved: { bytes: number };
}

interface Scratch {
  readonly at: number;
  readonly bytes: number;
}

/** A kernel's first scratch is its neighbours' first, and so on, where it is as large. */
function withScratchOf(pool: Scratch[], saved: { bytes: number }, module: WasmModule): WasmModule {
  let next = 0;
  const scratch = (bytes: number) => {
    const own = next++;
    const shared = pool[own];
    if (shared !== undefined && shared.bytes >= bytes) {
      saved.bytes += bytes;
      return shared.at;
    }
    pool[own] = { at: module.allocate(bytes), bytes };
    return pool[own].at;
  };
  return { ...module, scratch };
}

function transformerOf(
  shape: TransformerShape,
  { NR, threads }: Wasm,
  module: WasmModule,
  recorder: Recorder,
  { pools, saved }: Shared,
): Transformer<WasmSlot> {
  const { maxRows, capacity, heads, keyValueHeads, headDim, normEpsilon, rotation, cache } = shape;
  let cacheBytes = 0;
  let workspaceBytes = 0;
  const allocate = (bytes: number) => {
    workspaceBytes += bytes;
    return module.allocate(bytes);
  };
  const place = (values: Float32Array) => {
    const at = module.allocate(values.byteLength);
    module.f32(at, values.length).set(values);
    return at;
  };
  const placeIfAny = (values: Float32Array | undefined) => (values === undefined ? 0 : place(values));
  const slot = (columns: number): WasmSlot => ({ at: allocate(4 * maxRows * columns), stride: columns });

  const span = module.allocate(8);
  const spanWords = module.i32(span, 2);
  /** Those that call kernels alone, and always with the same arguments. */
  const recordable = new Set<Step>();
  const step = (run: () => void): Step => {
    const itself: Step = ({ rows, position }) => {
      spanWords[0] = rows;
      spanWords[1] = position;
      run();
    };
    recordable.add(itself);
    return itself;
  };
  const headsAt = ({ Y, bias, norm }: HeadsOf<WasmSlot>) => {
    const at = module.allocate(16);
    module.i32(at, 4).set([Y.at, Y.stride, placeIfAny(bias), placeIfAny(norm)]);
    return at;
  };
  const epsilon = place(Float32Array.of(normEpsilon));
  const [cos, sin] = [place(rotation.cos), place(rotation.sin)];
  const swigluConstants = module.allocate(SWIGLU_CONSTANTS_BYTES);
  module.run('writeSwigluConstants', 1, swigluConstants);
  const groups = Math.ceil(headDim / BLOCK);
  const dims = groups * BLOCK;
  const isOneRow = maxRows === 1;
  const panels = isOneRow ? 0 : sharedPanels({ heads, M: maxRows, headDim }, { NR, threads });
  const ownBytes = isOneRow ? 8 * (2 * NR + PART_KEYS + dims) : prefillScratch(headDim, TILE_KEYS, panels, NR);
  const scratchBytes = paddedRows(CONSTANTS_BYTES + ownBytes, CACHE_LINE);
  const scratch = allocate(threads * scratchBytes);
  module.run('writeScratch', threads, scratch, scratchBytes);
  // What queries become and what is made of them; of one row, what parts of the keys make of them, and that together.
  const before = allocate(
    4 * heads * (isOneRow ? Math.ceil(capacity / PART_KEYS) * (2 * NR + dims) : maxRows * headDim),
  );
  const after = allocate(4 * heads * (isOneRow ? dims : maxRows * headDim));
  const taken = module.allocate(4);
  const fours = Math.ceil(capacity / KEYS);
  const hadamard = cache.isTurned ? (hadamardBlock(headDim) ?? 0) : 0;
  const placeBlocks = (format: CacheFormat) => {
    const bytes = keyValueHeads * fours * groups * blockBytes(format);
    cacheBytes += bytes;
    return module.allocate(bytes);
  };

  return {
    slot,
    write({ at, stride, divisors }, row, values) {
      const into = module.f32(at + 4 * row * stride, values.length);
      if (divisors === undefined) into.set(values);
      else for (let k = 0; k < values.length; k++) into[k] = values[k] / divisors[k];
    },
    read: ({ at, stride }, row, length) => module.f32(at + 4 * row * stride, length),
    linear(kernel, rows, N, K) {
      const placed = placeLinear(module, kernel, rows, N, K);
      return kernel.places === undefined ? placed : { ...placed, run: step(() => placed.run({ rows, position: 0 })) };
    },
    norm(x, added, weight, to) {
      const weights = place(weight);
      const sum = [added?.Y.at ?? 0, added?.Y.stride ?? 0, placeIfAny(added?.bias)];
      const targets = Array.from({ length: MAX_TARGETS }, (_, i) => {
        if (i >= to.length) return [0, 0];
        const { at, divisors } = to[i];
        return [divisors === undefined ? weights : place(weight.map((w, k) => w / divisors[k])), at];
      });
      const args = [x.at, weight.length, ...sum, epsilon, ...targets.flat()];
      return step(() => module.run('normRows', maxRows, span, ...args));
    },
    attention(queries, keys, values, to) {
      const [K, V] = [placeBlocks(cache.keys), placeBlocks(cache.values)];
      const words = [
        ...[headsAt(queries), headsAt(keys), headsAt(values), heads, keyValueHeads, headDim, capacity, K, V],
        ...[bitsOf[cache.keys], bitsOf[cache.values], hadamard, epsilon, cos, sin, NR],
      ];
      const itself = module.allocate(4 * words.length);
      module.i32(itself, words.length).set(words);
      const factors = placeIfAny(to.divisors?.map((divisor) => 1 / divisor));
      const known = [span, taken, itself];
      if (isOneRow)
        return step(() => {
          module.run('attendOne', threads, ...known, scratch, scratchBytes, before);
          module.run('combineParts', heads, ...known, before, after, to.at, factors);
        });
      return step(() => {
        module.run('takeHeads', threads, threads, span, itself, scratch, scratchBytes, before, maxRows);
        module.run('attendMany', threads, ...known, scratch, scratchBytes, before, after, maxRows, panels);
        module.run('spreadHeads', maxRows * heads, ...known, after, maxRows, to.at, factors);
      });
    },
    gate: (activation, gate, up, columns, to) => {
      const factors = placeIfAny(to.divisors?.map((divisor) => 1 / divisor));
      const args = [gate.at, gate.stride, up.at, up.stride, to.at, columns, factors];
      if (activation === 'relu') return step(() => module.run('reglu', maxRows, span, ...args));
      return step(() => module.run('swiglu', maxRows, span, ...args, swigluConstants));
    },
    largest(Y, less, count, rows) {
      const words = 2 * count;
      const found = allocate(4 * rows * threads * words);
      const lessAt = place(less);
      const args = [Y.at, Y.stride, lessAt, less.length, threads, count, found];
      return {
        run: step(() => module.run('largest', rows * threads, span, ...args)),
        read(row) {
          const lists = Array.from({ length: threads }, (_, part) => {
            const at = found + 4 * (row * threads + part) * words;
            const [values, indices] = [module.f32(at, count), module.i32(at + 4 * count, count)];
            return Array.from(values, (value, i) => ({ value, index: indices[i] }));
          });
          return mergeFound(
            lists.flat().filter(({ value }) => value > Number.NEGATIVE_INFINITY),
            count,
          );
        },
      };
    },
    join(stages) {
      const steps: Step[] = [];
      let together: (readonly Step[])[] = [];
      const record = () => {
        if (together.length === 0) return;
        const nothing = { rows: 0, position: 0 };
        const program = recorder.record(together.map((stage) => stage.map((each) => () => each(nothing))));
        steps.push(step(program));
        together = [];
      };
      for (const stage of stages) {
        if (stage.every((each) => recordable.has(each))) together.push(stage);
        else {
          record();
          steps.push(...stage);
        }
      }
      record();
      return (given) => {
        for (const each of steps) each(given);
      };
    },
    mark() {
      const release = module.mark();
      const before = { cacheBytes, workspaceBytes, saved: saved.bytes };
      const scratchOf = new Map([...pools].map(([role, pool]) => [role, [...pool]]));
      return () => {
        release();
        cacheBytes = before.cacheBytes;
        workspaceBytes = before.workspaceBytes;
        saved.bytes = before.saved;
        for (const [role, pool] of pools) pool.splice(0, pool.length, ...(scratchOf.get(role) ?? []));
      };
    },
    kvCacheBytes: () => cacheBytes,
    workspaceBytes: () => workspaceBytes - saved.bytes,
    dispose: module.close,
  };
}

/** In the kernel's own places where it tells them, else copied to and fro. */
function placeLinear(
  module: WasmModule,
  kernel: PreparedKernel<Op>,
  rows: number,
  N: number,
  K: number,
): PlacedLinear<WasmSlot> {
  const finish = (done: unknown) => {
    if (done !== undefined)
      throw new UnsupportedError('model: kernels must be finished when they return, got one that promises to be');
  };
  const { places } = kernel;
  if (places !== undefined) {
    const X = { at: places.X, stride: K, divisors: places.divisors };
    return { X, Y: { at: places.Y, stride: places.ldY }, run: () => finish(kernel.run()) };
  }
  const X = { at: module.allocate(4 * rows * K), stride: K };
  const Y = { at: module.allocate(4 * rows * N), stride: N };
  const run = () => {
    finish(kernel.upload({ X: module.f32(X.at, rows * K) }));
    finish(kernel.run());
    const output = kernel.readOutput();
    if (!(output instanceof Float32Array)) return finish(output);
    module.f32(Y.at, rows * N).set(output);
  };
  return { X, Y, run };
}
