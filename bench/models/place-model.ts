// Packed layers taken to where they run, one at a time, and joined to a network.
import { tsTransformer } from '../../kernels/transformer/ts.ts';
import { wasmTransformer } from '../../kernels/transformer/wasm.ts';
import { F32_CACHE } from '../contract/kv-cache.ts';
import { EMBEDDING, type LinearLayer, linearLayers, type ModelConfig, roleOf } from '../contract/model.ts';
import type { Op } from '../contract/problem.ts';
import { rotationTable } from '../contract/rotation.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import type { PreparedKernel } from '../contract/technique.ts';
import type { PlacedLinear, Step, Transformer } from '../contract/transformer.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { collectGarbage, willLeave } from '../inputs/garbage.ts';
import { composeModel, type Entrance, type ModelParts, type PreparedLayer } from './compose-model.ts';
import { type Datastore, keysLayer } from './datastore/datastore.ts';
import { placeDatastore } from './datastore/place-datastore.ts';
import { mustRunNetworks } from './network-kinds.ts';
import { isUncompressed, type PackedLayer, type PackedModel, problemOf, restoreLayer } from './packed-model.ts';
import type { Placement, RunningModel } from './running-model.ts';

/** A model that stands where it runs, some of whose layers may be exchanged. */
export interface PlacedModel extends RunningModel {
  /**
   * The same model with these layers, by the names of their weights, in place of its own; it has caches of its own. It is to be
   * disposed of, which gives its memory back, before another is asked for. With an entrance it takes numbers of its rows for tokens.
   */
  withLayers(others: ReadonlyMap<string, PackedLayer>, entrance?: Entrance): Promise<RunningModel>;
}

/** Throws UnsupportedError where no network runs on such a backend, or a technique has no kernel there. */
export async function placeModel(model: PackedModel, placement: Placement): Promise<PlacedModel> {
  collectGarbage();
  const { config } = model;
  const { maxRows, capacity, kind, runtime } = placement;
  mustRunNetworks(kind);
  const { heads, keyValueHeads, headDim, normEpsilon } = config;
  const rotation = rotationTable(config, capacity);
  const cache = model.cache ?? F32_CACHE;
  const shape = { maxRows, capacity, heads, keyValueHeads, headDim, normEpsilon, rotation, cache };
  if (kind === 'ts') return place(model, placement, tsTransformer(shape), () => runtime);
  const placed = await wasmTransformer(shape, runtime as Runtimes['wasm']);
  return place(model, placement, placed.transformer, ({ name }) => placed.runtimeOf(placeOf(name)));
}

/** The same for all layers of the stack, and for all experts of one. */
function placeOf(name: string): string {
  return roleOf(name).replace(/experts\.\d+/, 'experts');
}

async function place<Slot>(
  model: PackedModel,
  placement: Placement,
  transformer: Transformer<Slot>,
  runtimeOf: (layer: LinearLayer) => Runtimes[KernelKind],
): Promise<PlacedModel> {
  const { config, tensor } = model;
  const { maxRows, headRows = maxRows, capacity, onBlock, onExpert } = placement;
  // The head first: packing the largest of all takes the most memory, and least is held then.
  const inOrder = linearLayers(config).reverse();
  const datastore = model.datastore && (await placeKeys(model.datastore, placement, transformer, runtimeOf));
  const compose = (own: Pick<ModelParts<Slot>, 'layers' | 'entrance' | 'onBlock' | 'onExpert' | 'dispose'>) =>
    composeModel({ config, tensor, transformer, datastore, maxRows, headRows, capacity, ...own });
  const take = async (layers: readonly LinearLayer[], pack: PackedModel['pack'], onFailure: () => void) => {
    try {
      return await placeLayers(config, layers, pack, placement, transformer, runtimeOf);
    } catch (error) {
      onFailure();
      throw error;
    }
  };
  const tokens = (lookUp: Entrance['lookUp']) => ({ block: 0, rows: config.vocabularySize, lookUp });
  const own = await take(inOrder, model.pack, () => transformer.dispose());
  const lookUp = own.lookUp ?? lookUpOf(model);
  const dispose = () => {
    disposeOf(own.layers);
    datastore?.keys.kernel.dispose();
    transformer.dispose();
  };
  return Object.assign(compose({ layers: own.layers, entrance: tokens(lookUp), onBlock, onExpert, dispose }), {
    async withLayers(others: ReadonlyMap<string, PackedLayer>, entrance?: Entrance) {
      const release = transformer.mark();
      const exchanged = inOrder.filter(({ name }) => others.has(name));
      const placed = await take(exchanged, ({ name }) => others.get(name)!, release);
      const layers = new Map([...own.layers, ...placed.layers]);
      return compose({
        layers,
        entrance: entrance ?? tokens(placed.lookUp ?? lookUp),
        dispose() {
          disposeOf(placed.layers);
          release();
        },
      });
    },
  });
}

async function placeKeys<Slot>(
  store: Datastore,
  { kind }: Placement,
  transformer: Transformer<Slot>,
  runtimeOf: (layer: LinearLayer) => Runtimes[KernelKind],
) {
  const layer = keysLayer(store);
  try {
    const kernel = await prepareKernel(layer, store.keys, 1, kind, runtimeOf(layer));
    const placed = transformer.linear(kernel, 1, layer.N, layer.K);
    return placeDatastore(store, { layer, rows: 1, kernel, placed }, transformer);
  } catch (error) {
    transformer.dispose();
    throw error;
  }
}

interface PlacedLayers<Slot> {
  readonly layers: Map<string, PreparedLayer<Slot>>;
  /** Of a layer that is the embedding too, where it is compressed. */
  readonly lookUp?: Entrance['lookUp'];
}

/** One at a time. */
async function placeLayers<Slot>(
  config: ModelConfig,
  wanted: readonly LinearLayer[],
  pack: PackedModel['pack'],
  { kind, maxRows, headRows = maxRows, onActivations }: Placement,
  transformer: Transformer<Slot>,
  runtimeOf: (layer: LinearLayer) => Runtimes[KernelKind],
): Promise<PlacedLayers<Slot>> {
  const layers = new Map<string, PreparedLayer<Slot>>();
  let embedding: Float32Array | undefined;
  try {
    for (const layer of wanted) {
      const packed = pack(layer);
      const rows = layer.part === 'head' ? headRows : Math.ceil(maxRows * (layer.tokenShare ?? 1));
      const kernel = await prepareKernel(layer, packed, rows, kind, runtimeOf(layer));
      const linear = transformer.linear(kernel, rows, layer.N, layer.K);
      const placed = onActivations === undefined ? linear : shown(layer, linear, transformer, onActivations);
      layers.set(layer.name, { kernel, placed, rows, layer });
      if (layer.name === EMBEDDING && !isUncompressed(packed)) embedding = restoreLayer(layer, packed);
      willLeave(4 * layer.N * layer.K);
    }
  } catch (error) {
    disposeOf(layers);
    throw error;
  }
  collectGarbage();
  return { layers, lookUp: embedding && lookUpIn(embedding, config) };
}

function disposeOf(layers: ReadonlyMap<string, PreparedLayer<unknown>>): void {
  for (const { kernel } of layers.values()) kernel.dispose();
}

/** In weights that are as they were read: rows of tokens that came are held, where the rest need not be. */
function lookUpOf({ config, tensor, lookUp }: PackedModel): (token: number) => Float32Array {
  if (lookUp === undefined) return lookUpIn(tensor(EMBEDDING), config);
  const rows = new Map<number, Float32Array>();
  return (token) => {
    const row = rows.get(token) ?? lookUp([token]);
    rows.set(token, row);
    return row;
  };
}

function lookUpIn(embedding: Float32Array, { hiddenSize }: ModelConfig): (token: number) => Float32Array {
  return (token) => embedding.subarray(token * hiddenSize, (token + 1) * hiddenSize);
}

function shown<Slot>(
  layer: LinearLayer,
  linear: PlacedLinear<Slot>,
  transformer: Transformer<Slot>,
  onActivations: NonNullable<Placement['onActivations']>,
): PlacedLinear<Slot> {
  const run: Step = (span) => {
    for (let row = 0; row < span.rows; row++) onActivations(layer, transformer.read(linear.X, row, layer.K));
    linear.run(span);
  };
  return { ...linear, run };
}

async function prepareKernel(
  layer: LinearLayer,
  { technique, params, packed }: PackedLayer,
  rows: number,
  kind: KernelKind,
  runtime: Runtimes[KernelKind],
): Promise<PreparedKernel<Op>> {
  const makeKernel = technique.kernels[kind];
  if (makeKernel === undefined) throw new UnsupportedError(`${layer.name}: must have a ${kind} kernel, got none`);
  return makeKernel({ packed, problem: problemOf(layer, rows), params, runtime });
}
