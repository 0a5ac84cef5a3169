/** Keys and values as they come, each [heads, seqLen, headDim] f32. */
export interface KeyValues {
  readonly K: Float32Array;
  readonly V: Float32Array;
}
