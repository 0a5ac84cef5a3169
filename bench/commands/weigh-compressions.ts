// Compressions of a model weighed in one process beside the uncompressed one: formats for all layers alike, and a mix of them.
import { InputError } from '../contract/input-error.ts';
import { linearLayers } from '../contract/model.ts';
import type { AxisValue, Technique } from '../contract/technique.ts';
import type { Bounds, WeighedModel } from '../judge/recommend.ts';
import { layerOptions, layersToScore } from '../models/layer-options.ts';
import { bytesOf, keepCompressed, otherBytes, type SizedModel, whyNot, withSizes } from '../models/packed-case.ts';
import { type Choice, type PackedModel, packModel } from '../models/packed-model.ts';
import { packMix, planOf, proposeMix } from '../models/propose-mix.ts';
import { type DecodeScale, decodeSpeedup } from '../models/weigh-decode.ts';
import { layerTechnique } from './layer-technique.ts';
import { createCountdown } from './progress.ts';
import type { ScoredModel } from './scored-model.ts';
import { scoreAll } from './sensitivity.ts';
import { writeNamedFile } from './write-named-file.ts';

type Axes = Record<string, AxisValue[]>;

/** Of all formats the one that leaves the fewest bytes. */
const SMALLEST: readonly [technique: string, axes: Axes] = ['int2', { groupSize: [64] }];
/** Weighed for all layers alike. Where activations are int8, products are made by instructions of their own, so both are tried. */
const UNIFORM: readonly (readonly [technique: string, axes: Axes])[] = [
  ...['q8-0', 'q6-k', 'q5-k', 'q4-k', 'q4-0'].flatMap((id) => withActivations(id, {})),
  ...withActivations('int3', { groupSize: [64] }),
  ...withActivations(...SMALLEST),
  ['nf4', {}],
  ['mxfp4', {}],
  ['sparse-2-4', {}],
  ['csr', { sparsity: [0.5] }],
];
/** What layers are mixed of: a ladder of bits. */
const LADDER = ['q8-0', 'q6-k', 'q5-k', 'q4-k', 'int3', 'int2'];
function withActivations(id: string, axes: Axes): (readonly [technique: string, axes: Axes])[] {
  return ['f32', 'int8'].map((activations) => [id, { ...axes, activations: [activations] }]);
}

export interface Format extends Choice {
  readonly id: string;
}

export function uniformFormats(): Promise<Format[]> {
  return Promise.all(UNIFORM.map(async ([id, axes]) => ({ id, ...(await layerTechnique(id, axes)) })));
}

export interface WeighedFormat {
  readonly format: Format;
  readonly weighed: WeighedModel;
}

export interface Scales {
  readonly model: ScoredModel;
  readonly decode: DecodeScale;
  /** The command that measures again what these flags choose. */
  commandOf(chosen: string): string;
}

/** Each format for all layers that it can hold, told on stderr as they are weighed. */
export async function weighUniform(scales: Scales): Promise<WeighedFormat[]> {
  const formats = await uniformFormats();
  const countdown = createCountdown();
  const weighed: WeighedFormat[] = [];
  for (const [i, format] of formats.entries()) {
    const label = labelOf(format);
    countdown.onStep({ number: i + 1, total: formats.length, what: label });
    const axes = Object.entries(format.params).map(([axis, value]) => `--axis ${axis}=${value}`);
    const command = scales.commandOf([`--technique ${format.id}`, ...axes].join(' '));
    weighed.push({ format, weighed: { label, command, ...(await weighFormat(format, scales)) } });
  }
  countdown.end();
  return weighed;
}

function labelOf({ id, params }: Format): string {
  return [id, ...Object.values(params)].join(' ');
}

async function weighFormat(format: Format, scales: Scales): Promise<Partial<WeighedModel>> {
  const packed = packUniform(format, scales.model);
  return typeof packed === 'string' ? { reason: packed } : weigh(packed, scales);
}

/** Each layer that the format can hold; the reason where it can hold none. */
function packUniform(format: Choice, { own, dense }: ScoredModel): PackedModel | string {
  const reasons = linearLayers(own.config).map((layer) => whyNot(format, layer));
  const held = reasons.map((reason) => (reason === undefined ? format : undefined));
  return reasons.includes(undefined) ? packMix(own, dense, held, undefined) : String(reasons[0]);
}

/** Throws InputError where no format leaves as few bytes as asked, which is known before anything is measured. */
export async function assertReachable({ maxBytesShare }: Bounds, model: ScoredModel): Promise<void> {
  if (maxBytesShare === undefined) return;
  const packed = packUniform(await layerTechnique(...SMALLEST), model);
  const least = typeof packed === 'string' ? 1 : bytesShareOf(withSizes(packed), model.own);
  if (maxBytesShare >= least) return;
  const [shown, got] = [Math.ceil(least * 1000) / 10, maxBytesShare * 100];
  throw new InputError(
    `--max-bytes: must be at least ${shown}%, which ${SMALLEST[0]} leaves of ${model.own.name}, got ${got}%`,
  );
}

async function weigh(
  model: PackedModel,
  { model: { own, dense, scorer }, decode }: Scales,
): Promise<Partial<WeighedModel>> {
  const packed = withSizes(keepCompressed(model));
  const { kldMean, kldMeanCi95, pplRatio, pplRatioCi95 } = await scorer.score(packed);
  const uncompressed = packModel(own, dense, () => undefined);
  const { speedup, ci95: speedupCi95 } = await decodeSpeedup(packed, uncompressed, decode);
  return { bytesShare: bytesShareOf(packed, own), speedup, speedupCi95, pplRatio, pplRatioCi95, kldMean, kldMeanCi95 };
}

function bytesShareOf(packed: SizedModel, own: ScoredModel['own']): number {
  const { values, indices, scales, corrections = 0 } = bytesOf(packed);
  return (values + indices + scales + corrections) / denseBytes(own);
}

/** The mix that the bounds ask for, written as a plan and weighed as a whole; undefined where none keeps them. */
export async function weighMix(
  uniform: readonly WeighedFormat[],
  bounds: Bounds,
  scales: Scales,
  planPath: string,
): Promise<WeighedModel | undefined> {
  const { own, dense, scorer } = scales.model;
  const ladder = LADDER.flatMap((id) => fastestOf(id, uniform, bounds) ?? []);
  if (ladder.length === 0) return undefined;
  // Coarse, so that what a layer costs alone is told from nothing.
  const scored = await layerTechnique('int3', { groupSize: [64] });
  const costs = await scoreAll(layersToScore(own.config), scales.model, scored);
  const kldOf = new Map(costs.map(({ layer, score }) => [layer.name, score?.kldMean]));
  const options = layerOptions(own, dense, ladder, scored, ({ name }) => kldOf.get(name));
  const countdown = createCountdown();
  const scoreMix = (mix: readonly (Choice | undefined)[]) => {
    countdown.say(`scoring a mix: ${describe(mix, ladder)}`);
    return scorer.score(packMix(own, dense, mix, undefined));
  };
  const choices = await proposeMix(options, mixBounds(bounds, scales.model), scoreMix).finally(countdown.end);
  if (choices === undefined) return undefined;
  const plan = planOf(own.name, own, choices, (technique) => idOf(technique, ladder));
  writeNamedFile('plan', planPath, `${JSON.stringify(plan, undefined, 2)}\n`);
  const label = `mix of ${describe(choices, ladder)}`;
  const command = scales.commandOf(`--plan ${planPath}`);
  return { label, command, ...(await weigh(packMix(own, dense, choices, undefined), scales)) };
}

/** Of the two kinds of activations; undefined where neither is as fast as the bounds want. */
function fastestOf(id: string, uniform: readonly WeighedFormat[], { minSpeedup = 0 }: Bounds): Format | undefined {
  const able = uniform.filter(({ format, weighed: { speedup, speedupCi95 } }) => {
    return format.id === id && speedup !== undefined && (speedupCi95?.high ?? speedup) >= minSpeedup;
  });
  return able.toSorted((a, b) => (b.weighed.speedup ?? 0) - (a.weighed.speedup ?? 0)).at(0)?.format;
}

/** A bound on speed alone says nothing of exactness: perplexity may then grow by one in a hundred. */
function mixBounds({ maxPplRatio, maxBytesShare }: Bounds, { own }: ScoredModel) {
  const maxBytes = maxBytesShare && maxBytesShare * denseBytes(own) - otherBytes(own);
  return { maxPplRatio: maxPplRatio ?? (maxBytes === undefined ? 1.01 : undefined), maxBytes };
}

function denseBytes(own: ScoredModel['own']): number {
  return otherBytes(own) + linearLayers(own.config).reduce((sum, { N, K }) => sum + 4 * N * K, 0);
}

/** Layers by format: `12 q6-k, 10 q4-k`. */
function describe(choices: readonly (Choice | undefined)[], ladder: readonly Format[]): string {
  const ids = choices.map((choice) => (choice === undefined ? 'f32' : idOf(choice.technique, ladder)));
  const inOrder = [...ladder.map(({ id }) => id), 'f32'];
  return inOrder
    .map((id) => ({ id, count: ids.filter((other) => other === id).length }))
    .flatMap(({ id, count }) => (count === 0 ? [] : [`${count} ${id}`]))
    .join(', ');
}

function idOf(technique: Technique, ladder: readonly Format[]): string {
  return ladder.find((format) => format.technique === technique)?.id ?? 'dense';
}
