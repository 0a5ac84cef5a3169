/**
 * A kernel, its runtime or its device can't take a problem of this size, whatever is free: the case ends as an
 * `unsupported` row, which is no failure. Reads `subject: limit, got value`.
 */
export class UnsupportedError extends Error {
  override readonly name = 'UnsupportedError';
}
