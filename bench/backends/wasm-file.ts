// Where compiled kernels lie.
import { dirname, join } from 'node:path';

/** Vector width in bits that a module's tiles are laid out for. */
export const wasmWidths = [128, 256] as const;
export type WasmWidth = (typeof wasmWidths)[number];

const PROJECT = dirname(dirname(import.meta.dirname));

export function wasmFile(technique: string, width: WasmWidth): string {
  return join(PROJECT, '.wasm', `${technique}-${width}.wasm`);
}
