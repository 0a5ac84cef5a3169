import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { type LinearLayer, linearLayers } from '../contract/model.ts';
import { spell } from '../contract/problem-key.ts';
import { type LayerChoice, type LayerSensitivity, scoreLayersAlone } from '../models/sensitivity.ts';
import { type LayerCost, rankCosts, sensitivityTable, shortName } from '../report/sensitivity-table.ts';
import { textWidth } from '../report/text-table.ts';
import { layerTechnique } from './layer-technique.ts';
import { createCountdown } from './progress.ts';
import { calibrated, openScoredModel, type ScoredModel, scoredModelFlags } from './scored-model.ts';
import { once, selectionFlags } from './selection-flags.ts';
import { writeNamedFile } from './write-named-file.ts';

const flags = {
  ...scoredModelFlags,
  technique: {
    type: 'string',
    requiresArg: true,
    default: 'int4',
    coerce: once('technique'),
    describe: 'what each layer is compressed by',
  },
  axis: { ...selectionFlags.axis, describe: 'name=value of an axis or choice in place of its first; may be repeated' },
  plot: {
    type: 'string',
    requiresArg: true,
    coerce: once('plot'),
    describe: 'SVG file to write: divergence beside bytes saved',
  },
  json: { type: 'boolean', default: false, describe: 'print JSON' },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags>;

export const sensitivityCommand: CommandModule<object, Flags> = {
  command: 'sensitivity',
  describe: "each linear layer of a model compressed alone: what that does to the model's predictions",
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 sensitivity', 'the layers of moby, four bits each')
      .example('$0 sensitivity --technique int3 --axis groupSize=64 --plot layers.svg', 'three bits, as a plot')
      .example('$0 sensitivity --model SmolLM2-135M --text my.txt --tokens 512', 'of your own model'),
  handler: sensitivity,
};

async function sensitivity(argv: Flags): Promise<void> {
  const choice = await layerTechnique(argv.technique, argv.axis);
  const scored = await openScoredModel(argv);
  const layers = linearLayers(scored.own.config);
  const costs = (await scoreAll(layers, scored, await calibrated(scored, choice))).map(costOf);
  const [model, technique] = [scored.own.name, [argv.technique, spell(choice.params)].filter(Boolean).join(' ')];
  const report = argv.json
    ? JSON.stringify({ model, technique, layers: rankCosts(costs).map(jsonOf) }, undefined, 2)
    : `${model}, each layer alone as ${technique}\n${sensitivityTable(costs, textWidth())}`;
  process.stdout.write(`${report}\n`);
  if (argv.plot === undefined) return;
  // Charts load a large library, which nothing else needs.
  const { plotSensitivity } = await import('../report/sensitivity-plot.ts');
  writeNamedFile('plot', argv.plot, await plotSensitivity(`${model}, ${technique}`, costs));
}

/** Each layer alone, told on stderr as they are scored. */
export async function scoreAll(
  layers: readonly LinearLayer[],
  { own, dense, scorer }: ScoredModel,
  choice: LayerChoice,
): Promise<LayerSensitivity[]> {
  const found: LayerSensitivity[] = [];
  const total = layers.length;
  const countdown = createCountdown();
  try {
    for await (const one of scoreLayersAlone(layers, own, dense, choice, scorer)) {
      found.push(one);
      countdown.onStep({ number: found.length, total, what: `${shortName(one.layer.name)} alone` });
    }
  } finally {
    countdown.end();
  }
  return found;
}

function costOf({ layer, savedBytes, reason, score }: LayerSensitivity): LayerCost {
  const { kldMean, kldMeanCi95, pplRatio, pplRatioCi95 } = score ?? {};
  return { layer: layer.name, savedBytes, reason, kldMean, kldMeanCi95, pplRatio, pplRatioCi95 };
}

function jsonOf({ layer, savedBytes, kldMean, kldMeanCi95, pplRatio, pplRatioCi95, reason }: LayerCost) {
  return {
    layer,
    saved_bytes: savedBytes,
    kld_mean: kldMean,
    kld_mean_ci95: kldMeanCi95,
    ppl_ratio: pplRatio,
    ppl_ratio_ci95: pplRatioCi95,
    reason,
  };
}
