// Where WebGPU comes from: a browser has it, Node gets Dawn's.

/** Dawn ends the process with a segmentation fault when this object is collected, and a module's constant was. */
declare global {
  var tareDawn: GPU | undefined;
}

/** Of what an adapter may offer, what is used here and not asked for by gpu.js. */
const WANTED = ['timestamp-query'] as const;

let isProvided = false;

/** `navigator.gpu` is there afterwards, and gives the faster of several adapters and its clock. */
export async function provideWebGpu(): Promise<void> {
  if (isProvided) return;
  isProvided = true;
  if (!('gpu' in navigator)) {
    const { create } = await import('webgpu');
    // Quantised timestamps keep web pages from spying on each other.
    globalThis.tareDawn = create(['disable-dawn-features=timestamp_quantization']);
    Object.defineProperty(globalThis.navigator, 'gpu', { value: globalThis.tareDawn, configurable: true });
  }
  askForMore(navigator.gpu);
}

/** gpu.js asks for any adapter, and for limits only. */
function askForMore(gpu: GPU): void {
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  gpu.requestAdapter = async (options) => {
    const adapter = await requestAdapter({ ...options, powerPreference: 'high-performance' });
    if (adapter === null) return null;
    const requestDevice = adapter.requestDevice.bind(adapter);
    adapter.requestDevice = (descriptor) =>
      requestDevice({ ...descriptor, requiredFeatures: WANTED.filter((feature) => adapter.features.has(feature)) });
    return adapter;
  };
}
