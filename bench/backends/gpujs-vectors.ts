// Vectors in the webgpu mode, whose generated WGSL knows arrays of single f32 values only: that text is rewritten before
// it is compiled. The one place where an array is declared and the one where it is read must be found. Where a variable of
// four values or an element of one were missed, the text would not compile.
import type { GpuJsKernel } from './gpujs-library.ts';
import { assertCarried } from './gpujs-wgsl.ts';

/** An array by its name in the generated text. */
export interface VectorArray {
  readonly name: string;
  /** x counts fours. */
  readonly extents: readonly number[];
  readonly isBytes: boolean;
}

/** To be called before the first call of the kernel; what it returns, to assert after that that it had its effect. */
export function readVectors(kernel: GpuJsKernel, arrays: readonly VectorArray[]): () => void {
  const generate = kernel.assembleWGSL!.bind(kernel);
  let text = '';
  const assembleWGSL = () => {
    text = withVectors(generate(), arrays);
    return text;
  };
  Object.assign(kernel, { assembleWGSL });
  return () => assertCarried(kernel, text);
}

export function withVectors(wgsl: string, arrays: readonly VectorArray[]): string {
  return arrays.reduce((text, array) => withVectorLocals(withVectorReads(text, array), array), wgsl);
}

function withVectorReads(wgsl: string, { name, extents: [x, y = 1], isBytes }: VectorArray): string {
  const four = `${name}[u32(x + ${x} * (y + ${y} * z))]`;
  const declared = replaceOnce(wgsl, `( ${name} : array)<f32>;`, `$1<${isBytes ? 'u32' : 'vec4f'}>;`);
  return replaceOnce(
    declared,
    `(fn get_${name}\\(z : i32, y : i32, x : i32\\) ->) f32 {\\s+return ${name}\\[.*];`,
    `$1 vec4f {\n  return ${isBytes ? `unpack4x8unorm(${four})` : four};`,
  );
}

function withVectorLocals(wgsl: string, { name }: VectorArray): string {
  const declarations = new RegExp(`var (\\w+) : f32 = (?=get_${name}\\()`, 'g');
  const locals = new Set(Array.from(wgsl.matchAll(declarations), ([, local]) => local));
  const elements = new RegExp(`get_(${[...locals].join('|')})\\(0, 0, (\\d)\\)`, 'g');
  return wgsl.replace(declarations, 'var $1 : vec4f = ').replace(elements, '$1[$2]');
}

function replaceOnce(text: string, pattern: string, by: string): string {
  const count = Array.from(text.matchAll(new RegExp(pattern, 'g'))).length;
  if (count === 1) return text.replace(new RegExp(pattern), by);
  throw new Error(`gpu.js: its WGSL must match ${pattern} once, got ${count} matches: the internals of gpu.js changed`);
}
