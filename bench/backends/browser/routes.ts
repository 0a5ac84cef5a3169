// What every page of tare is served: its script, its worker with all kernels, compiled WebAssembly and a case's inputs.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Inputs } from '../../contract/operation.ts';
import type { Op } from '../../contract/problem.ts';
import { wasmFile } from '../wasm-file.ts';
import { bundleScript, bundleWorker } from './bundle.ts';
import type { Answer, Route } from './page-server.ts';

export const MEASURING_PAGE = '<!doctype html><title>tare</title><script type="module" src="/page.js"></script>';
const PAGE_SCRIPT = join(import.meta.dirname, 'page.ts');
export const WEIGHING_WORKER = join(import.meta.dirname, '..', '..', 'run', 'page', 'weighing-worker.ts');

export interface Served {
  /** The module of each technique, by id. */
  readonly techniques: ReadonlyMap<string, string>;
  readonly inputs?: Inputs<Op>;
  /** Module the worker starts with. */
  readonly worker?: string;
}

/** Routes of the page that measures one case. */
export function measuringRoutes({ techniques, inputs, worker = WEIGHING_WORKER }: Served): Route {
  return async ({ path }) => {
    switch (path) {
      case '/':
        return { type: 'text/html', body: MEASURING_PAGE };
      case '/page.js':
        return { type: 'text/javascript', body: await bundleScript(PAGE_SCRIPT) };
      case '/worker.js':
        return { type: 'text/javascript', body: await bundleWorker(worker, techniques) };
      default:
        return (await wasmAnswer(path)) ?? inputAnswer(path, inputs);
    }
  };
}

export async function wasmAnswer(path: string): Promise<Answer | undefined> {
  const technique = /^\/wasm\/([\w-]+)$/.exec(path)?.[1];
  if (technique === undefined) return undefined;
  const file = wasmFile(technique, 128);
  return existsSync(file) ? { type: 'application/wasm', body: await readFile(file) } : undefined;
}

/** An array of the case that is being measured, by its name; `calibration` where the technique looks at one. */
export function inputAnswer(path: string, inputs: Inputs<Op> | undefined): Answer | undefined {
  const name = /^\/inputs\/(\w+)$/.exec(path)?.[1];
  const calibration = inputs?.calibration && { calibration: inputs.calibration.X };
  const all: Readonly<Record<string, unknown>> = { ...inputs?.weights, ...inputs?.activations, ...calibration };
  const array = all[name ?? ''];
  if (!(array instanceof Float32Array)) return undefined;
  const { buffer, byteOffset, byteLength } = array;
  return { type: 'application/octet-stream', body: new Uint8Array(buffer, byteOffset, byteLength) };
}
