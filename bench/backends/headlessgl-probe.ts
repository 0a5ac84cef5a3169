// Run as a process of its own: prints as JSON which OpenGL driver the headlessgl mode gets here.
import { nameOfDriver, provideHeadlessGl } from './headless-gl.ts';

await provideHeadlessGl();
process.stdout.write(JSON.stringify(nameOfDriver()), () => process.exit());
