// A technique of single layers made one of whole classifiers, as the harness weighs them.
import type { Calibration } from '../../contract/calibration.ts';
import { rowsOf } from '../../contract/operations/classify.ts';
import type { ClassifierLayer, ClassifyActivations, ClassifyProblem, Problem } from '../../contract/problem.ts';
import type { KernelKind, Runtimes } from '../../contract/runtimes/runtimes.ts';
import type { PreparedKernel, Technique } from '../../contract/technique.ts';
import { bytesOfNetwork, networkTechnique } from '../network-technique.ts';
import { type Choice, type PackedLayer, problemOf, unpackLayer } from '../packed-model.ts';
import type { Classifier, MultiplyFloat64 } from './classifier.ts';
import { placeClassifier } from './place-classifier.ts';

export interface PackedClassifier {
  readonly classifier: Classifier;
  /** By the names of the layers; packed when they are first asked for, since those of a page are packed there. */
  readonly layers: ReadonlyMap<string, PackedLayer>;
}

/** Layers that the technique can't hold stay f32; `whatStayed` says which. */
export function packClassifier(
  classifier: Classifier,
  choice: Choice,
  dense: Technique,
  calibrationOf: (layer: ClassifierLayer) => Calibration | undefined,
): PackedClassifier {
  let layers: PackedClassifier['layers'] | undefined;
  return {
    classifier,
    get layers() {
      layers ??= packLayers(classifier, choice, dense, calibrationOf);
      return layers;
    },
  };
}

function packLayers(
  classifier: Classifier,
  choice: Choice,
  dense: Technique,
  calibrationOf: (layer: ClassifierLayer) => Calibration | undefined,
): PackedClassifier['layers'] {
  const { technique, params } = choice;
  const layers = classifier.shape.layers.map((layer) => {
    const isFit = technique.skip?.(problemOf(layer, 1), params) === undefined;
    const taken = isFit ? choice : { technique: dense, params: {} };
    const calibration = taken.technique.needsCalibration?.(taken.params) ? calibrationOf(layer) : undefined;
    const weights = { W: classifier.weights(layer.name) };
    const packed = taken.technique.pack(weights, problemOf(layer, 1), taken.params, calibration);
    return [layer.name, { ...taken, packed }] as const;
  });
  return new Map(layers);
}

/** Why the technique holds none of the layers, or which stay f32; undefined where it holds all. */
export function whatStayed(
  { technique, params }: Choice,
  { network }: ClassifyProblem,
): { all: boolean; said: string } | undefined {
  const reasons = network.layers.map((layer) => technique.skip?.(problemOf(layer, 1), params));
  const left = reasons.filter((reason) => reason !== undefined);
  if (left.length === 0) return undefined;
  const all = left.length === reasons.length;
  return { all, said: all ? left[0] : `${left.length} of ${reasons.length} layers stay f32: ${left[0]}` };
}

export function classifyTechnique(choice: Choice, packed: PackedClassifier): Technique {
  return networkTechnique(choice, packed, place, {
    unpack: (model, problem: ClassifyProblem) => ({
      logits: (activations: ClassifyActivations) => {
        return model.classifier.reference(activations, multiplyUnpacked(model, problem));
      },
      roundsActivations: [...model.layers.values()].some(
        ({ technique, params }) => technique.arithmetic?.(params, problemOf(problem.network.layers[0], 1)) === 'int8',
      ),
    }),
    caveat: (_, __, problem: ClassifyProblem) => whatStayed(choice, problem)?.said,
    bytes: ({ classifier, layers }) =>
      bytesOfNetwork(
        [...layers.values()].map((layer) => layer.technique.bytes(layer.packed)),
        classifier.shape.otherBytes,
      ),
    flops: (model, problem: ClassifyProblem) => {
      return problem.network.layers.reduce((sum, layer) => {
        const { technique, packed: weights } = model.layers.get(layer.name)!;
        return sum + rowsOf(layer, problem) * technique.flops(weights, problemOf(layer, 1));
      }, 0);
    },
  });
}

/** In float64, on the weights that the packed ones stand for and on activations as kernels multiply them. */
function multiplyUnpacked({ layers }: PackedClassifier, { network }: ClassifyProblem): MultiplyFloat64 {
  return (name, X) => {
    const layer = network.layers.find((each) => each.name === name)!;
    const packed = layers.get(name)!;
    const { N, K } = layer;
    const rows = X.length / K;
    const problem = problemOf(layer, rows);
    const { technique, params } = packed;
    const rounded = technique.quantizeActivations?.(
      { X: Float32Array.from(X) },
      problem,
      params,
      packed.packed,
    )?.activations;
    const x = rounded !== undefined && 'X' in rounded ? rounded.X : X;
    const W = Float64Array.from(unpackLayer(layer, packed));
    const Y = new Float64Array(rows * N);
    for (let row = 0; row < rows; row++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += x[row * K + k] * W[n * K + k];
        Y[row * N + n] = sum;
      }
    }
    return Y;
  };
}

async function place(
  { classifier, layers }: PackedClassifier,
  { M }: Problem,
  kind: KernelKind,
  runtime: Runtimes[KernelKind],
): Promise<PreparedKernel<'classify'>> {
  const running = await placeClassifier(classifier, ({ name }) => layers.get(name)!, { M, kind, runtime });
  let batch: ClassifyActivations;
  let logits: Float32Array;
  return {
    upload(activations) {
      batch = activations;
    },
    run() {
      logits = running.run(batch);
    },
    readOutput: () => logits,
    workspaceBytes: running.workspaceBytes,
    arithmetic: running.arithmetic,
    dispose: () => running.dispose(),
  };
}
