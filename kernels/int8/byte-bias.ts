// How this machine computes the relaxed product of bytes.
import type { WasmModule } from '../../bench/contract/runtimes/wasm.ts';

const UNSIGNED = 4 * 127 * 255;
const SIGNED = 4 * 127 * -1;

/**
 * What must be added to int8 operands of the relaxed dot product's second side so that it is exact on them; undefined where nothing
 * helps. WebAssembly promises exact results for 7 bits only. x86 with VNNI computes 8 unsigned bits exactly, ARM 8
 * signed ones. x86 without VNNI saturates sums of two products at 16 bits, and is no faster than 16-bit products, which are
 * exact.
 */
export function byteBias(module: WasmModule): number | undefined {
  const result = module.allocate(48);
  module.i8(result + 16, 16).fill(127);
  module.u8(result + 32, 16).fill(255);
  module.run('probeDot', 1, result);
  const [sum] = module.i32(result, 1);
  if (sum === UNSIGNED) return 128;
  return sum === SIGNED ? 0 : undefined;
}
