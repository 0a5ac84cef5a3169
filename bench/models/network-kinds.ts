// Where whole networks run: where what lies between their products runs too.
import type { KernelKind } from '../contract/runtimes/runtimes.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';

/** Throws UnsupportedError on kinds of kernels that no network runs on. */
export function mustRunNetworks(kind: KernelKind): asserts kind is 'ts' | 'wasm' {
  const reason = whyNoNetwork(kind);
  if (reason !== undefined) throw new UnsupportedError(reason);
}

export function whyNoNetwork(kind: KernelKind): string | undefined {
  if (kind === 'ts' || kind === 'wasm') return undefined;
  return `whole networks run in TypeScript and WebAssembly only: through ${kind}, activations would cross over and back at every layer`;
}
