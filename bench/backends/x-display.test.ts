import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test, vi } from 'vitest';
import { willStartXvfb } from './x-display.ts';

const MODULE = new URL('./x-display.ts', import.meta.url).href;

async function isServed(display: string): Promise<boolean> {
  const socket = connect(`/tmp/.X11-unix/X${display.replace(':', '')}`);
  const served = await new Promise<boolean>((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  });
  socket.destroy();
  return served;
}

describe('a display of its own', () => {
  if (!willStartXvfb()) {
    test.skip('is started only where Xvfb is installed and DISPLAY is not set', () => {});
    return;
  }

  test.each(['SIGKILL', 'SIGINT'] as const)('ends with the process that asked for it, after %s too', async (signal) => {
    const use = `await (await import('${MODULE}')).ensureDisplay(); console.log(process.env.DISPLAY); setInterval(() => {}, 1000)`;
    const user = spawn(process.execPath, ['--input-type=module', '-e', use], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(user.stdout, 'data');
    const display = String(line).trim();
    expect(await isServed(display)).toBe(true);
    user.kill(signal);
    await once(user, 'exit');
    await vi.waitUntil(async () => !(await isServed(display)), { timeout: 5000, interval: 50 });
  });

  test('does not keep the process from ending', async () => {
    const use = `await (await import('${MODULE}')).ensureDisplay(); console.log(process.env.DISPLAY)`;
    const user = spawn(process.execPath, ['--input-type=module', '-e', use], { stdio: ['ignore', 'pipe', 'inherit'] });
    const display = (await text(user.stdout)).trim();
    await vi.waitUntil(async () => !(await isServed(display)), { timeout: 5000, interval: 50 });
  });
});
