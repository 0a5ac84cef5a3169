// The browser that pages are opened in: the Chromium of the packages, or the user's own.

import { type ExecFileException, execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserChoice } from '../../contract/browser.ts';
import { InputError } from '../../contract/input-error.ts';
import { extractPackaged, packagedArchive, packagedCacheFolders } from '../packaged-files.ts';
import { libraryPath } from '../software-driver.ts';
import { hasDesktop } from '../x-display.ts';

export const PACKAGED_BROWSER: BrowserChoice = { headed: false };

/** The packaged program is Chrome's headless shell: it has no window, and its GPU is SwiftShader on every machine. */
const PACKAGED_ARGS = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-unsafe-swiftshader',
  '--use-angle=swiftshader',
];
/** WebGPU waits behind flags on Linux, where most drivers are on Chrome's list of those not trusted. */
const OWN_ARGS = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--ignore-gpu-blocklist'];

const ARCHIVES = ['chromium.br', 'al2023.tar.br', 'swiftshader.tar.br'];

/** Throws when the packaged one can't be had, saying why, and InputError where the user's is none. */
export async function findBrowser({ path, headed }: BrowserChoice): Promise<Browser> {
  if (path !== undefined) return { path, args: [...OWN_ARGS, ...(headed ? [] : ['--headless'])], env: {} };
  const files = ['chromium', 'libGLESv2.so', 'libvk_swiftshader.so', join('lib', 'libnss3.so')];
  const archives = ARCHIVES.map(packagedArchive);
  const folder = await extractPackaged({ name: 'chromium', archives, files, cacheFolders: packagedCacheFolders() });
  const env = { LD_LIBRARY_PATH: libraryPath(join(folder, 'lib'), folder) };
  return { path: join(folder, 'chromium'), args: PACKAGED_ARGS, env };
}

const CHROMIUM = /chrom|edge|brave|opera|vivaldi/i;
const VERSION_TIMEOUT_MS = 10_000;

/** What was chosen, wherever a run is resumed; throws InputError on what can't be a browser before anything is measured with it. */
export async function chosenBrowser({ path: typed, headed }: BrowserChoice): Promise<BrowserChoice> {
  // A name is looked up in PATH.
  const path = typed?.includes('/') ? resolve(typed) : typed;
  await check({ path, headed });
  return { path, headed };
}

async function check({ path, headed }: BrowserChoice): Promise<void> {
  if (path === undefined) {
    if (headed) throw new InputError('--headed: must go with --browser, since the packaged Chromium has no window');
    return;
  }
  if (headed && !hasDesktop()) {
    throw new InputError('--headed: must have a display to show the window on, got no DISPLAY; leave it out');
  }
  const run = promisify(execFile)(path, ['--version'], { timeout: VERSION_TIMEOUT_MS, killSignal: 'SIGKILL' });
  const { stdout } = await run.catch((error: ExecFileException) => {
    throw new InputError(`--browser: must be a program that runs, got ${failureOf(error)} at ${path}`);
  });
  if (!CHROMIUM.test(stdout)) {
    throw new InputError(
      `--browser: must be a Chrome, Chromium or Edge, got ${path}, which says ${stdout.trim().split('\n')[0] || 'nothing'}`,
    );
  }
}

function failureOf({ killed, signal, code }: ExecFileException): string {
  if (killed) return `no answer to --version in ${VERSION_TIMEOUT_MS / 1000} s`;
  if (typeof code === 'number') return `exit code ${code} from --version`;
  return String(code ?? signal);
}
