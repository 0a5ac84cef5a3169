/** Weights as they come. */
export interface DenseWeights {
  /** [N,K] f32 */
  readonly values: Float32Array;
}
