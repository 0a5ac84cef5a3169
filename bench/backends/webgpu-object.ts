// Where WebGPU comes from: a browser has it, Node gets Dawn's.

/** Dawn ends the process with a segmentation fault when this object is collected, and a module's constant was. */
declare global {
  var tareDawn: GPU | undefined;
}

/** `navigator.gpu` is there afterwards. */
export async function provideWebGpu(): Promise<void> {
  if ('gpu' in navigator) return;
  const { create } = await import('webgpu');
  globalThis.tareDawn = create([]);
  Object.defineProperty(globalThis.navigator, 'gpu', { value: globalThis.tareDawn, configurable: true });
}
