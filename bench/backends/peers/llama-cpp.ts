// llama.cpp's own CPU library, as node-llama-cpp builds it for Node. Only its addon is loaded, whose version is pinned, and
// called as the package around it does: that one brings libraries for GPUs and rounds probabilities where logits are wanted.

import { join } from 'node:path';
import type { BackendStatus } from '../../contract/backend.ts';
import { InputError } from '../../contract/input-error.ts';
import { scriptLine } from '../../contract/typed-lines.ts';
import { loadPeer, PEERS_DIR, peerFolder, peerVersion } from './peer-packages.ts';

const LLAMA_CPP_DIR = join(PEERS_DIR, 'llama-cpp');
const PLATFORM = `${process.platform}-${process.arch}`;
const PACKAGE = `@node-llama-cpp/${PLATFORM}`;
/** Of the addon's log, and what else llama.cpp counts up to them. */
const ERRORS = 2;
/** ggml_type */
const CACHE_TYPES = { f32: 0, f16: 1 } as const;

export interface LlamaCppOptions {
  readonly threads: number;
  /** Tokens that the cache holds. */
  readonly capacity: number;
  /** What the cache holds keys and values in; llama.cpp's own choice is f16. */
  readonly cache: keyof typeof CACHE_TYPES;
}

/** A GGUF file in llama.cpp, and one sequence of tokens that grows. */
export interface LlamaCppModel {
  /** Without tokens of beginning or end. */
  encode(text: string): number[];
  /** Takes tokens in after those before; the timed call. Logits follow the last token, or each. */
  evaluate(tokens: Uint32Array, want: 'last' | 'all'): Promise<void>;
  /** Logits of the last evaluation, [tokens, vocabularySize]. Takes far longer than a token: each row is sorted on its way. */
  readLogits(): Promise<Float32Array>;
  /** Forgets all tokens but the first `length`. */
  truncate(length: number): void;
  readonly length: number;
  dispose(): Promise<void>;
}

/** The part of the addon that is used here: dist/bindings/AddonTypes.d.ts of node-llama-cpp. */
interface Addon {
  readonly AddonModel: new (path: string, options: object) => AddonModel;
  readonly AddonContext: new (model: AddonModel, options: object) => AddonContext;
  readonly AddonSampler: new (model: AddonModel) => AddonSampler;
  setLogger(log: (level: number, message: string) => void): void;
  setLoggerLogLevel(level: number): void;
  loadBackends(folder: string): void;
  init(): Promise<void>;
}

interface AddonModel {
  init(): Promise<boolean>;
  tokenize(text: string, specialTokens: boolean): Uint32Array;
  dispose(): Promise<void>;
}

interface AddonContext {
  init(): Promise<boolean>;
  initBatch(size: number): void;
  addToBatch(sequence: number, position: number, tokens: Uint32Array, logitsOf: Uint32Array): Uint32Array;
  decodeBatch(): Promise<void>;
  /** [token, , , logits], these as token, logit, token, logit … from the largest down. */
  sampleToken(
    row: number,
    sampler: AddonSampler,
    probabilities: false,
    confidence: false,
    logits: true,
  ): Promise<Sample>;
  removeTokenCellsFromSequence(sequence: number, from: number, to: number): boolean;
  dispose(): Promise<void>;
}
type Sample = readonly [token: number, unknown, unknown, logits: readonly number[]];

interface AddonSampler {
  applyConfig(config: { temperature: number }): void;
  dispose(): void;
}

/** Looks whether the library is there; loading it is left to whoever opens a model. */
export function probeLlamaCpp(folder: string = LLAMA_CPP_DIR): BackendStatus {
  const version = peerVersion(PACKAGE, folder);
  if (version === undefined) {
    return {
      available: false,
      reason: `${PACKAGE} is not installed: ${scriptLine('llama-cpp:install')} (for Linux on x64 and arm64)`,
    };
  }
  return { available: true, adapterType: 'none', adapter: '', driver: '', env: {}, version: `${PACKAGE} ${version}` };
}

/** Throws InputError where llama.cpp can't read the file. */
export async function openLlamaCpp(path: string, options: LlamaCppOptions): Promise<LlamaCppModel> {
  const { addon, errors } = await loadAddon();
  errors.length = 0;
  const model = new addon.AddonModel(path, { gpuLayers: 0, useMmap: true });
  const loaded = await model.init().catch(() => false);
  if (!loaded)
    throw new InputError(`${path}: llama.cpp must be able to read it, got ${errors.join('; ') || 'no model'}`);
  const { capacity, threads, cache } = options;
  const context = new addon.AddonContext(model, {
    contextSize: capacity,
    batchSize: capacity,
    sequences: 1,
    threads,
    // Its flash attention rounds keys and values to f16, whatever the cache holds.
    flashAttention: cache === 'f16' ? 'auto' : false,
    kvCacheKeyType: CACHE_TYPES[cache],
    kvCacheValueType: CACHE_TYPES[cache],
  });
  if (!(await context.init())) throw new Error(`${path}: llama.cpp must make a context, got ${errors.join('; ')}`);
  const sampler = new addon.AddonSampler(model);
  sampler.applyConfig({ temperature: 0 });
  let length = 0;
  let rows: Uint32Array<ArrayBufferLike> = new Uint32Array();
  return {
    encode: (text) => [...model.tokenize(text, false)],
    async evaluate(tokens, want) {
      context.initBatch(tokens.length);
      const logitsOf = want === 'all' ? tokens.map((_, i) => i) : Uint32Array.of(tokens.length - 1);
      rows = context.addToBatch(0, length, tokens, logitsOf);
      length += tokens.length;
      await context.decodeBatch();
    },
    async readLogits() {
      const all: Float32Array[] = [];
      for (const row of rows) all.push(byToken(await context.sampleToken(row, sampler, false, false, true)));
      return joined(all);
    },
    truncate(to) {
      context.removeTokenCellsFromSequence(0, to, -1);
      length = to;
    },
    get length() {
      return length;
    },
    async dispose() {
      sampler.dispose();
      await context.dispose();
      await model.dispose();
    },
  };
}

function byToken([, , , sorted]: Sample): Float32Array {
  const logits = new Float32Array(sorted.length / 2);
  for (let i = 0; i < sorted.length; i += 2) logits[sorted[i]] = sorted[i + 1];
  return logits;
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const columns = rows[0].length;
  const whole = new Float32Array(rows.length * columns);
  for (const [i, row] of rows.entries()) whole.set(row, i * columns);
  return whole;
}

let loading: Promise<{ readonly addon: Addon; readonly errors: string[] }> | undefined;

/** Once a process; llama.cpp chooses the build for this processor itself. */
function loadAddon() {
  loading ??= (async () => {
    const folder = join(peerFolder(PACKAGE, LLAMA_CPP_DIR), 'bins', PLATFORM);
    const addon = loadPeer<Addon>(join(folder, 'llama-addon.node'));
    const errors: string[] = [];
    addon.setLogger((_, message) => errors.push(message.trim()));
    addon.setLoggerLogLevel(ERRORS);
    addon.loadBackends(folder);
    await addon.init();
    return { addon, errors };
  })();
  return loading;
}
