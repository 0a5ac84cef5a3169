export type Export = (...args: number[]) => void;
export type Exports = Readonly<Record<string, Export>>;

/** Whose first place is that of no function. */
export function newTable(): WebAssembly.Table {
  return new WebAssembly.Table({ element: 'anyfunc', initial: 1 });
}

/** Appends the exports to the table, in their order, so that modules that import it can call those of others. */
export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory, table = newTable()): Exports {
  const abort = () => {
    throw new Error('wasm: must not abort');
  };
  // Compiled modules import nothing else; what they export are functions of integers.
  const exports = new WebAssembly.Instance(module, { env: { memory, abort, table } }).exports as Exports;
  for (const exported of Object.values(exports)) if (typeof exported === 'function') table.set(table.grow(1), exported);
  return exports;
}
