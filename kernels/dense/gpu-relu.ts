// Bias and ReLU at the end of a gpu.js kernel. Kernels are compiled from their own text, so what a kernel returns is altered there.
import type { Indexed, KernelSource } from '../../bench/contract/runtimes/gpujs.ts';

/** The kernel, returning relu(y + bias) for each of the outputs y that it returns; `columns` says which columns these are of. */
export function withRelu<C, Inputs extends readonly Indexed[]>(
  kernel: KernelSource<C, Inputs>,
  columns: readonly string[],
): KernelSource<C & { bias: number[] }, Inputs> {
  const text = kernel.toString().replace(/return\s*\[([^\]]*)\]/, (_, outputs: string) => {
    const [...sums] = outputs.split(',').map((name) => name.trim());
    return `return [${sums.map((sum, i) => `Math.max(0, ${sum} + this.constants.bias[${columns[i]}])`).join(', ')}]`;
  });
  return new Function(`return ${text}`)();
}

/** Columns of four outputs side by side, and of four that are of one column. */
export const FOUR_COLUMNS = [0, 1, 2, 3].map((i) => `this.thread.x * 4 + ${i}`);
export const ONE_COLUMN = [0, 1, 2, 3].map(() => 'this.thread.x');
