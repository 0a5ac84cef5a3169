// TensorFlow.js as kernels find it.

/** The part of @tensorflow/tfjs-core that is used here. */
export interface Tfjs {
  tensor(values: Float32Array, shape: readonly number[]): TfTensor;
  /**
   * Fast only for two matrices that are not transposed: XNNPACK takes those, and keeps `b` packed for the next call.
   * Everything else goes through a loop about ten times slower.
   */
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  mul(a: TfTensor, b: number): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  /** Along the last axis. */
  softmax(a: TfTensor): TfTensor;
  /** Disposes of all tensors `body` makes but the one it returns. */
  tidy(body: () => TfTensor): TfTensor;
}

export interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}
