// The device's own clock: gpu.js begins a compute pass for each kernel, and here the first one of many runs is told to
// note when it begins, the last one when it ends. All their commands are submitted at once, so that the device never
// waits for the host between them.
import type { DeviceSpan } from '../contract/runtimes/device-span.ts';

// Values of the WebGPU specification; the enumeration exists only where WebGPU is a global.
const USAGE = { mapRead: 0x1, copySrc: 0x4, copyDst: 0x8, queryResolve: 0x200 };
const MAP_MODE_READ = 1;
const STAMPS = 2;
const STAMP_BYTES = 16;

export function hasClock(device: GPUDevice): boolean {
  return device.features.has('timestamp-query');
}

/** How many compute passes `encode` begins; their commands are submitted. */
export async function countPasses(device: GPUDevice, encode: () => Promise<void>): Promise<number> {
  let passes = 0;
  const commands = await capture(device, encode, () => {
    passes++;
    return undefined;
  });
  device.queue.submit(commands);
  return passes;
}

/** From the beginning of the first to the end of the last of so many passes. */
export async function timePasses(device: GPUDevice, passes: number, encode: () => Promise<void>): Promise<DeviceSpan> {
  const querySet = device.createQuerySet({ type: 'timestamp', count: STAMPS });
  const resolved = device.createBuffer({ size: STAMP_BYTES, usage: USAGE.queryResolve | USAGE.copySrc });
  const staging = device.createBuffer({ size: STAMP_BYTES, usage: USAGE.mapRead | USAGE.copyDst });
  let pass = 0;
  const commands = await capture(device, encode, () => {
    const isFirst = pass === 0;
    const isLast = ++pass === passes;
    if (!isFirst && !isLast) return undefined;
    return {
      querySet,
      ...(isFirst && { beginningOfPassWriteIndex: 0 }),
      ...(isLast && { endOfPassWriteIndex: 1 }),
    };
  });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(querySet, 0, STAMPS, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, staging, 0, STAMP_BYTES);
  device.queue.submit([...commands, encoder.finish()]);
  await staging.mapAsync(MAP_MODE_READ);
  const [begin, end] = new BigUint64Array(staging.getMappedRange().slice(0));
  for (const owned of [querySet, resolved, staging]) owned.destroy();
  return { begin, end };
}

/**
 * Runs `encode` with nothing submitted: the command buffers it would have submitted are returned instead. Its compute
 * passes write the timestamps that `writesOfNext` tells.
 */
async function capture(
  device: GPUDevice,
  encode: () => Promise<void>,
  writesOfNext: () => GPUComputePassTimestampWrites | undefined,
): Promise<GPUCommandBuffer[]> {
  // Neither the queue nor an encoder need be the same object whenever asked for, but they share a prototype.
  const queues: GPUQueue = Object.getPrototypeOf(device.queue);
  const encoders: GPUCommandEncoder = Object.getPrototypeOf(device.createCommandEncoder());
  const { submit } = queues;
  const { beginComputePass } = encoders;
  const captured: GPUCommandBuffer[] = [];
  queues.submit = (commands) => {
    captured.push(...commands);
  };
  encoders.beginComputePass = function (this: GPUCommandEncoder, descriptor) {
    const timestampWrites = writesOfNext();
    return beginComputePass.call(this, timestampWrites === undefined ? descriptor : { ...descriptor, timestampWrites });
  };
  try {
    await encode();
  } finally {
    queues.submit = submit;
    encoders.beginComputePass = beginComputePass;
  }
  return captured;
}
