/** Activations of the layer on other inputs than those it is measured on, for methods that look at them before they choose. */
export interface Calibration {
  /** [rows,K] */
  readonly X: Float32Array;
  readonly rows: number;
}
