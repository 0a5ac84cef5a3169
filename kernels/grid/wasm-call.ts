// A call of a grid kernel in WebAssembly, as its parts see it.
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import type { GridContext } from './context.ts';
import type { PlacedWeights } from './wasm-weights.ts';

/** A part of a call, and what it holds beside weights, activations and output. */
export interface Part {
  run(): void;
  readonly scratchBytes: number;
}

export interface Call {
  readonly module: WasmModule;
  readonly context: GridContext<Wasm>;
  readonly weights: PlacedWeights;
  /** [M,K] f32, a single row filled up with zeros to whole blocks. */
  readonly X: number;
  readonly rowBytes: number;
  readonly Y: number;
  readonly ldY: number;
}

export interface Product {
  readonly parts: readonly Part[];
  /** X as the weights met it, in panels of MR rows; in steps of its own where the product has no use for it. */
  presented(): { readonly parts: readonly Part[]; readonly panels: number };
}
