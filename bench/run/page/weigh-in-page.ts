// Weighs a case in a page: serves it the inputs, opens it in a browser of the case's own and takes what it came to.

import { openPage, type PageOptions } from '../../backends/browser/devtools.ts';
import { servePages } from '../../backends/browser/page-server.ts';
import { measuringRoutes, type Served } from '../../backends/browser/routes.ts';
import { techniqueFiles } from '../../cases/registry.ts';
import type { PageBackend } from '../../contract/backend.ts';
import type { Browser } from '../../contract/browser.ts';
import type { CaseRequest } from '../../contract/case-request.ts';
import { Weighed } from '../../contract/case-result-schema.ts';
import type { PageInputs } from './page-inputs.ts';
import type { WeighingTask } from './weighing-worker.ts';

export async function weighInPage(
  { case: entry, budget, kernelsDirs, browser, debug }: CaseRequest,
  { page, kind, device }: PageBackend,
  { told, array }: PageInputs,
): Promise<Weighed> {
  if (browser === undefined) throw new Error('browser: must be named to a case that runs in a page');
  const task: WeighingTask = { case: entry, budget, runtime: page, kind, device, told };
  const onConsole = debug ? (line: string) => void process.stderr.write(`page: ${line}\n`) : undefined;
  return Weighed.parse(await askPage(browser, { techniques: techniqueFiles(kernelsDirs), array }, task, { onConsole }));
}

/** What the worker of a new page in a new browser answers. */
export async function askPage(
  browser: Browser,
  served: Served,
  question: unknown,
  options?: PageOptions,
): Promise<unknown> {
  const server = await servePages(measuringRoutes(served), 0);
  try {
    const page = await openPage(browser, server.url, options);
    try {
      return await page.evaluate(`tare.askWorker(${JSON.stringify(question)})`);
    } finally {
      await page.close();
    }
  } finally {
    await server.close();
  }
}
