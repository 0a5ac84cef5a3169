// Vectors in the GL modes: gpu.js reads a texel by its place in the whole array, of which it takes quotient and remainder by
// the texture's width at every read. Where a row of the array is a row of the texture, x and y are the texel's place
// already; the text of the shader is changed to say so before it is compiled.
import type { GpuJsKernel } from './gpujs-library.ts';

/** An array of vectors by its name in the generated text. */
export interface TexelArray {
  readonly name: string;
  /** Of the texture: x of the array, and y times z. */
  readonly extents: readonly [width: number, height: number];
  /** Rows for each z. */
  readonly rows: number;
}

/** To be called before the first call of the kernel; what it returns, to assert after that that it had its effect. */
export function readTexels(kernel: GpuJsKernel, arrays: readonly TexelArray[], isWebGl2: boolean): () => void {
  const generate = kernel.getFragmentShader!.bind(kernel);
  let text = '';
  const getFragmentShader = (args: unknown) => {
    text = withTexels(generate(args), arrays, isWebGl2);
    return text;
  };
  Object.assign(kernel, { getFragmentShader });
  return () => {
    if (text !== '' && kernel.context!.getShaderSource(kernel.fragShader!) === text) return;
    throw new Error(
      'gpu.js: a kernel must compile the GLSL it was given, got its own: the internals of gpu.js changed',
    );
  };
}

export function withTexels(glsl: string, arrays: readonly TexelArray[], isWebGl2: boolean): string {
  return arrays.reduce((text, array) => withTexelReads(text, array, isWebGl2), glsl);
}

function withTexelReads(glsl: string, { name, extents: [width, height], rows }: TexelArray, isWebGl2: boolean): string {
  const read = `getVec4FromSampler2D(${name}, ${name}Size, ${name}Dim, `;
  const kernel = 'void kernel() {';
  const [reads, kernels] = [read, kernel].map((part) => glsl.split(part).length - 1);
  if (reads === 0 || kernels !== 1) {
    throw new Error(`gpu.js: its GLSL must read ${name} in one kernel, got ${reads} reads in ${kernels}`);
  }
  const texel = isWebGl2
    ? `texelFetch(${name}, ivec2(x, y + ${rows} * z), 0)`
    : `texture2D(${name}, (vec2(float(x), float(y + ${rows} * z)) + 0.5) / vec2(${width}.0, ${height}.0))`;
  return glsl
    .replaceAll(read, `get_${name}(`)
    .replace(kernel, `vec4 get_${name}(int z, int y, int x) {\n  return ${texel};\n}\n${kernel}`);
}
