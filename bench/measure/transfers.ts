// What moving data to and from a device costs, beside the computing.
import type { DeviceTimes } from '../contract/case-result.ts';
import type { ActivationsOf, Op } from '../contract/problem.ts';
import type { PreparedKernel } from '../contract/technique.ts';
import { quantile } from '../statistics/quantile.ts';

const REPEATS = 7;

/** Uploads and reads back by turns, a run between them so that the output is new each time. */
export async function timeTransfers(kernel: PreparedKernel<Op>, activations: ActivationsOf<Op>): Promise<DeviceTimes> {
  const uploads: number[] = [];
  const readbacks: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    uploads.push(await timeNs(() => kernel.upload(activations)));
    await kernel.run();
    readbacks.push(await timeNs(() => kernel.readOutput()));
  }
  return { uploadNs: quantile(uploads, 0.5), readbackNs: quantile(readbacks, 0.5) };
}

async function timeNs(step: () => unknown): Promise<number> {
  const start = performance.now();
  await step();
  return (performance.now() - start) * 1e6;
}
