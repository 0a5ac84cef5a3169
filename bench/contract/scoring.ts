/** What of a text is predicted at most. */
export interface Scoring {
  readonly tokens: number;
  /** Of both models together. */
  readonly flops: number;
}
