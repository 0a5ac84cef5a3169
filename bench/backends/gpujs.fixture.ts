// What the façade does in one mode, for its test to look at. The modes of a GPU need a process of their own, started with
// the environment that names the driver; run as a program, this prints its observations there.
import { createRequire } from 'node:module';
import type { Gpu, GpuMode, Thread } from '../contract/runtimes/gpujs.ts';
import { openGpu } from './gpujs.ts';
import { loadGpuJs } from './gpujs-library.ts';

export async function observe(mode: GpuMode) {
  const allocated = await countAllocations(mode);
  const gpu = await openGpu(mode);
  const observations = {
    ...(await observeLongLoop(gpu)),
    ...(await observeChain(gpu, allocated)),
    ...(await observeRepeat(gpu)),
  };
  await gpu.close();
  return observations;
}

/** 3000 ones, in a loop whose bound no compiler knows; and an upload of the wrong length. */
async function observeLongLoop(gpu: Gpu) {
  const program = gpu.createProgram();
  const bound = program.input([1]);
  const sum = await program.step(countTo, { threads: [4], constants: {}, inputs: [bound] });
  await program.upload(bound, new Float32Array([3000]));
  await program.run();
  const longSum = (await program.read(sum))[0];
  let refusal = '';
  try {
    await program.upload(bound, new Float32Array(2));
  } catch (error) {
    refusal = String(error);
  }
  program.dispose();
  return { longSum, refusal };
}

/** A kernel that returns four values and one that reads them; bytes on the device as told and as really allocated. */
async function observeChain(gpu: Gpu, allocated: { readonly bytes: number }) {
  const before = allocated.bytes;
  const program = gpu.createProgram();
  const x = program.input([2, 3]);
  const weights = { size: [2], values: new Float32Array([10, 100]) } as const;
  const multiples = await program.step(multiply, { threads: [2, 3], constants: { weights }, inputs: [x] });
  const sums = await program.step(addUp, { threads: [2, 3], constants: {}, inputs: [multiples] });
  await program.upload(x, new Float32Array([1, 2, 3, 4, 5, 6]));
  await program.run();
  const chained = [...(await program.read(sums))];
  const fourth = [...(await program.read(multiples))].slice(0, 8);
  await program.upload(x, new Float32Array(6).fill(1));
  await program.run();
  const again = [...(await program.read(sums))];
  const { deviceBytes, residentBytes, intermediateBytes } = program;
  const allocatedBytes = allocated.bytes - before;
  program.dispose();
  return { chained, fourth, again, deviceBytes, allocatedBytes, residentBytes, intermediateBytes };
}

/** A sum over five iterations, carried on from one to the next, of two runs. */
async function observeRepeat(gpu: Gpu) {
  const program = gpu.createProgram();
  const soFar = program.input([4, 1]);
  let last = soFar;
  await program.repeat(5, async (iteration) => {
    last = await program.step(addIteration, { threads: [1], constants: {}, inputs: [soFar, iteration] });
    return [{ from: last, to: soFar }];
  });
  await program.run();
  const once = (await program.read(last))[3];
  await program.run();
  const twice = (await program.read(last))[3];
  program.dispose();
  return { once, twice };
}

function countTo(this: Thread<Record<never, never>>, bound: number[]): number {
  let sum = 0;
  for (let i = 0; i < bound[0]; i++) sum += 1;
  return sum;
}

function multiply(this: Thread<{ weights: number[] }>, x: number[][]): number[] {
  const value = x[this.thread.y][this.thread.x] * this.constants.weights[this.thread.x];
  return [value, value * 2, value * 3, value * 4];
}

function addUp(this: Thread<Record<never, never>>, multiples: number[][][]): number {
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += multiples[this.thread.y][this.thread.x][i];
  return sum;
}

function addIteration(this: Thread<Record<never, never>>, soFar: number[][], iteration: number[]): number[] {
  const x = this.thread.x;
  return [soFar[x][0], soFar[x][1], soFar[x][2], soFar[x][3] + iteration[0]];
}

/** Counts what is allocated on the device from now on, where the mode has one. */
async function countAllocations(mode: GpuMode): Promise<{ readonly bytes: number }> {
  if (mode === 'webgpu') return countDeviceBuffers();
  return mode === 'headlessgl' ? countTextures() : { bytes: 0 };
}

async function countDeviceBuffers(): Promise<{ bytes: number }> {
  const { globals } = await import('webgpu');
  const allocated = { bytes: 0 };
  const { prototype } = Reflect.get(globals, 'GPUDevice') as { prototype: GPUDevice };
  const { createBuffer } = prototype;
  prototype.createBuffer = function (this: GPUDevice, descriptor: GPUBufferDescriptor) {
    allocated.bytes += descriptor.size;
    return createBuffer.call(this, descriptor);
  };
  return allocated;
}

/** Textures of four f32 channels, and the rectangles that kernels draw. */
function countTextures(): { bytes: number } {
  const requireGl = createRequire(new URL('../../.headlessgl/package.json', import.meta.url));
  const { prototype } = requireGl('gl/src/javascript/webgl-rendering-context').WebGLRenderingContext;
  const allocated = { bytes: 0 };
  const { texImage2D, bufferData } = prototype;
  prototype.texImage2D = function (...args: number[]) {
    const [, , , width, height, , , type] = args;
    if (type === this.FLOAT) allocated.bytes += width * height * 16;
    return texImage2D.apply(this, args);
  };
  prototype.bufferData = function (target: number, size: number, usage: number) {
    allocated.bytes += size;
    return bufferData.call(this, target, size, usage);
  };
  return allocated;
}

/** What the modes of a GPU alone do: four values read at once, in a run of kernels built before others went. */
async function observeVectors(mode: GpuMode) {
  const gpu = await openGpu(mode);
  const program = gpu.createProgram();
  const x = program.input([4, 2]);
  const inputs = [{ vectors: x }] as const;
  const values = new Float32Array([1, 10, 100, 1000, 2, 20, 200, 2000]);
  const weights = { vectors: { size: [4, 2], values } } as const;
  const dots = await program.step(dot, { threads: [2], constants: { weights }, inputs });
  const bytes = { vectors: { size: [4, 2], bytes: new Uint8Array([0, 1, 127, 128, 129, 254, 255, 7]) } } as const;
  const scaled = await program.step(scaleBytes, { threads: [1, 2], constants: { bytes }, inputs });
  const copy = await program.step(copyFour, { threads: [1, 2], constants: {}, inputs: [{ vectors: scaled }] });
  const other = gpu.createProgram();
  await other.step(countTo, { threads: [4], constants: {}, inputs: [other.input([1])] });
  other.dispose();
  await program.upload(x, new Float32Array([1, 2, 3, 4, 5, 6, 7, 8]));
  await program.run();
  const vectorDots = [...(await program.read(dots))];
  const scaledBytes = [...(await program.read(copy))];
  const { residentBytes } = program;
  program.dispose();
  await gpu.close();
  return { vectorDots, scaledBytes, vectorBytes: residentBytes };
}

async function observeTooLarge(): Promise<string> {
  const gpu = await openGpu('headlessgl');
  try {
    gpu.createProgram().input([2 ** 31]);
    return '';
  } catch (error) {
    return String(error);
  }
}

function scaleBytes(this: Thread<{ bytes: number[][][] }>, x: number[][][]): number[] {
  const a = x[this.thread.y][0];
  const b = this.constants.bytes[this.thread.y][0];
  return [
    a[0] * Math.floor(b[0] * 255 + 0.5),
    a[1] * Math.floor(b[1] * 255 + 0.5),
    a[2] * Math.floor(b[2] * 255 + 0.5),
    a[3] * Math.floor(b[3] * 255 + 0.5),
  ];
}

function copyFour(this: Thread<Record<never, never>>, x: number[][][]): number[] {
  const a = x[this.thread.y][this.thread.x];
  return [a[0], a[1], a[2], a[3]];
}

function dot(this: Thread<{ weights: number[][][] }>, x: number[][][]): number {
  const a = x[this.thread.x][0];
  const b = this.constants.weights[this.thread.x][0];
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
}

async function observeLoss(): Promise<string> {
  const gpu = await openGpu('webgpu');
  const program = gpu.createProgram();
  const bound = program.input([1]);
  await program.step(countTo, { threads: [4], constants: {}, inputs: [bound] });
  const { device } = await (await loadGpuJs()).WebGPUContext.acquire();
  device.destroy();
  await device.lost;
  return String(await program.run()?.then(() => 'ran', String));
}

async function observeInvalid(): Promise<string> {
  const gpu = await openGpu('webgpu');
  const program = gpu.createProgram();
  const bound = program.input([1]);
  await program.step(countTo, { threads: [4], constants: {}, inputs: [bound] });
  const { device } = await (await loadGpuJs()).WebGPUContext.acquire();
  // A copy out of range, which WebGPU reports to nobody in particular.
  const buffer = device.createBuffer({ size: 4, usage: 8 });
  device.queue.writeBuffer(buffer, 64, new Float32Array(4));
  return String(await program.run()?.then(() => 'ran', String));
}

if (import.meta.main) {
  const mode = process.argv[2] as 'webgpu' | 'headlessgl';
  const common = { ...(await observe(mode)), ...(await observeVectors(mode)) };
  const observations =
    mode === 'webgpu'
      ? { ...common, invalid: await observeInvalid(), loss: await observeLoss() }
      : { ...common, tooLarge: await observeTooLarge() };
  process.stdout.write(`\n${JSON.stringify(observations)}`, () => process.exit());
}
