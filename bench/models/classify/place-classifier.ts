// A classifier's packed layers taken to where they run, and joined.
import { rowsOf } from '../../contract/operations/classify.ts';
import type { ClassifierLayer, ClassifierShape, ClassifyActivations, Op } from '../../contract/problem.ts';
import type { KernelKind, Runtimes } from '../../contract/runtimes/runtimes.ts';
import type { Arithmetic, PreparedKernel } from '../../contract/technique.ts';
import { UnsupportedError } from '../../contract/unsupported-error.ts';
import { mustRunNetworks } from '../network-kinds.ts';
import { type PackedLayer, problemOf } from '../packed-model.ts';
import type { Classifier, Multiply } from './classifier.ts';

/** Where layers run, in calls of M rows of input. */
export interface ClassifierPlacement {
  readonly M: number;
  readonly kind: KernelKind;
  readonly runtime: Runtimes[KernelKind];
}

export interface PlacedLayers {
  readonly multiply: Multiply;
  /** Of all kernels together, beside weights, activations and outputs. */
  readonly workspaceBytes: number;
  /** What a layer's kernel says that most of its work is done in, if one does. */
  readonly arithmetic?: Arithmetic;
  dispose(): void;
}

export interface RunningClassifier extends Omit<PlacedLayers, 'multiply'> {
  /** Logits [examples, classes]; a view that the next call overwrites. */
  run(batch: ClassifyActivations): Float32Array;
}

/** Throws UnsupportedError as `placeLayers` does. */
export async function placeClassifier(
  classifier: Classifier,
  pack: (layer: ClassifierLayer) => PackedLayer,
  placement: ClassifierPlacement,
): Promise<RunningClassifier> {
  const { multiply, ...placed } = await placeLayers(classifier.shape, pack, placement);
  return { ...placed, run: classifier.compose(placement.M, multiply) };
}

/** Throws UnsupportedError where a technique has no kernel of the kind, or the kind is a device's. */
export async function placeLayers(
  network: ClassifierShape,
  pack: (layer: ClassifierLayer) => PackedLayer,
  { M, kind, runtime }: ClassifierPlacement,
): Promise<PlacedLayers> {
  mustRunNetworks(kind);
  const kernels = new Map<string, PreparedKernel<Op>>();
  const dispose = () => {
    for (const kernel of kernels.values()) kernel.dispose();
  };
  try {
    for (const layer of network.layers) {
      const { technique, params, packed } = pack(layer);
      const makeKernel = technique.kernels[kind];
      if (makeKernel === undefined) throw new UnsupportedError(`${layer.name}: must have a ${kind} kernel, got none`);
      const problem = problemOf(layer, rowsOf(layer, { M, network }));
      kernels.set(layer.name, await makeKernel({ packed, problem, params, runtime }));
    }
  } catch (error) {
    dispose();
    throw error;
  }
  // Kernels of these kinds are finished when they return.
  const multiply: Multiply = (layer, X) => {
    const kernel = kernels.get(layer)!;
    void kernel.upload({ X });
    void kernel.run();
    return kernel.readOutput() as Float32Array;
  };
  const workspaceBytes = [...kernels.values()].reduce((sum, kernel) => sum + (kernel.workspaceBytes ?? 0), 0);
  const { arithmetic } = [...kernels.values()].find((kernel) => kernel.arithmetic !== undefined) ?? {};
  return { multiply, workspaceBytes, arithmetic, dispose };
}
