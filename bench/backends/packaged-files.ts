// Programs and libraries for Linux out of @sparticuz/chromium's archives, extracted once into a cache folder, so that a
// machine without GPU, browser and root has a Vulkan driver and a Chromium.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { setupLine } from '../contract/typed-lines.ts';

export interface PackagedFiles {
  /** Begins the name of the folder. */
  readonly name: string;
  /** Paths of brotli-compressed tars, or of single programs where the name has no `.tar`. */
  readonly archives: readonly string[];
  /** What must lie in the folder. */
  readonly files: readonly string[];
  /** Where to extract to; the first that can be written. */
  readonly cacheFolders: readonly string[];
}

/** Written last into an extracted folder: name and size of every file, by which a damaged one is found out. */
const CONTENTS = 'contents.json';
const PROGRAM_MODE = 0o755;

export function packagedArchive(name: string): string {
  return join(dirname(packageFile()), 'bin', name);
}

/** Of the package's description. */
function packageFile(): string {
  try {
    return findPackageJSON('@sparticuz/chromium', import.meta.url) ?? '';
  } catch {
    throw new Error(`the package @sparticuz/chromium is not installed: ${setupLine('chromium')}`);
  }
}

export function packagedCacheFolders(): string[] {
  const project = fileURLToPath(new URL('../../', import.meta.url));
  const { XDG_CACHE_HOME } = process.env;
  return [
    join(project, 'node_modules/.cache/tare'),
    ...(XDG_CACHE_HOME ? [join(XDG_CACHE_HOME, 'tare')] : []),
    // By number: a user that a container was started with need not have a name.
    join(tmpdir(), `tare-${process.getuid?.() ?? 'cache'}`),
  ];
}

/** The folder with the files. Throws when they can't be had, saying why. */
export async function extractPackaged(source: PackagedFiles): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`it is built for linux x64, this machine is ${process.platform} ${process.arch}`);
  }
  const name = `${source.name}-${await hashOf(source.archives)}`;
  const failures: string[] = [];
  for (const cache of source.cacheFolders) {
    const folder = join(cache, name);
    try {
      if (!(await isComplete(folder, source))) await extract(source, folder);
      return folder;
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`it could not be extracted (${failures.join('; ')})`);
}

async function hashOf(archives: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const archive of archives) {
    const bytes = await readFile(archive).catch(() => {
      throw new Error(`${archive} is missing; \`${setupLine('chromium')}\` brings it back`);
    });
    hash.update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

async function isComplete(folder: string, { files }: PackagedFiles): Promise<boolean> {
  try {
    const contents: Record<string, number> = JSON.parse(await readFile(join(folder, CONTENTS), 'utf8'));
    for (const file of files) if (!(file in contents)) return false;
    for (const [file, size] of Object.entries(contents)) {
      if ((await stat(join(folder, file))).size !== size) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Extracts beside `folder` and moves the whole into place, so that other processes see all of it or nothing. */
async function extract(source: PackagedFiles, folder: string): Promise<void> {
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  const fresh = await mkdtemp(`${folder}-`);
  try {
    for (const archive of source.archives) {
      await pipeline(createReadStream(archive), createBrotliDecompress(), unpackInto(fresh, archive));
    }
    await writeFile(join(fresh, CONTENTS), JSON.stringify(await fileSizes(fresh)));
    await moveIntoPlace(fresh, folder, source);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

function unpackInto(folder: string, archive: string): NodeJS.WritableStream {
  if (archive.endsWith('.tar.br')) return tarExtractor(folder);
  return createWriteStream(join(folder, basename(archive, '.br')), { mode: PROGRAM_MODE });
}

/** Where another process was faster, its folder stands and ours goes; where a damaged one stands, it makes way. */
async function moveIntoPlace(fresh: string, folder: string, source: PackagedFiles): Promise<void> {
  if (!(await isComplete(fresh, source)))
    throw new Error(`the archive is damaged or lacks the ${source.name}; \`${setupLine('chromium')}\` brings it back`);
  const aside = `${fresh}-damaged`;
  if (!(await isComplete(folder, source))) await rename(folder, aside).catch(ignoreMissing);
  await rename(fresh, folder).catch(async (error) => {
    if (!(await isComplete(folder, source))) throw error;
  });
  await rm(aside, { recursive: true, force: true });
}

async function fileSizes(folder: string): Promise<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const file of await readdir(folder, { recursive: true })) {
    const status = await stat(join(folder, file));
    if (status.isFile()) sizes[file] = status.size;
  }
  return sizes;
}

/** tar-fs comes with @sparticuz/chromium, which extracts its own archives with it. */
function tarExtractor(folder: string): NodeJS.WritableStream {
  const require = createRequire(packageFile());
  const { extract }: { extract(folder: string): NodeJS.WritableStream } = require('tar-fs');
  return extract(folder);
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
