// jax-js as kernels find it.

/** The part of @jax-js/jax that is used here. Operations take their operands over; `ref` keeps one for oneself. */
export interface Jax {
  readonly numpy: {
    array(values: Float32Array, options: { shape: readonly number[] }): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
  };
  readonly nn: { softmax(x: JaxArray, axis: number): JaxArray };
  /** Traces the function once for each shape and fuses what can be fused. */
  jit<Arguments extends readonly JaxArray[]>(body: (...args: Arguments) => JaxArray): Jitted<Arguments>;
}

export interface Jitted<Arguments extends readonly JaxArray[]> {
  (...args: Arguments): JaxArray;
  dispose(): void;
}

export interface JaxArray {
  readonly ref: JaxArray;
  mul(factor: number): JaxArray;
  add(other: JaxArray): JaxArray;
  /** Operations are lazy: the work is done in here. */
  blockUntilReady(): Promise<JaxArray>;
  /** Disposes of the array. */
  dataSync(): Float32Array;
  dispose(): void;
}
