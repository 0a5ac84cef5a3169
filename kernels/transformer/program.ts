// Calls of WebAssembly kernels written down once, to be made again and again by all threads: see program.as.ts. A network is
// thousands of short calls, of which many would be over before a thread had heard of them by way of JavaScript.
import type { Wasm, WasmModule } from '../../bench/contract/runtimes/wasm.ts';
import { CALLS, DONE, TOTAL } from './blocks.ts';

interface Call {
  readonly fn: number;
  readonly count: number;
  readonly args: readonly number[];
}

export interface Recorder {
  /** The same module, whose calls are written down in place of being made while `record` is under way. */
  listenTo(module: WasmModule): WasmModule;
  /**
   * Makes the calls that stages make, again and again. Steps of a stage do not depend on one another, and do nothing but call kernels,
   * always with the same arguments.
   */
  record(stages: readonly (readonly (() => void)[])[]): () => void;
}

/** `module` is the transformer's. */
export function openRecorder(module: WasmModule, { threads }: Wasm): Recorder {
  let heard: Call[] | undefined;
  const callsOf = (step: () => void): Call[] => {
    heard = [];
    step();
    const calls = heard;
    heard = undefined;
    return calls;
  };
  return {
    listenTo: (other) => ({
      ...other,
      run(name, count, ...args) {
        if (heard === undefined) other.run(name, count, ...args);
        else heard.push({ fn: other.indexOf(name), count, args });
      },
    }),
    record(stages) {
      const program = writeProgram(
        module,
        stages.flatMap((steps) => sideBySide(steps.map(callsOf))),
        threads,
      );
      const [taken, done] = [module.i32(program, 1), module.i32(program + DONE, 1)];
      return () => {
        taken[0] = 0;
        done[0] = 0;
        module.run('conduct', threads, program, module.trapped);
      };
    },
  };
}

/** The first calls of all steps, then their second ones, and so on: those that may run at the same time stand together. */
function sideBySide(steps: readonly (readonly Call[])[]): Call[][] {
  const longest = Math.max(...steps.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => steps.flatMap((calls) => calls[i] ?? []));
}

function writeProgram(module: WasmModule, together: readonly (readonly Call[])[], threads: number): number {
  const words: number[] = [];
  let shares = 0;
  for (const calls of together) {
    const before = shares;
    for (const { fn, count, args } of calls) {
      const own = Math.min(count, threads);
      words.push(before, shares, own, count, fn, args.length, ...args);
      shares += own;
    }
  }
  const program = module.allocate(CALLS + 4 * words.length);
  module.i32(program + TOTAL, 1)[0] = shares;
  module.i32(program + CALLS, words.length).set(words);
  return program;
}
