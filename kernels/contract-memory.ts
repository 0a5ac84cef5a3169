// How many bytes a kernel takes while it is prepared, counted from outside, so that what it says of its scratch can be checked.
import type { Op } from '../bench/contract/problem.ts';
import type { KernelKind, Runtimes } from '../bench/contract/runtimes/runtimes.ts';
import type { Wasm } from '../bench/contract/runtimes/wasm.ts';
import type { PreparedKernel } from '../bench/contract/technique.ts';

export interface Counted {
  readonly kernel: PreparedKernel<Op>;
  /** Undefined where it can't be told: another's runtime, or gpu.js on the host. */
  readonly heldBytes: number | undefined;
}

export async function prepareCounted(
  kind: KernelKind,
  runtime: Runtimes[KernelKind],
  prepare: (runtime: Runtimes[KernelKind]) => PreparedKernel<Op> | Promise<PreparedKernel<Op>>,
): Promise<Counted> {
  if (kind === 'wasm') return countAllocations(runtime as Wasm, prepare);
  if (kind === 'ts') return countTypedArrays(() => prepare(runtime));
  const kernel = await prepare(runtime);
  return { kernel, heldBytes: kernel.deviceBytes };
}

async function countAllocations(
  wasm: Wasm,
  prepare: (runtime: Wasm) => PreparedKernel<Op> | Promise<PreparedKernel<Op>>,
): Promise<Counted> {
  let heldBytes = 0;
  const open: Wasm['open'] = async (technique) => {
    const module = await wasm.open(technique);
    const counted = (take: (byteLength: number) => number) => (byteLength: number) => {
      heldBytes += byteLength;
      return take(byteLength);
    };
    return { ...module, allocate: counted(module.allocate), scratch: counted(module.scratch) };
  };
  return { kernel: await prepare({ ...wasm, open }), heldBytes };
}

const TYPED_ARRAYS = [
  'Float32Array',
  'Float64Array',
  'Int8Array',
  'Uint8Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
] as const;

/** Views of what is there already are made from a buffer and count for nothing. */
async function countTypedArrays(prepare: () => PreparedKernel<Op> | Promise<PreparedKernel<Op>>): Promise<Counted> {
  let heldBytes = 0;
  const construct = (target: new (...args: unknown[]) => ArrayBufferView, args: unknown[]) => {
    const array = new target(...args);
    if (!(args[0] instanceof ArrayBuffer)) heldBytes += array.byteLength;
    return array;
  };
  const own = TYPED_ARRAYS.map((name) => [name, globalThis[name]] as const);
  Object.assign(globalThis, Object.fromEntries(own.map(([name, made]) => [name, new Proxy(made, { construct })])));
  try {
    return { kernel: await prepare(), heldBytes };
  } finally {
    Object.assign(globalThis, Object.fromEntries(own));
  }
}
