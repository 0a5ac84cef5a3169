// Hand-written WGSL carried through gpu.js: the kernel, its buffers, pipeline and dispatch are gpu.js's, the shader's
// text and the number of workgroups are ours. What is overridden is internal to gpu.js, so a kernel is refused unless
// the text it compiled is the text it was given.
import type { ResidentValues, Shader } from '../contract/runtimes/wgsl.ts';
import type { GpuJsKernel } from './gpujs-library.ts';

/** Members of gpu.js's kernels that are overridden here; as in its version 2.24.1. */
interface Overrides {
  assembleWGSL(): string;
  _computeDispatch(): { readonly groups: readonly number[]; readonly dispatchWidth: number };
}

/** gpu.js wants a function to translate: one with as many arguments as the shader has inputs. */
export function stubSource({ inputs }: Shader): string {
  return `function shader(${Object.keys(inputs)}) { return 0; }`;
}

/** The whole text to be compiled: gpu.js binds its own uniforms at 0, then inputs, the output and resident arrays. */
export function moduleText({ code, inputs, output, resident }: Shader): string {
  const declarations = [
    ...Object.entries(inputs).map(([name, [type]]) => `var<storage, read> ${name} : ${type};`),
    `var<storage, read_write> ${output[0]} : ${output[1]};`,
    ...Object.entries(resident).map(([name, [type]]) => `var<storage, read> ${name} : ${type};`),
  ];
  return [...declarations.map((text, i) => `@group(0) @binding(${i + 1}) ${text}`), code].join('\n');
}

/** To be called before the first call of the kernel, which compiles it. */
export function carry(kernel: GpuJsKernel, text: string, workgroups: Shader['workgroups']): void {
  Object.assign(kernel, {
    assembleWGSL: () => text,
    _computeDispatch: () => ({ groups: workgroups, dispatchWidth: 0 }),
  } satisfies Overrides);
}

/** To be asked after the first call. */
export function assertCarried({ compiledSource }: { readonly compiledSource?: unknown }, text: string): void {
  if (compiledSource === text) return;
  throw new Error('gpu.js: a kernel must compile the WGSL it was given, got its own: the internals of gpu.js changed');
}

/** The bytes of `values` as f32 words that gpu.js copies as they are, filled up to whole vec4s and never empty. */
export function residentWords({ buffer, byteOffset, byteLength }: ResidentValues): Float32Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(16, Math.ceil(byteLength / 16) * 16));
  bytes.set(new Uint8Array(buffer, byteOffset, byteLength));
  return new Float32Array(bytes.buffer);
}
