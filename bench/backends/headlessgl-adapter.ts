// Finds out whether gpu.js's headlessgl mode can run here. A child process looks, since a driver can end a process.
import { execFile } from 'node:child_process';
import type { BackendStatus } from '../contract/backend.ts';
import { moduleFile } from '../contract/module-file.ts';
import { scriptLine } from '../contract/typed-lines.ts';
import { headlessGlVersion } from './headless-gl.ts';
import { missingToBuild } from './headlessgl-build.ts';
import { isSoftwareName } from './webgpu-adapter.ts';
import { whyNoDisplay, willStartXvfb } from './x-display.ts';

/** Xvfb and a driver start in well under a second; one that hangs must not hang the harness. */
const PROBE_TIMEOUT_MS = 20_000;

export async function probeHeadlessGl(): Promise<BackendStatus> {
  const version = headlessGlVersion();
  const reason = version === undefined ? notInstalled() : whyNoDisplay();
  if (reason !== undefined) return { available: false, reason };
  const display = willStartXvfb() ? 'Xvfb' : `display ${process.env.DISPLAY ?? 'of the system'}`;
  return new Promise((resolve) => {
    const options = { timeout: PROBE_TIMEOUT_MS, killSignal: 'SIGKILL' } as const;
    execFile(
      process.execPath,
      [moduleFile('./headlessgl-probe.ts', import.meta.filename)],
      options,
      (error, stdout, stderr) => {
        if (error !== null) return resolve({ available: false, reason: failureOf(error, stderr) });
        const driver: { renderer: string; version: string } = JSON.parse(stdout);
        resolve({
          available: true,
          adapterType: isSoftwareName(driver.renderer) ? 'software' : 'hardware',
          adapter: driver.renderer,
          driver: `${driver.version} (${display})`,
          env: {},
          version: `gl ${version}`,
        });
      },
    );
  });
}

function notInstalled(): string {
  const missing = [...missingToBuild(), ...(whyNoDisplay() === undefined ? [] : ['xvfb'])];
  const before = missing.length > 0 ? `apt-get install ${missing.join(' ')} && ` : '';
  return `gl is not installed: ${before}${scriptLine('headlessgl:install')}`;
}

function failureOf(error: { killed?: boolean; signal?: string | null; code?: unknown }, stderr: string): string {
  if (error.killed) return `OpenGL gave no answer within ${PROBE_TIMEOUT_MS / 1000} s`;
  if (error.signal) return `OpenGL ended with ${error.signal}`;
  if (/Could not locate the bindings file/.test(stderr))
    return `gl was not built to its end: ${scriptLine('headlessgl:install')}`;
  const message = stderr.split('\n').find((line) => /^\w*Error/.test(line)) ?? `exit code ${error.code}`;
  return `OpenGL can't be used: ${message.trim()}`;
}
