// A network of the Llama family, out of products with weights and of what a transformer computes between them.
import { feedForwards, headName, type LinearLayer, type ModelConfig, routerName } from '../contract/model.ts';
import type { Op } from '../contract/problem.ts';
import type { PreparedKernel } from '../contract/technique.ts';
import type { HeadsOf, PlacedLinear, Step, Transformer } from '../contract/transformer.ts';
import { mixExperts } from './mix-experts.ts';
import type { Placement, RunningModel } from './running-model.ts';

export interface PreparedLayer<Slot> {
  readonly layer: LinearLayer;
  readonly rows: number;
  readonly kernel: PreparedKernel<Op>;
  readonly placed: PlacedLinear<Slot>;
}

/** Where rows [hiddenSize] come into a network: those of tokens before block 0, or what was seen before a later one. */
export interface Entrance {
  readonly block: number;
  readonly rows: number;
  readonly lookUp: (row: number) => Float32Array;
}

/** What is looked up beside the network. */
export interface PlacedDatastore {
  readonly keys: PreparedLayer<unknown>;
  /** What followed at the keys nearest to a state [hiddenSize], into the logits of what follows it. */
  mixIn(state: Float32Array, logits: Float32Array): void;
}

export interface ModelParts<Slot> {
  readonly config: ModelConfig;
  /** Norms and biases. */
  readonly tensor: (name: string) => Float32Array;
  readonly entrance: Entrance;
  readonly onBlock?: Placement['onBlock'];
  readonly onExpert?: Placement['onExpert'];
  readonly transformer: Transformer<Slot>;
  /** By the names of their weights. */
  readonly layers: ReadonlyMap<string, PreparedLayer<Slot>>;
  readonly datastore?: PlacedDatastore;
  readonly maxRows: number;
  readonly headRows: number;
  readonly capacity: number;
  readonly dispose: () => void;
}

export function composeModel<Slot>(parts: ModelParts<Slot>): RunningModel {
  const { config, entrance, transformer, layers, datastore, maxRows, headRows, capacity, dispose } = parts;
  const { hiddenSize, vocabularySize } = config;
  const x = transformer.slot(hiddenSize);
  const normed = transformer.slot(hiddenSize);
  const run = transformer.join(stagesOf(parts, x, normed));
  const head = layers.get(headName(config))!.placed;
  const runHead = transformer.join([[head.run]]);
  const span = { rows: 0, position: 0 };

  function takeIn(tokens: readonly number[]): void {
    for (let row = 0; row < tokens.length; row++) {
      const token = tokens[row];
      if (!(token >= 0 && token < entrance.rows))
        throw new RangeError(`token: must be below ${entrance.rows}, got ${token}`);
      transformer.write(x, row, entrance.lookUp(token));
    }
    span.rows = tokens.length;
    run(span);
    span.position += tokens.length;
  }

  /** Multiplies `rows` rows of the last call with the head. */
  function multiplyHead(first: number, rows: number): void {
    for (let row = 0; row < rows; row++) transformer.write(head.X, row, stateOf(first + row));
    runHead({ rows, position: 0 });
  }

  /** Logits of all rows of the last call. */
  function readAll(logits: Float32Array): void {
    for (let first = 0; first < span.rows; first += headRows) {
      const rows = Math.min(headRows, span.rows - first);
      multiplyHead(first, rows);
      for (let row = 0; row < rows; row++)
        logits.set(transformer.read(head.Y, row, vocabularySize), (first + row) * vocabularySize);
    }
    for (let row = 0; row < span.rows; row++)
      datastore?.mixIn(stateOf(row), logits.subarray(row * vocabularySize, (row + 1) * vocabularySize));
  }

  /** What the head reads of a row of the last call. */
  function stateOf(row: number): Float32Array {
    return transformer.read(normed, row, hiddenSize);
  }

  return {
    forward(tokens, want) {
      const all = span.position + tokens.length;
      if (tokens.length === 0) throw new RangeError('tokens: must be at least one, got none');
      if (all > capacity) throw new RangeError(`tokens: must be at most ${capacity} in all, got ${all}`);
      const logits = want === 'all' ? new Float32Array(tokens.length * vocabularySize) : undefined;
      for (let first = 0; first < tokens.length; first += maxRows) {
        takeIn(tokens.slice(first, first + maxRows));
        if (logits !== undefined) readAll(logits.subarray(first * vocabularySize));
      }
      if (logits !== undefined) return logits;
      multiplyHead(span.rows - 1, 1);
      const last = transformer.read(head.Y, 0, vocabularySize);
      datastore?.mixIn(stateOf(span.rows - 1), last);
      return last;
    },
    get length() {
      return span.position;
    },
    truncate(length) {
      if (length > span.position) throw new RangeError(`length: must be at most ${span.position}, got ${length}`);
      span.position = length;
    },
    stretch(length) {
      if (length >= capacity) throw new RangeError(`length: must be below ${capacity}, got ${length}`);
      span.position = length;
    },
    kvCacheBytes: transformer.kvCacheBytes(),
    arithmetic: [...layers.values()].find(({ kernel }) => kernel.arithmetic !== undefined)?.kernel.arithmetic,
    workspaceBytes:
      transformer.workspaceBytes() +
      [...layers.values(), datastore?.keys ?? []].flat().reduce((sum, layer) => sum + workspaceOf(layer), 0),
    dispose,
  };
}

function workspaceOf({ layer, rows, kernel }: PreparedLayer<unknown>): number {
  return 4 * rows * (layer.N + layer.K) + (kernel.workspaceBytes ?? 0);
}

/** All layers from x [rows, hiddenSize] on, which is overwritten, to the norm before the head. */
function stagesOf<Slot>(parts: ModelParts<Slot>, x: Slot, normed: Slot): Step[][] {
  const { config, tensor, transformer, layers, entrance, onBlock } = parts;
  const show = (block: number): Step[] => {
    if (onBlock === undefined) return [];
    return [
      ({ rows }) => {
        for (let row = 0; row < rows; row++) onBlock(block, transformer.read(x, row, config.hiddenSize));
      },
    ];
  };
  const stages: Step[][] = [];
  let added: { readonly Y: Slot; readonly bias?: Float32Array } | undefined;
  for (let i = entrance.block; i < config.layers; i++) {
    const block = `model.layers.${i}`;
    const attention = `${block}.self_attn`;
    const linear = (name: string) => layers.get(`${block}.${name}.weight`)!.placed;
    const [q, k, v, o] = ['q', 'k', 'v', 'o'].map((name) => linear(`self_attn.${name}_proj`));
    const feed = config.experts === undefined ? denseFeed(parts, block) : mixtureFeed(parts, block);
    const headsOf = ({ Y }: PlacedLinear<Slot>, name: string, hasNorm: boolean): HeadsOf<Slot> => ({
      Y,
      bias: config.hasQkvBias ? tensor(`${attention}.${name}_proj.bias`) : undefined,
      norm: hasNorm ? tensor(`${attention}.${name}_norm.weight`) : undefined,
    });
    const [queries, keys] = [headsOf(q, 'q', config.hasQkNorm), headsOf(k, 'k', config.hasQkNorm)];
    const bias = config.hasOutputBias ? tensor(`${attention}.o_proj.bias`) : undefined;
    stages.push(
      [transformer.norm(x, added, tensor(`${block}.input_layernorm.weight`), [q.X, k.X, v.X])],
      show(i),
      [q.run, k.run, v.run],
      [transformer.attention(queries, keys, headsOf(v, 'v', false), o.X)],
      [o.run],
      [transformer.norm(x, { Y: o.Y, bias }, tensor(`${block}.post_attention_layernorm.weight`), feed.inputs)],
      ...feed.stages,
    );
    added = { Y: feed.output };
  }
  return [...stages, [transformer.norm(x, added, tensor('model.norm.weight'), [normed])], show(config.layers)];
}

interface Feed<Slot> {
  /** Places of the normed rows. */
  readonly inputs: readonly Slot[];
  readonly stages: readonly Step[][];
  readonly output: Slot;
}

function denseFeed<Slot>({ config, transformer, layers }: ModelParts<Slot>, block: string): Feed<Slot> {
  const [names] = feedForwards(config, block);
  const [gate, up, down] = [names.gate, names.up, names.down].map((name) => layers.get(name)!.placed);
  const gating = transformer.gate(config.activation, gate.Y, up.Y, config.feedForwardSize, down.X);
  return { inputs: [gate.X, up.X], stages: [[gate.run, up.run], [gating], [down.run]], output: down.Y };
}

function mixtureFeed<Slot>(parts: ModelParts<Slot>, block: string): Feed<Slot> {
  const { config, tensor, transformer, layers, onExpert } = parts;
  const [from, to] = [transformer.slot(config.hiddenSize), transformer.slot(config.hiddenSize)];
  const linear = (name: string) => layers.get(name)!;
  const router = tensor(routerName(block));
  const mix = mixExperts({ config, transformer, router, onExpert, linear }, block, from, to);
  return { inputs: [from], stages: [[mix]], output: to };
}
