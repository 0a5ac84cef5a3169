import type { CaseResult } from './run-case.ts';

/** A thrown error as the result of its case; the stack goes to stderr, which --debug shows. */
export function resultOfError(error: unknown): CaseResult {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${stack}\n`);
  const isMemory =
    error instanceof RangeError && /allocation failed|out of memory|Invalid typed array length/i.test(message);
  return { status: isMemory ? 'oom' : 'error', reason: message };
}
