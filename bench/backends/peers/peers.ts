// The runtimes of others, as backends: optional, and weighed and checked as tare's own are.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BackendStatus, NodeBackend } from '../../contract/backend.ts';
import { scriptLine } from '../../contract/typed-lines.ts';
import { openJax } from './jax.ts';
import { openOrtNode, openOrtWeb } from './ort.ts';
import { peerFolder, peerVersion } from './peer-packages.ts';
import { openTfjs } from './tfjs.ts';

const ORT_NODE = ['onnxruntime-node'] as const;
const ORT_WEB = ['onnxruntime-web'] as const;

export const peers: readonly NodeBackend[] = [
  {
    ...peer('ort-node', 'ort', ORT_NODE, "ONNX Runtime's native library, one thread", openOrtNode),
    isNative: true,
    probe: async () => probeOrtNode(),
  },
  {
    ...peer('ort-node-mt', 'ort', ORT_NODE, 'the same on --threads threads', openOrtNode),
    isNative: true,
    threads: (asked) => asked,
    probe: async () => probeOrtNode(),
  },
  peer('ort-web', 'ort', ORT_WEB, 'ONNX Runtime as WebAssembly, one thread', openOrtWeb),
  {
    ...peer('ort-web-mt', 'ort', ORT_WEB, 'the same on --threads threads', openOrtWeb),
    threads: (asked) => asked,
  },
  peer(
    'tfjs-wasm',
    'tfjs',
    ['@tensorflow/tfjs-backend-wasm', '@tensorflow/tfjs-core'],
    "TensorFlow.js's WebAssembly backend (XNNPACK), one thread",
    openTfjs,
  ),
  peer('jax-js', 'jax', ['@jax-js/jax'], "jax-js's WebAssembly backend, one thread", openJax),
];

function peer(
  id: string,
  kind: NodeBackend['kind'],
  packages: readonly string[],
  summary: string,
  open: NodeBackend['open'],
): NodeBackend {
  const probe = async () => probePeer(packages);
  return { id, summary, device: 'cpu', kind, onlyWhenNamed: true, threads: () => 1, probe, open };
}

/** Looks whether the packages are there; loading them is left to the child processes. */
export function probePeer(packages: readonly string[], peersDir?: string): BackendStatus {
  const missing = packages.find((name) => peerVersion(name, peersDir) === undefined);
  if (missing !== undefined) {
    return { available: false, reason: `${missing} is not installed: ${scriptLine('peers:install')}` };
  }
  const version = `${packages[0]} ${peerVersion(packages[0], peersDir)}`;
  return { available: true, adapterType: 'none', adapter: '', driver: '', env: {}, version };
}

/** The package brings its library for some systems only. */
function probeOrtNode(): BackendStatus {
  const status = probePeer(ORT_NODE);
  const { platform, arch } = process;
  const library = join(peerFolder(ORT_NODE[0]), 'bin/napi-v6', platform, arch, 'onnxruntime_binding.node');
  if (!status.available || existsSync(library)) return status;
  return { available: false, reason: `${ORT_NODE[0]} has no library for ${platform} on ${arch}` };
}
