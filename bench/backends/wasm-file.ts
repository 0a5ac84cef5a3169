// Where compiled kernels lie.
import { dirname, join } from 'node:path';
import type { WasmWidth } from '../contract/runtimes/wasm.ts';

const PROJECT = dirname(dirname(import.meta.dirname));

export function wasmFile(technique: string, width: WasmWidth): string {
  return join(PROJECT, '.wasm', `${technique}-${width}.wasm`);
}
