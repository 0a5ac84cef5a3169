import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { packagedCacheFolders } from './packaged-files.ts';

const NAMELESS = 54_321;

test.skipIf(process.getuid?.() !== 0)('a user without an entry among the system’s has a cache folder too', () => {
  const module = JSON.stringify(pathToFileURL(join(import.meta.dirname, 'packaged-files.ts')).href);
  // The number is taken on inside, since the folders on the way to a checkout of root's may be closed to others.
  const script = `
    const { packagedCacheFolders } = await import(${module});
    process.setuid(${NAMELESS});
    console.log(packagedCacheFolders().at(-1));`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect({ last: stdout.trim().split('/').at(-1), stderr }).toEqual({ last: `tare-${NAMELESS}`, stderr: '' });
});

test('users have folders of their own', () => {
  expect(packagedCacheFolders().at(-1)).toMatch(new RegExp(`/tare-${process.getuid?.()}$`));
});
