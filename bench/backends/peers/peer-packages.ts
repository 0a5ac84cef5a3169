// The runtimes of others lie in a folder of their own, `.peers`, so that nobody has to download them who does not ask.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

export const PEERS_DIR = join(import.meta.dirname, '../../../.peers');

export function peerFolder(name: string, peersDir: string = PEERS_DIR): string {
  return join(peersDir, 'node_modules', name);
}

/** The version of an installed peer; undefined where it is not installed. */
export function peerVersion(name: string, peersDir?: string): string | undefined {
  try {
    return JSON.parse(readFileSync(join(peerFolder(name, peersDir), 'package.json'), 'utf8')).version;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Loads a peer's own module; `Module` is the part of it that is used here. */
export function loadPeer<Module>(name: string): Module {
  return createRequire(join(PEERS_DIR, 'package.json'))(name);
}
