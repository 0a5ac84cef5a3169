import type { Status, Weighed } from '../contract/case-result.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { visibleSentence } from '../contract/visible-text.ts';

/** A thrown error as the result of its case; the stack goes to stderr (or the page's console), which --debug shows. */
export function resultOfError(error: unknown): Weighed {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  console.error(stack);
  return { status: statusOf(error, message), reason: visibleSentence(String(message)) };
}

function statusOf(error: unknown, message: string): Status {
  if (error instanceof UnsupportedError || GPUJS_LIMIT.test(message)) return 'unsupported';
  const isMemory =
    error instanceof RangeError &&
    /allocation failed|out of memory|could not allocate memory|Invalid typed array length|unable to grow/i.test(
      message,
    );
  return isMemory || DEVICE_MEMORY.test(message) ? 'oom' : 'error';
}

/** What gpu.js itself says of a buffer or a texture that its device does not allow. */
const GPUJS_LIMIT = /needs \d+ bytes but this device allows|larger than maximum size of \d+ for your GPU/;
/** The words of tare's WebGPU façade where the device has no room left. */
const DEVICE_MEMORY = /^WebGPU: out of memory/;
