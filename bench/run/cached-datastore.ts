// The datastore of a case, from the cache where it is there: all processes of a case have the same.
import { readFileSync } from 'node:fs';
import { loadTechnique, techniqueFiles } from '../cases/registry.ts';
import { techniqueHash } from '../cases/technique-hash.ts';
import { keyFormats } from '../contract/datastore.ts';
import { kvCaches } from '../contract/kv-cache.ts';
import type { Model } from '../contract/model.ts';
import { moduleFile } from '../contract/module-file.ts';
import type { ModelProblem } from '../contract/problem.ts';
import type { Technique } from '../contract/technique.ts';
import { UnsupportedError } from '../contract/unsupported-error.ts';
import { readText } from '../inputs/model-text.ts';
import { windowsOf, windowTokens } from '../inputs/text-windows.ts';
import { buildDatastore } from '../models/datastore/build-datastore.ts';
import type { Datastore } from '../models/datastore/datastore.ts';
import { type LayerTechnique, packCase } from '../models/packed-case.ts';
import { shortHash } from './environment.ts';
import { cached } from './packed-cache.ts';

/** Of the calibration text, which decides how much is mixed in. */
const CALIBRATION_TOKENS = 4096;

interface Asked {
  readonly model: Model;
  /** Of all its tensors. */
  readonly modelHash: string;
  readonly problem: ModelProblem;
  readonly ofLayers: LayerTechnique;
  readonly dense: Technique;
  readonly kernelsDirs: readonly string[];
}

/** Of the compressed model's own states, and of the single one's where its stack stands on itself. */
export async function cachedDatastore(path: string, asked: Asked): Promise<Datastore> {
  const { model, modelHash, problem, ofLayers, dense, kernelsDirs } = asked;
  const { kv, drafted: _, datastore: format, experts: __, ...params } = ofLayers.params;
  const { technique: id, params: keyParams, isShuffled } = keyFormats[format];
  const keysBy = { technique: await loadTechnique(id, kernelsDirs), params: keyParams };
  const reason = keysBy.technique.skip?.(
    { op: 'matmul', M: 1, N: 1, K: model.config.hiddenSize, weights: '', seed: 0 },
    keyParams,
  );
  if (reason !== undefined) throw new UnsupportedError(`datastore: ${reason}`);
  const [stored, calibration] = [readText(path, '--datastore'), readText(problem.file.calibration, '--calibration')];
  const code = shortHash(
    ...[...techniqueFiles(kernelsDirs).values()].map(techniqueHash),
    readFileSync(moduleFile('../models/datastore/build-datastore.ts', import.meta.filename), 'utf8'),
  );
  const madeOf = [
    modelHash,
    model.config.experts,
    ofLayers.technique.summary,
    ofLayers.params,
    problem.layers,
    problem.plan,
    stored,
    calibration,
  ];
  const { keys, ...beside } = await cached(['datastore', code, ...madeOf], async () => {
    const windows = (text: string, flag: string, most: number) =>
      windowsOf(text, model.tokenizer, windowTokens(model.config), most, flag);
    const packed = packCase(model, { ...problem, scale: 1 }, { ...ofLayers, params }, dense);
    const built = await buildDatastore(
      { ...packed, cache: kv === undefined ? undefined : kvCaches[kv] },
      {
        stored: windows(stored, '--datastore', Number.POSITIVE_INFINITY),
        calibration: windows(calibration, '--calibration', CALIBRATION_TOKENS),
      },
      keysBy,
      isShuffled,
    );
    return { ...built, keys: built.keys.packed };
  });
  return { ...beside, keys: { ...keysBy, packed: keys } };
}
