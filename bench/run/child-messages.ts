// What a parent says to its child processes.

/** The answer goes back under the same id. */
export interface Asked {
  readonly id: string;
  readonly request: unknown;
}

/** The parent has no more to ask. Were it to disconnect instead, Node would never tell it that the child has ended. */
export const LEAVE = 'leave';
