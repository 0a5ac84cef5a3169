// Whether a model fits into memory, asked before anything of it is read.
import { freemem } from 'node:os';
import { InputError } from '../../contract/input-error.ts';
import type { ModelConfig } from '../../contract/model.ts';
import { modelTensors } from './model-tensors.ts';

/** Of all its weights at so many bytes each: 4 for f32. */
export function bytesNeeded(config: ModelConfig, bytesPerWeight = 4): number {
  const sizes = [...modelTensors(config).values()].map((shape) =>
    shape.reduce((product, extent) => product * extent, 1),
  );
  return bytesPerWeight * sizes.reduce((sum, size) => sum + size, 0);
}

/** What this process may still take, of the machine's memory or of what its container is given of it. */
function availableBytes(): number {
  return process.availableMemory?.() ?? freemem();
}

/** Throws InputError, with both figures, where so many bytes are not to be had. */
export function mustFit(name: string, bytes: number, available = availableBytes()): void {
  if (bytes <= available) return;
  throw new InputError(`${name}: must fit into memory, needs ${gibibytes(bytes)}, got ${gibibytes(available)} free`);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
