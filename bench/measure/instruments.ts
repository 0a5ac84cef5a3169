/** What samples are taken with; tests put their own in place of the machine's. */
export interface Instruments {
  /** Milliseconds since some moment. */
  now(): number;
  /** Smallest step of this clock. */
  readonly timerResolutionNs: number;
  /**
   * How often this process was preempted so far; missing where that can't be told, or where this thread doesn't do the
   * work itself.
   */
  readonly preemptions?: () => number;
  /** Missing where nothing tells whether the core is shared. */
  readonly canary?: Canary;
  /** Told when a side's turn begins, and by what it gives how many calls the turn had. */
  readonly beginTurn?: (side: number) => (calls: number) => void;
}

/** Tells whether the core works for this process alone, see canary/canary.ts. */
export interface Canary {
  /** How long some vector loads take now, ns. */
  loadsNs(): number;
  /** How long one cycle of the core takes now, ns. */
  cycleNs(): number;
}
