// An X display for OpenGL: the one that DISPLAY names, else an Xvfb of this process's own.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/**
 * Xvfb finds a free display by itself and tells its number on descriptor 3. The shell waits on its stdin, which closes
 * when the process that holds the other end is gone, however it ended; then it ends Xvfb.
 */
const SERVE = [
  'Xvfb -displayfd 3 -screen 0 64x64x24 -nolisten tcp -noreset </dev/null >/dev/null 2>&1 &',
  'exec 3>&-',
  'cat >/dev/null',
  'kill $!',
  'wait',
].join('\n');

/** What keeps OpenGL from having a display here; undefined where nothing does. */
export function whyNoDisplay(): string | undefined {
  if (!needsDisplay() || process.env.DISPLAY || hasXvfb()) return undefined;
  return 'there is no X display: set DISPLAY, or install Xvfb (apt-get install xvfb)';
}

export function willStartXvfb(): boolean {
  return needsDisplay() && !process.env.DISPLAY && hasXvfb();
}

/** Sets DISPLAY where it is not set and OpenGL needs it. The display lives as long as this process. */
export async function ensureDisplay(): Promise<void> {
  const reason = whyNoDisplay();
  if (reason !== undefined) throw new Error(reason);
  if (willStartXvfb()) process.env.DISPLAY = `:${await startXvfb()}`;
}

/** Is there a desktop to show a window on? */
export function hasDesktop(): boolean {
  return !needsDisplay() || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

/** macOS and Windows draw without one. */
function needsDisplay(): boolean {
  return process.platform !== 'darwin' && process.platform !== 'win32';
}

function hasXvfb(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'Xvfb')));
}

async function startXvfb(): Promise<number> {
  // In a session of its own, so that Ctrl-C does not reach the shell before its work is done.
  const server = spawn('/bin/sh', ['-c', SERVE], { stdio: ['pipe', 'ignore', 'ignore', 'pipe'], detached: true });
  server.unref();
  // Closed before Xvfb has done so itself, the pipe would end it.
  const line = await text(server.stdio[3] as Readable);
  if (line === '') throw new Error('Xvfb: must start, got no display from it');
  return Number(line);
}
