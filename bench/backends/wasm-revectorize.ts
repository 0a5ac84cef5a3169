// V8's experimental re-vectoriser pairs 128-bit operations into 256-bit ones. It fails silently, so it is asked: compiled
// with its trace on, a module must show that something was paired.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { scriptLine } from '../contract/typed-lines.ts';
import { wasmFile } from './wasm-file.ts';

export const REVECTORIZE = '--experimental-wasm-revectorize';

/** Compile at once and with the optimising compiler, which is where the re-vectoriser works. */
const TRACE = [REVECTORIZE, '--trace-wasm-revectorize', '--no-liftoff', '--no-wasm-lazy-compilation'];
const COMPILE = "new WebAssembly.Module(require('node:fs').readFileSync(process.argv[1]))";
const DECIDED = 'Decide to vectorize';
const MAX_TRACE_BYTES = 2 ** 28;

const verdicts = new Map<string, Promise<string | undefined>>();

/** Why a technique's module does not run on 256-bit vectors here; undefined where it does. Asked once a process. */
export function whyNotRevectorized(technique: string): Promise<string | undefined> {
  const known = verdicts.get(technique) ?? traceModule(technique);
  verdicts.set(technique, known);
  return known;
}

async function traceModule(technique: string): Promise<string | undefined> {
  const file = wasmFile(technique, 256);
  if (!existsSync(file)) return `${technique} is not compiled: ${scriptLine('build:wasm')}`;
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...TRACE, '-e', COMPILE, file], {
      maxBuffer: MAX_TRACE_BYTES,
    });
    if ((stdout + stderr).includes(DECIDED)) return undefined;
    return `V8's re-vectoriser did not engage on ${technique}: it needs AVX2 and pairs it recognises`;
  } catch {
    return `this V8 (${process.versions.v8}) has no ${REVECTORIZE}`;
  }
}
