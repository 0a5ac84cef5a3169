// ONNX Runtime as kernels find it: it runs ONNX graphs.

export interface Ort {
  /** Compiles a graph; the runtime copies and prepacks its weights here, untimed. */
  load(graph: OnnxGraph): Promise<OrtProgram>;
}

export interface OrtProgram {
  upload(values: Float32Array): void;
  /** One `session.run`, whatever the runtime does in it. */
  run(): Promise<void>;
  /** The output of the last run. */
  readOutput(): Float32Array;
  dispose(): void;
}

/** A graph of one f32 input and one f32 output. */
export interface OnnxGraph {
  readonly input: OnnxTensor;
  readonly output: OnnxTensor;
  readonly nodes: readonly OnnxNode[];
  /** Tensors that stay the same from run to run: weights, which the runtime may lay out anew when it loads the graph. */
  readonly initializers: readonly OnnxInitializer[];
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
}

export interface OnnxInitializer extends OnnxTensor {
  readonly values: Float32Array | Uint8Array | Int8Array;
}

export interface OnnxNode {
  readonly op: string;
  /** An operator of ONNX itself, or one of ONNX Runtime's own: onnxruntime/docs/ContribOperators.md. */
  readonly domain?: 'com.microsoft';
  /** Names; empty for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  /** Integers become INT attributes and `Float` ones FLOAT. */
  readonly attributes?: Readonly<Record<string, number | { readonly float: number }>>;
}
