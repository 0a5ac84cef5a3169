// Products with weights, forwards and backwards.
import type { Exports } from '../../backends/wasm-instance.ts';
import type { ModelConfig } from '../../contract/model.ts';
import type { ShardMemory } from './memory.ts';
import { adapterNames, parametersOf, sideBySide } from './parameters.ts';

/** Rows of f32 from an address on, `ld` values apart. */
export interface Rows {
  readonly at: number;
  readonly ld: number;
}

export interface Products {
  /** X [M,K], W [N,K] → Y [M,N], added to where `adds`. */
  forward(X: Rows, W: Rows, Y: Rows, M: number, N: number, K: number, adds: boolean): void;
  /** dY [M,N], W [N,K] → dX [M,K], added to where `adds`. */
  toInputs(dY: Rows, W: Rows, dX: Rows, M: number, N: number, K: number, adds: boolean): void;
  /** X [M,K], dY [M,N] → dW [N,K], added to. */
  toWeights(X: Rows, dY: Rows, dW: Rows, M: number, N: number, K: number): void;
}

/** Of a causal product a half is left out, as kernels/training/products.as.ts numbers it. */
const FULL = 0;

export function products(kernels: Exports, { panelsA, panelsB }: ShardMemory): Products {
  const multiply = (C: Rows, M: number, N: number, K: number, adds: boolean) =>
    kernels.multiply(panelsA, panelsB, C.at, C.ld, M, N, K, Number(adds), FULL);
  return {
    forward(X, W, Y, M, N, K, adds) {
      kernels.packRows(X.at, X.ld, panelsA, M, K);
      kernels.packColumns(W.at, W.ld, panelsB, N, K);
      multiply(Y, M, N, K, adds);
    },
    toInputs(dY, W, dX, M, N, K, adds) {
      kernels.packRows(dY.at, dY.ld, panelsA, M, N);
      kernels.packColumnsOfTranspose(W.at, W.ld, panelsB, K, N);
      multiply(dX, M, K, N, adds);
    },
    toWeights(X, dY, dW, M, N, K) {
      kernels.packRowsOfTranspose(dY.at, dY.ld, panelsA, N, M);
      kernels.packColumnsOfTranspose(X.at, X.ld, panelsB, K, M);
      multiply(dW, N, K, M, true);
    },
  };
}

/** Where weights lie by their names, and their gradients in a shard. */
export interface Places {
  weight(name: string): number;
  gradient(name: string): number;
  /** Of weights that are multiplied together, where any of them is. */
  isTrained(name: string): boolean;
}

/** A product with weights by their name: with those of the first where several lie side by side. Rows follow each other. */
export interface Linear {
  /** X [M,K] → Y [M,N], added to where `adds`. */
  forward(X: number, W: string, Y: number, M: number, N: number, K: number, adds?: boolean): void;
  /** dY [M,N] → dX [M,K]; what the weights learn is added to their gradients. */
  backward(X: number, W: string, dY: number, dX: number, M: number, N: number, K: number): void;
}

export function linearLayers(kernels: Exports, places: Places, shard: ShardMemory, beside?: Linear): Linear {
  const { weight, gradient, isTrained } = places;
  const { forward, toInputs, toWeights } = products(kernels, shard);
  return {
    forward(X, W, Y, M, N, K, adds = false) {
      forward({ at: X, ld: K }, { at: weight(W), ld: K }, { at: Y, ld: N }, M, N, K, adds);
      beside?.forward(X, W, Y, M, N, K);
    },
    backward(X, W, dY, dX, M, N, K) {
      toInputs({ at: dY, ld: N }, { at: weight(W), ld: K }, { at: dX, ld: K }, M, N, K, false);
      if (isTrained(W)) toWeights({ at: X, ld: K }, { at: dY, ld: N }, { at: gradient(W), ld: K }, M, N, K);
      beside?.backward(X, W, dY, dX, M, N, K);
    },
  };
}

/** Added to the product with those weights that have them: two thin factors beside each of the layers that lie side by side. */
export function adapterLayers(
  kernels: Exports,
  config: ModelConfig,
  rank: number,
  { weight, gradient }: Places,
  shard: ShardMemory,
): Linear {
  const { forward, toInputs, toWeights } = products(kernels, shard);
  const sizes = new Map(parametersOf(config).map(({ name, shape }) => [name, shape[0]]));
  const joint = new Map(
    sideBySide(config).map((names) => {
      let column = 0;
      const parts = names.map((name, i) => {
        const N = sizes.get(name)!;
        const part = { up: adapterNames(name).up, N, column, thin: i * rank };
        column += N;
        return part;
      });
      return [names[0], { down: adapterNames(names[0]).down, parts, width: names.length * rank }];
    }),
  );
  const dThin = shard.dAdapted;
  return {
    forward(X, W, Y, M, N, K) {
      const own = joint.get(W);
      if (own === undefined) return;
      const { down, parts, width } = own;
      const thin = shard.adapted[W];
      forward({ at: X, ld: K }, { at: weight(down), ld: K }, { at: thin, ld: width }, M, width, K, false);
      for (const { up, N: columns, column, thin: from } of parts) {
        const to = { at: Y + 4 * column, ld: N };
        forward({ at: thin + 4 * from, ld: width }, { at: weight(up), ld: rank }, to, M, columns, rank, true);
      }
    },
    backward(X, W, dY, dX, M, N, K) {
      const own = joint.get(W);
      if (own === undefined) return;
      const { down, parts, width } = own;
      for (const { up, N: columns, column, thin: from } of parts) {
        const slope = { at: dY + 4 * column, ld: N };
        const [made, toMade] = [shard.adapted[W], dThin].map((at) => ({ at: at + 4 * from, ld: width }));
        toInputs(slope, { at: weight(up), ld: rank }, toMade, M, columns, rank, false);
        toWeights(made, slope, { at: gradient(up), ld: rank }, M, columns, rank);
      }
      const slope = { at: dThin, ld: width };
      toInputs(slope, { at: weight(down), ld: K }, { at: dX, ld: K }, M, width, K, true);
      toWeights({ at: X, ld: K }, slope, { at: gradient(down), ld: K }, M, width, K);
    },
  };
}
