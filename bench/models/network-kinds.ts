// Where whole networks run: where what lies between their products runs too.
import type { KernelKind } from '../contract/runtimes/runtimes.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';

/** Throws UnsupportedError on kinds of kernels that no network runs on. */
export function mustRunNetworks(kind: KernelKind): asserts kind is 'ts' | 'wasm' {
  if (kind === 'ts' || kind === 'wasm') return;
  throw new UnsupportedError(
    `whole networks run in TypeScript and WebAssembly only: through ${kind}, activations would cross over and back at every layer`,
  );
}
