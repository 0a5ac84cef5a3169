/** How long to measure one case. */
export interface Budget {
  /** Each side runs untimed for this long first: V8 tiers a kernel up over its first calls. */
  readonly warmupMs: number;
  /** All sides together, warm-up excluded. Slow kernels overrun it, and shared or busy machines up to twofold. */
  readonly measureMs: number;
  /** At most, unless fewer than half of them turn out well; slow kernels make fewer, but six if they can. */
  readonly rounds: number;
  /** As many even of slow kernels, whatever time that takes. */
  readonly minRounds?: number;
}
