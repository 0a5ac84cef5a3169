// Carries a shader through gpu.js and tells what really reached the device, for the test to look at. Run as a program
// in a process of its own, started with the environment that names the driver.

import type { Shader } from '../contract/runtimes/wgsl.ts';
import { openWgslDevice } from './gpujs-device.ts';

const { globals } = await import('webgpu');
const { prototype } = Reflect.get(globals, 'GPUDevice') as { prototype: GPUDevice };
const { createShaderModule } = prototype;
const compiled: string[] = [];
prototype.createShaderModule = function (this: GPUDevice, descriptor: GPUShaderModuleDescriptor) {
  compiled.push(descriptor.code);
  return createShaderModule.call(this, descriptor);
};

const wgsl = await openWgslDevice();
const program = wgsl.createProgram();
const X = program.input([3]);
// Words that are no numbers as f32, and one that f32 arithmetic would flush.
const bits = new Uint32Array([0x7fc0_0001, 0xffff_ffff, 0x0000_0001, 0xff80_0123]);
const shader: Shader = {
  code: `
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group : vec3u) {
  Y[group.x + 2u * group.y] = bits[group.x + 2u * group.y] + u32(X[0]);
}`,
  workgroups: [2, 2, 1],
  inputs: { X: ['array<f32>', X] },
  output: ['Y', 'array<u32>', 4],
  resident: { bits: ['array<u32>', bits] },
};
const Y = await program.shader(shader);
await program.upload(X, new Float32Array([5, 0, 0]));
await program.run();
const sums = [...new Uint32Array((await program.read(Y)).buffer)];
const span = await program.deviceSpan?.(3);
const spanNs = span && Number(span.end - span.begin);
const sumsAfterSpan = [...new Uint32Array((await program.read(Y)).buffer)];
const invalid = await program.shader({ ...shader, code: 'fn main() { no }' }).then(() => 'compiled', String);
const tooMany = await program.shader({ ...shader, workgroups: [2 ** 20, 1, 1] }).then(() => 'compiled', String);
program.dispose();
await wgsl.close();
process.stdout.write(
  `\n${JSON.stringify({ compiled: compiled[0], sums, bits: [...bits], spanNs, sumsAfterSpan, invalid, tooMany })}`,
);
