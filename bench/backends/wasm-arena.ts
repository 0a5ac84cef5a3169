// Modules over one memory, run by one team of threads.
import { InputError } from '../contract/input-error.ts';
import type { Wasm, WasmModule } from '../contract/runtimes/wasm.ts';
import { allocator, constantsAddress } from './wasm-memory.ts';

export interface Team {
  /** Makes all threads take in a module; returns what calls its exports. */
  add(module: WebAssembly.Module): WasmModule['run'];
  close(): void;
}

/** Opens modules, each once; the last that is closed closes the team. */
export function openArena(
  memory: WebAssembly.Memory,
  team: Team,
  compile: (technique: string) => Promise<WebAssembly.Module>,
): WasmModule['beside'] {
  const place = allocator(memory);
  const added = new Map<string, Promise<Pick<WasmModule, 'run' | 'indexOf'>>>();
  // Number 0 is none.
  let functions = 1;
  let open = 0;
  const add = (compiled: WebAssembly.Module) => {
    const exported = WebAssembly.Module.exports(compiled).filter(({ kind }) => kind === 'function');
    const names = exported.map(({ name }) => name);
    const first = functions;
    functions += names.length;
    return { run: team.add(compiled), indexOf: (name: string) => first + names.indexOf(name) };
  };
  const beside = async (technique: string): Promise<WasmModule> => {
    const clash = [...added.keys()].find((name) => name !== technique && isSamePlace(name, technique));
    if (clash !== undefined)
      throw new InputError(
        `${technique}: must have constants of its own, got the place of ${clash}'s; rename the folder`,
      );
    const functionsOf = added.get(technique) ?? compile(technique).then(add);
    added.set(technique, functionsOf);
    const module = { ...place, ...(await functionsOf), beside, close: () => void (--open === 0 && team.close()) };
    open++;
    return module;
  };
  return beside;
}

/** The same runtime with all that is opened on it in one memory, run by one team: two teams by turns would be in each other's way. */
export function inOneArena(wasm: Wasm): Wasm {
  let first: Promise<WasmModule> | undefined;
  return {
    ...wasm,
    async open(technique) {
      if (first !== undefined) return (await first).beside(technique);
      first = wasm.open(technique);
      return first;
    },
  };
}

function isSamePlace(a: string, b: string): boolean {
  return constantsAddress(a) === constantsAddress(b);
}
