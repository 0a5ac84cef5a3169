// A Vulkan driver that runs on the CPU, so that the GPU path can be tested and measured on any Linux machine without
// root: SwiftShader and a Vulkan loader out of @sparticuz/chromium's archive, extracted once into a cache folder.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';

export interface DriverSource {
  /** A brotli-compressed tar of the loader, the driver and its manifest. */
  readonly archive: string;
  /** Where to extract to; the first that can be written. */
  readonly cacheFolders: readonly string[];
}

const DRIVER_MANIFEST = 'vk_swiftshader_icd.json';
const DRIVER_FILES = [DRIVER_MANIFEST, 'libvk_swiftshader.so', 'libvulkan.so.1'];
/** Written last into an extracted folder: name and size of every file, by which a damaged one is found out. */
const CONTENTS = 'contents.json';

const resolveHere = createRequire(import.meta.url);

export function packagedDriver(): DriverSource {
  const project = fileURLToPath(new URL('../../', import.meta.url));
  const { XDG_CACHE_HOME } = process.env;
  return {
    archive: join(packageFolder(), '../bin/swiftshader.tar.br'),
    cacheFolders: [
      join(project, 'node_modules/.cache/tare'),
      ...(XDG_CACHE_HOME ? [join(XDG_CACHE_HOME, 'tare')] : []),
      join(tmpdir(), `tare-${userInfo().username}`),
    ],
  };
}

function packageFolder(): string {
  try {
    return dirname(resolveHere.resolve('@sparticuz/chromium'));
  } catch {
    throw new Error('the package @sparticuz/chromium is not installed: npm ci');
  }
}

/**
 * What a process must be started with to find the driver: the dynamic loader reads LD_LIBRARY_PATH once, before any
 * code of ours. Throws when the driver can't be had, saying why.
 */
export async function softwareDriverEnv(source: DriverSource): Promise<Record<string, string>> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`it is built for linux x64, this machine is ${process.platform} ${process.arch}`);
  }
  const folder = await extractedDriver(source);
  const { LD_LIBRARY_PATH } = process.env;
  return {
    VK_DRIVER_FILES: join(folder, DRIVER_MANIFEST),
    LD_LIBRARY_PATH: LD_LIBRARY_PATH ? `${folder}:${LD_LIBRARY_PATH}` : folder,
  };
}

async function extractedDriver({ archive, cacheFolders }: DriverSource): Promise<string> {
  const bytes = await readFile(archive).catch(() => {
    throw new Error(`${archive} is missing; \`npm ci\` brings it back`);
  });
  const name = `swiftshader-${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
  const failures: string[] = [];
  for (const cache of cacheFolders) {
    const folder = join(cache, name);
    try {
      if (!(await isComplete(folder))) await extract(archive, folder);
      return folder;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`it could not be extracted (${failures.join('; ')})`);
}

async function isComplete(folder: string): Promise<boolean> {
  try {
    const contents: Record<string, number> = JSON.parse(await readFile(join(folder, CONTENTS), 'utf8'));
    for (const file of DRIVER_FILES) if (!(file in contents)) return false;
    for (const [file, size] of Object.entries(contents)) {
      if ((await stat(join(folder, file))).size !== size) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Extracts beside `folder` and moves the whole into place, so that other processes see all of it or nothing. */
async function extract(archive: string, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const fresh = await mkdtemp(`${folder}-`);
  try {
    await pipeline(createReadStream(archive), createBrotliDecompress(), tarExtractor(fresh));
    await writeFile(join(fresh, CONTENTS), JSON.stringify(await fileSizes(fresh)));
    await moveIntoPlace(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Where another process was faster, its folder stands and ours goes; where a damaged one stands, it makes way. */
async function moveIntoPlace(fresh: string, folder: string): Promise<void> {
  if (!(await isComplete(fresh)))
    throw new Error('the archive is damaged or lacks the driver; `npm ci` brings it back');
  const aside = `${fresh}-damaged`;
  if (!(await isComplete(folder))) await rename(folder, aside).catch(ignoreMissing);
  await rename(fresh, folder).catch(async (error) => {
    if (!(await isComplete(folder))) throw error;
  });
  await rm(aside, { recursive: true, force: true });
}

async function fileSizes(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const file of await readdir(folder)) sizes[file] = (await stat(join(folder, file))).size;
  return sizes;
}

/** tar-fs comes with @sparticuz/chromium, which extracts its own archives with it. */
function tarExtractor(folder: string): NodeJS.WritableStream {
  const require = createRequire(resolveHere.resolve('@sparticuz/chromium'));
  const { extract }: { extract(folder: string): NodeJS.WritableStream } = require('tar-fs');
  return extract(folder);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
