// What a parent says to its child processes.

/** The answer goes back under the same id. */
export interface Asked {
  readonly id: string;
  readonly request: unknown;
}

/** What the child is at before it answers, under the same id. */
export interface Stage {
  readonly id: string;
  readonly stage: string;
}

/** The parent has no more to ask. Were it to disconnect instead, Node would never tell it that the child has ended. */
export const LEAVE = 'leave';
