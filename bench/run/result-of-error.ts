import type { Weighed } from '../contract/case-result.ts';

/** A thrown error as the result of its case; the stack goes to stderr (or the page's console), which --debug shows. */
export function resultOfError(error: unknown): Weighed {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  console.error(stack);
  const isMemory =
    (error instanceof RangeError && /allocation failed|out of memory|Invalid typed array length/i.test(message)) ||
    DEVICE_MEMORY.test(message);
  return { status: isMemory ? 'oom' : 'error', reason: message };
}

/** The words of tare's WebGPU façade, and of gpu.js about a buffer its device does not allow. */
const DEVICE_MEMORY = /^WebGPU: out of memory|needs \d+ bytes but this device allows/;
