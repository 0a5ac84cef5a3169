// Run as a process of its own: prints as JSON which WebGPU adapter Dawn finds here, or null.
import { create } from 'webgpu';

// Dawn ends the process with a segmentation fault when this object is collected.
const gpu = Object.assign(globalThis, { tareDawn: create([]) }).tareDawn;
const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
// An adapter that gives no device is of no use.
const granted = await adapter?.requestDevice();
process.stdout.write(JSON.stringify(granted === undefined ? null : infoOf(adapter!)), () => process.exit());

function infoOf({ info: { vendor, architecture, device, description, isFallbackAdapter } }: GPUAdapter) {
  return { vendor, architecture, device, description, isFallbackAdapter };
}
