export type Export = (...args: number[]) => void;
export type Exports = Readonly<Record<string, Export>>;

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const abort = () => {
    throw new Error('wasm: must not abort');
  };
  // Compiled modules import nothing but their memory; what they export are functions of integers.
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports as Exports;
}
