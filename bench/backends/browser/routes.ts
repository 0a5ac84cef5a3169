// What every page of tare is served: its script, its worker with all kernels, compiled WebAssembly and a case's inputs.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { moduleFile } from '../../contract/module-file.ts';
import { wasmFile } from '../wasm-file.ts';
import { bundleScript, bundleWorker } from './bundle.ts';
import type { Answer, Route } from './page-server.ts';

export const MEASURING_PAGE = '<!doctype html><title>tare</title><script type="module" src="/page.js"></script>';
export const MEASURING_SCRIPT = moduleFile('./page.ts', import.meta.filename);
export const WEIGHING_WORKER = moduleFile('../../run/page/weighing-worker.ts', import.meta.filename);

export interface Served {
  /** The module of each technique, by id. */
  readonly techniques: ReadonlyMap<string, string>;
  /** Of the case that is weighed, by their names. */
  readonly array?: (name: string) => Float32Array | undefined;
  /** Module the worker starts with. */
  readonly worker?: string;
}

/** Routes of the page that measures one case. */
export function measuringRoutes({ techniques, array, worker = WEIGHING_WORKER }: Served): Route {
  return async ({ path }) => {
    switch (path) {
      case '/':
        return { type: 'text/html', body: MEASURING_PAGE };
      case '/page.js':
        return { type: 'text/javascript', body: await bundleScript(MEASURING_SCRIPT) };
      case '/worker.js':
        return { type: 'text/javascript', body: await bundleWorker(worker, techniques) };
      default:
        return (await wasmAnswer(path)) ?? arrayAnswer(path, array);
    }
  };
}

export async function wasmAnswer(path: string): Promise<Answer | undefined> {
  const technique = /^\/wasm\/([\w-]+)$/.exec(path)?.[1];
  if (technique === undefined) return undefined;
  const file = wasmFile(technique, 128);
  return existsSync(file) ? { type: 'application/wasm', body: await readFile(file) } : undefined;
}

/** An array of the case that is being measured, as fetch-array.ts asks for it. */
export function arrayAnswer(path: string, array: Served['array']): Answer | undefined {
  const name = /^\/inputs\/([^/]+)$/.exec(path)?.[1];
  const found = name === undefined ? undefined : array?.(decodeURIComponent(name));
  if (found === undefined) return undefined;
  const { buffer, byteOffset, byteLength } = found;
  return { type: 'application/octet-stream', body: new Uint8Array(buffer, byteOffset, byteLength) };
}
