// What a page has to run on, asked in the page itself.
import type { AdapterInfo } from '../webgpu-adapter.ts';
import type { PageAdapters } from './adapters-schema.ts';

export async function findAdapters(): Promise<PageAdapters> {
  return {
    browser: await browserName(),
    isIsolated: crossOriginIsolated,
    cores: navigator.hardwareConcurrency,
    webgpu: await findWebGpu(),
    webgl2: findWebGl2(),
  };
}

interface Brand {
  readonly brand: string;
  readonly version: string;
}

/** Browsers of Chromium's family only; TypeScript doesn't know it. */
interface NavigatorUAData {
  getHighEntropyValues(hints: readonly ['fullVersionList']): Promise<{ fullVersionList: readonly Brand[] }>;
}

/** Brands are the family, the product where it has another name, and one made up so that nobody relies on the list. */
async function browserName(): Promise<string | undefined> {
  const { userAgentData } = navigator as Navigator & { userAgentData?: NavigatorUAData };
  const { fullVersionList = [] } = (await userAgentData?.getHighEntropyValues(['fullVersionList'])) ?? {};
  const family = fullVersionList.find(({ brand }) => brand === 'Chromium');
  if (family === undefined) return undefined;
  const product = fullVersionList.find(({ brand }) => brand !== 'Chromium' && !/not.*brand/i.test(brand)) ?? family;
  return `${product.brand} ${product.version}`;
}

async function findWebGpu(): Promise<AdapterInfo | undefined> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  // An adapter that gives no device is of no use.
  const device = await adapter?.requestDevice().catch(() => undefined);
  if (!adapter || device === undefined) return undefined;
  device.destroy();
  const { vendor, architecture, device: model, description, isFallbackAdapter } = adapter.info;
  return { vendor, architecture, device: model, description, isFallbackAdapter };
}

function findWebGl2(): AdapterInfo | undefined {
  const gl = new OffscreenCanvas(1, 1).getContext('webgl2');
  // Kernels return floats in textures.
  if (gl?.getExtension('EXT_color_buffer_float') == null) return undefined;
  const names = gl.getExtension('WEBGL_debug_renderer_info');
  const [vendor, device] = names
    ? [names.UNMASKED_VENDOR_WEBGL, names.UNMASKED_RENDERER_WEBGL]
    : [gl.VENDOR, gl.RENDERER];
  const name = (parameter: number) => String(gl.getParameter(parameter));
  return { vendor: name(vendor), architecture: '', device: name(device), description: '', isFallbackAdapter: false };
}
