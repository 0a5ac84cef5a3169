// Machines of one class are alike in all that bears on times: the processor and its cores, the system, Node, and the GPU.
import { webGpuStatus } from '../backends/webgpu-adapter.ts';
import type { Machine } from '../contract/machine.ts';
import { describeMachine, shortHash } from '../run/environment.ts';

/** Of this machine. A GPU that is emulated on the CPU makes no other class. */
export async function ownMachineClass(): Promise<string> {
  const status = await webGpuStatus();
  return machineClass(describeMachine(), status.available && status.adapterType === 'hardware' ? status.adapter : '');
}

/** A name to type: `amd-epyc-9b45-2-cores-1f3c9a`. */
export function machineClass(machine: Machine, gpu: string): string {
  const words = [machine.cpu_model, gpu, `${machine.cpu_count} cores`]
    .join(' ')
    .toLowerCase()
    .replace(/\((r|tm)\)|\bcpu\b|\bprocessor\b|@.*?ghz/g, ' ')
    .match(/[a-z0-9.]+/g);
  return `${(words ?? []).join('-')}-${shortHash(JSON.stringify([machine, gpu])).slice(0, 6)}`;
}
