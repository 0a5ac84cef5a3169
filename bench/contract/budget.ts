/** How long to measure one case. */
export interface Budget {
  /** Each side runs untimed for this long first: V8 tiers a kernel up over its first calls. */
  readonly warmupMs: number;
  /** All sides together, warm-up excluded; slow kernels overrun it by MIN_ROUNDS. */
  readonly measureMs: number;
  readonly rounds: number;
}
