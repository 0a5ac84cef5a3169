// A model as a case has it: the layers that its problem names packed by its technique, the others f32.
import { hadamardBlock } from '../../kernels/transforms/hadamard.ts';
import type { Calibration } from '../contract/calibration.ts';
import { kvCaches } from '../contract/kv-cache.ts';
import { type LinearLayer, linearLayers, type ModelWeights, otherTensors } from '../contract/model.ts';
import type { LayerChoice, ModelProblem } from '../contract/problem.ts';
import type { Params, StoredBytes, Technique } from '../contract/technique.ts';
import { bytesOfDatastore } from './datastore/datastore.ts';
import { bytesOfNetwork } from './network-technique.ts';
import {
  bytesOfLayer,
  type Choice,
  type Drafting,
  isUncompressed,
  type PackedLayer,
  type PackedModel,
  packModel,
  problemOf,
  repeatLayers,
} from './packed-model.ts';

/** Of each layer that is asked for, what methods look at before they choose. */
export type CalibrationOf = (layer: LinearLayer) => Calibration | undefined;

/** Bytes of a packed layer, and operations of one row through it. */
export interface LayerSize {
  readonly stored: StoredBytes;
  readonly flops: number;
}

/** A packed model that knows how large its layers are once they were packed. */
export interface SizedModel extends PackedModel {
  readonly drafting?: Drafting & { readonly by: SizedModel };
  sizeOf(layer: LinearLayer): LayerSize;
}

/** A technique of matmul with its parameters; `calibrationOf` where it looks at activations. */
export interface LayerTechnique extends Choice {
  readonly calibrationOf?: CalibrationOf;
  /** Of a plan: what packs each layer instead. */
  readonly byLayer?: ReadonlyMap<string, Choice>;
}

/** No layer is packed before it is asked for. */
export function packCase(
  weights: ModelWeights,
  problem: Pick<ModelProblem, 'layers' | 'scale'>,
  chosen: LayerTechnique,
  dense: Technique,
): SizedModel {
  const packed = packModel(weights, dense, (layer) => choiceOf(chosen, problem, layer), chosen.calibrationOf);
  return withSizes(repeatLayers(keepCompressed(packed), problem.scale));
}

/** Whether a technique takes the place of the layer's f32 weights. */
export function isReplaced({ part }: LinearLayer, layers: LayerChoice): boolean {
  if (layers === 'all') return part !== 'head';
  return layers === 'all+head' || layers === part;
}

/** Layers that the technique can't hold stay f32. */
function choiceOf(
  { technique, params, byLayer }: LayerTechnique,
  { layers }: Pick<ModelProblem, 'layers'>,
  layer: LinearLayer,
): Choice | undefined {
  if (byLayer !== undefined) return byLayer.get(layer.name);
  const isChosen = isReplaced(layer, layers) && whyNot({ technique, params }, layer) === undefined;
  return isChosen ? { technique, params } : undefined;
}

/** Why a technique can't hold a layer, if so. */
export function whyNot({ technique, params }: Choice, layer: LinearLayer): string | undefined {
  return technique.skip?.(problemOf(layer, 1), params);
}

function whyNotEach(choice: Choice, { config, layers }: ModelProblem): (string | undefined)[] {
  const asked = linearLayers(config).filter((layer) => isReplaced(layer, layers));
  return asked.map((layer) => whyNot(choice, layer));
}

/** Why the technique can hold none of the layers that it is to replace, if so. */
export function whyNoneFits(choice: Choice, problem: ModelProblem): string | undefined {
  const reasons = whyNotEach(choice, problem);
  return reasons.includes(undefined) ? undefined : reasons[0];
}

/** Why keys and values can't be kept as the parameters say, if so. */
export function whyNotCached({ config: { headDim } }: ModelProblem, { kv = 'f32' }: Params): string | undefined {
  if (!kvCaches[kv].isTurned || hadamardBlock(headDim) !== undefined) return undefined;
  return `headDim: must be a multiple of 32 for kv=${kv}, got ${headDim}`;
}

/** Why no tokens can be drafted, if so. */
export function whyNotDrafted({ phase, draft }: ModelProblem, { drafted = 0 }: Params): string | undefined {
  if (drafted === 0 || (phase === 'generate' && draft !== undefined)) return undefined;
  return phase === 'generate'
    ? 'drafted: must have a model that drafts; --draft names one'
    : `drafted: must be of a text that is generated, got ${phase}`;
}

/** Why nothing can be added to the weights that was learned beside them, if so. */
export function whyNoAdapters({ file }: ModelProblem, { correction }: Params): string | undefined {
  if (correction !== 'learned' || file.adapters !== undefined) return undefined;
  return 'correction: must have been learned beside the weights; --adapters names a folder';
}

/** Why nothing can be looked up, if so. */
export function whyNoDatastore({ file }: ModelProblem, { datastore }: Params): string | undefined {
  if (datastore === undefined || file.datastore !== undefined) return undefined;
  return 'datastore: must have a text that is looked up; --datastore names one';
}

/** Which of them stay f32, since the technique can't hold them, if any. */
export function whatStayed(choice: Choice, problem: ModelProblem): string | undefined {
  const reasons = whyNotEach(choice, problem);
  const left = reasons.filter((reason) => reason !== undefined);
  return left.length === 0 ? undefined : `${left.length} of ${reasons.length} layers stay f32: ${left[0]}`;
}

/** Of its bytes as f32. */
const MOST_HELD = 1 / 3;

/**
 * Each layer that its technique makes small packed once, and the head, for packing the largest of all takes more memory than it is held in.
 * Any other is read and packed anew each time, so that it is not held beside its placed copy: what takes long to pack stands on disk by
 * then.
 */
export function keepCompressed(model: PackedModel): PackedModel {
  const kept = new Map<string, PackedLayer>();
  return {
    ...model,
    pack(layer) {
      const packed = kept.get(layer.name) ?? model.pack(layer);
      const isSmall = bytesOfLayer(packed) <= MOST_HELD * 4 * layer.N * layer.K;
      if (isSmall || (layer.part === 'head' && !isUncompressed(packed))) kept.set(layer.name, packed);
      return packed;
    },
  };
}

export function withSizes(model: Omit<PackedModel, 'drafting'>): SizedModel {
  const sizes = new Map<string, LayerSize>();
  const pack = (layer: LinearLayer) => {
    const packedLayer = model.pack(layer);
    const { technique, packed } = packedLayer;
    const size = () => ({ stored: technique.bytes(packed), flops: technique.flops(packed, problemOf(layer, 1)) });
    if (!sizes.has(layer.name)) sizes.set(layer.name, size());
    return packedLayer;
  };
  const sizeOf = (layer: LinearLayer): LayerSize => {
    const known = sizes.get(layer.name);
    if (known !== undefined) return known;
    pack(layer);
    return sizeOf(layer);
  };
  return { ...model, pack, sizeOf };
}

/** Of all layers, and of what nothing packs; a datastore and a model that drafts are beside them. */
export function bytesOf(packed: SizedModel): StoredBytes {
  const layers = linearLayers(packed.config).map((layer) => packed.sizeOf(layer).stored);
  const bytes = bytesOfNetwork(layers, otherBytes(packed));
  const { drafting, datastore } = packed;
  const beside =
    (drafting === undefined ? 0 : totalBytes(bytesOf(drafting.by))) +
    (datastore === undefined ? 0 : bytesOfDatastore(datastore));
  return { ...bytes, corrections: (bytes.corrections ?? 0) + beside };
}

function totalBytes({ values, indices, scales, corrections = 0 }: StoredBytes): number {
  return values + indices + scales + corrections;
}

/** Bytes of what no technique packs. */
export function otherBytes({ config }: Pick<ModelWeights, 'config'>): number {
  return 4 * otherTensors(config).reduce((sum, { length }) => sum + length, 0);
}
