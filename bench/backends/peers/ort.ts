// ONNX Runtime, native (onnxruntime-node) or as WebAssembly (onnxruntime-web): one API, so the same kernels serve both.
import type { OnnxGraph, Ort } from '../../contract/runtimes/ort.ts';
import { encodeModel } from './onnx-model.ts';
import { loadPeer } from './peer-packages.ts';

/** The part of the two packages' common API that is used here. */
interface OrtLibrary {
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options: SessionOptions): Promise<OrtSession> };
  readonly env: { logLevel: 'error'; readonly wasm: { numThreads: number } };
}

interface OrtTensor {
  readonly data: Float32Array;
}

interface OrtSession {
  run(feeds: Record<string, OrtTensor>, fetches?: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

interface SessionOptions {
  readonly executionProviders: readonly ['cpu' | 'wasm'];
  readonly intraOpNumThreads: number;
  readonly interOpNumThreads: 1;
  /** onnxruntime_session_options_config_keys.h, nested at the dots. */
  readonly extra: { readonly session: Readonly<Record<string, string>> };
}

const SESSION_CONFIG = {
  // int8 weights stay int8 and are dequantised in each run, rather than once into f32 when the graph is loaded.
  disable_qdq_constant_folding: '1',
  // Every session has threads of its own. Those of the candidate must not spin on while the baseline is timed.
  force_spinning_stop: '1',
};

/** The native library: writes into the output it is given. */
export async function openOrtNode(threads: number): Promise<Ort> {
  return ort(loadPeer<OrtLibrary>('onnxruntime-node'), 'cpu', threads, true);
}

/**
 * WebAssembly: each run copies the input into its memory and the output into a new array, and there is no way around
 * it. An output given to it would be left as it was.
 */
export async function openOrtWeb(threads: number): Promise<Ort> {
  const library = loadPeer<OrtLibrary>('onnxruntime-web');
  library.env.wasm.numThreads = threads;
  return ort(library, 'wasm', threads, false);
}

function ort(library: OrtLibrary, provider: 'cpu' | 'wasm', threads: number, writesIntoOutput: boolean): Ort {
  library.env.logLevel = 'error';
  return {
    async load(graph) {
      const session = await library.InferenceSession.create(encodeModel(graph), {
        executionProviders: [provider],
        intraOpNumThreads: threads,
        interOpNumThreads: 1,
        extra: { session: SESSION_CONFIG },
      });
      const zeros = ({ dims }: OnnxGraph['input']) =>
        new library.Tensor('float32', new Float32Array(dims.reduce((size, dim) => size * dim, 1)), dims);
      const input = zeros(graph.input);
      let output = zeros(graph.output);
      const feeds = { [graph.input.name]: input };
      const fetches = writesIntoOutput ? { [graph.output.name]: output } : undefined;
      return {
        upload: (values) => input.data.set(values),
        async run() {
          const results = await session.run(feeds, fetches);
          if (!writesIntoOutput) output = results[graph.output.name];
        },
        readOutput: () => output.data,
        dispose: () => void session.release(),
      };
    },
  };
}
