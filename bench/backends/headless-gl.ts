// The native package `gl`, OpenGL without a window: built on request into a folder of its own, `.headlessgl`.
import { readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { join } from 'node:path';
import { ensureDisplay } from './x-display.ts';

const FOLDER = join(import.meta.dirname, '../../.headlessgl');
const requireHere = createRequire(join(FOLDER, 'package.json'));

/** The version that is installed, if one is. */
export function headlessGlVersion(): string | undefined {
  try {
    return JSON.parse(readFileSync(join(FOLDER, 'node_modules/gl/package.json'), 'utf8')).version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Sees to it that gpu.js, loaded after this, finds the package and the package a display. */
export async function provideHeadlessGl(): Promise<void> {
  await ensureDisplay();
  // gpu.js would keep to itself why the package can't be loaded.
  requireHere('gl');
  const path = requireHere.resolve('gl');
  registerHooks({
    resolve: (specifier, context, next) => next(specifier === 'gl' ? path : specifier, context),
  });
}

/** What the driver calls itself; the package's own contexts give everyone the same name. */
export function nameOfDriver(): { renderer: string; version: string } {
  const createContext: (width: number, height: number) => WebGLRenderingContext | null = requireHere('gl');
  const context = createContext(2, 2);
  if (context === null) throw new Error(`OpenGL: must give a context, got none on display ${process.env.DISPLAY}`);
  const { NativeWebGLRenderingContext } = requireHere('gl/src/javascript/native-gl');
  const tell = (name: number): string => NativeWebGLRenderingContext.prototype.getParameter.call(context, name);
  return { renderer: tell(context.RENDERER), version: tell(context.VERSION) };
}
