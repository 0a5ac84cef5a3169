// A Vulkan driver that runs on the CPU, so that the GPU path can be tested and measured on any Linux machine without
// root: SwiftShader and a Vulkan loader out of @sparticuz/chromium's archive.
import { join } from 'node:path';
import { extractPackaged, packagedArchive, packagedCacheFolders } from './packaged-files.ts';

export interface DriverSource {
  /** A brotli-compressed tar of the loader, the driver and its manifest. */
  readonly archive: string;
  readonly cacheFolders: readonly string[];
}

const DRIVER_MANIFEST = 'vk_swiftshader_icd.json';
const DRIVER_FILES = [DRIVER_MANIFEST, 'libvk_swiftshader.so', 'libvulkan.so.1'];

export function packagedDriver(): DriverSource {
  return { archive: packagedArchive('swiftshader.tar.br'), cacheFolders: packagedCacheFolders() };
}

/**
 * What a process must be started with to find the driver: the dynamic loader reads LD_LIBRARY_PATH once, before any
 * code of ours. Throws when the driver can't be had, saying why.
 */
export async function softwareDriverEnv({ archive, cacheFolders }: DriverSource): Promise<Record<string, string>> {
  const name = 'swiftshader';
  const folder = await extractPackaged({ name, archives: [archive], files: DRIVER_FILES, cacheFolders });
  return { VK_DRIVER_FILES: join(folder, DRIVER_MANIFEST), LD_LIBRARY_PATH: libraryPath(folder) };
}

/** Folders of libraries before those the environment names already. */
export function libraryPath(...folders: readonly string[]): string {
  const { LD_LIBRARY_PATH } = process.env;
  return [...folders, ...(LD_LIBRARY_PATH ? [LD_LIBRARY_PATH] : [])].join(':');
}
