// What a browser has to run kernels on: asked once a process in a page of its own.
import type { BackendStatus } from '../../contract/backend.ts';
import type { Browser, BrowserChoice, PageRuntime } from '../../contract/browser.ts';
import { type AdapterInfo, isSoftware } from '../webgpu-adapter.ts';
import { PageAdapters } from './adapters-schema.ts';
import { openPage } from './devtools.ts';
import { findBrowser } from './find-browser.ts';
import { servePages } from './page-server.ts';
import { measuringRoutes } from './routes.ts';

type Found = { readonly browser: Browser; readonly adapters: PageAdapters } | { readonly failure: string };

const asked = new Map<string, Promise<Found>>();

export async function probePage(runtime: PageRuntime, choice: BrowserChoice): Promise<BackendStatus> {
  const key = JSON.stringify(choice);
  const pending = asked.get(key) ?? askBrowser(choice);
  asked.set(key, pending);
  const found = await pending;
  if ('failure' in found) return { available: false, reason: found.failure };
  const status = statusOfPage(runtime, found.adapters);
  return status.available ? { ...status, browser: found.browser } : status;
}

async function askBrowser(choice: BrowserChoice): Promise<Found> {
  let browser: Browser;
  try {
    browser = await findBrowser(choice);
  } catch (error) {
    const { message } = error as Error;
    return { failure: `the packaged Chromium can't be used: ${message}; name your own with --browser` };
  }
  try {
    return { browser, adapters: await askPage(browser) };
  } catch (error) {
    return { failure: `${browser.path} can't be used: ${(error as Error).message}` };
  }
}

/** Starting takes well under a second; a browser that hangs must not hang the harness. */
const PROBE_TIMEOUT_MS = 30_000;

async function askPage(browser: Browser): Promise<PageAdapters> {
  const server = await servePages(measuringRoutes({ techniques: new Map() }), 0);
  try {
    const page = await openPage(browser, server.url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    try {
      return PageAdapters.parse(await page.evaluate('tare.findAdapters()'));
    } finally {
      await page.close();
    }
  } finally {
    await server.close();
  }
}

/** What a page's adapters make of the backend that runs there. */
export function statusOfPage(
  runtime: PageRuntime,
  { browser, isIsolated, webgpu, webgl2 }: PageAdapters,
): BackendStatus {
  if (browser === undefined) return { available: false, reason: 'it must be a Chrome, Chromium or Edge' };
  if (!isIsolated) return { available: false, reason: `${browser} does not isolate the page from other origins` };
  if (runtime === 'wasm')
    return { available: true, adapterType: 'none', adapter: '', driver: '', env: {}, version: browser };
  const info = { webgpu, webgl2 }[runtime];
  if (info === undefined) {
    const name = { webgpu: 'WebGPU adapter', webgl2: 'WebGL 2 context with float textures' }[runtime];
    return { available: false, reason: `${browser} has no ${name}: see chrome://gpu, or leave --browser out` };
  }
  const adapterType = isSoftware(info) ? 'software' : 'hardware';
  return { available: true, adapterType, adapter: nameOf(info), driver: '', env: {}, version: browser };
}

function nameOf({ vendor, architecture, device, description }: AdapterInfo): string {
  return [vendor, architecture, device, description].filter((name) => name !== '').join('/');
}
