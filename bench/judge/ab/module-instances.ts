// Loads the same file several times over, each time with every module it imports: what is marked `?instance=…` hands the
// mark on to its own imports. Two versions of a kernel, or one version twice, thus share no compiled code. Packages do
// not take part: both versions use the one that is installed.
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const MARK = 'instance';

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context);
    const instance = context.parentURL?.startsWith('file:') && new URL(context.parentURL).searchParams.get(MARK);
    if (!instance || !resolved.url.startsWith('file:') || resolved.url.includes('/node_modules/')) return resolved;
    const url = new URL(resolved.url);
    url.searchParams.set(MARK, instance);
    return { ...resolved, url: url.href };
  },
});

export async function importInstance<Module>(file: string, instance: string): Promise<Module> {
  return import(`${pathToFileURL(file).href}?${MARK}=${encodeURIComponent(instance)}`);
}
