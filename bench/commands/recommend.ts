import type { CommandModule, InferredOptionTypes, Options } from 'yargs';
import { presets } from '../cases/preset.ts';
import { tareLine } from '../contract/typed-lines.ts';
import { type Bounds, recommend as bestOf, judge, type WeighedModel } from '../judge/recommend.ts';
import { recommendReport } from '../report/recommend-report.ts';
import { textWidth } from '../report/text-table.ts';
import { boundFlags, boundsOf } from './bound-flags.ts';
import { openScoredModel, scoredModelFlags } from './scored-model.ts';
import { COUNT, once, onceNumber } from './selection-flags.ts';
import { assertReachable, type Scales, weighMix, weighUniform } from './weigh-compressions.ts';

const flags = {
  ...scoredModelFlags,
  ...boundFlags,
  context: {
    requiresArg: true,
    coerce: onceNumber('context', COUNT),
    default: 128,
    describe: 'tokens in the caches when a token is decoded',
  },
  plan: {
    type: 'string',
    requiresArg: true,
    coerce: once('plan'),
    default: 'plan.json',
    describe: 'file the mix by layers is written to, for tare run --plan',
  },
  json: { type: 'boolean', default: false, describe: 'print JSON' },
} as const satisfies Record<string, Options>;

type Flags = InferredOptionTypes<typeof flags>;

export const recommendCommand: CommandModule<object, Flags> = {
  command: 'recommend',
  describe: 'which technique, for all layers or layer by layer, keeps your bounds on this machine',
  builder: (yargs) =>
    yargs
      .options(flags)
      .example('$0 recommend', 'of moby, where perplexity may grow by one in a hundred')
      .example('$0 recommend --model SmolLM2-135M --text my.txt --max-ppl +2%', 'of your own model')
      .example('$0 recommend --max-bytes 25% --min-speedup 2', 'small and fast, whatever perplexity says'),
  handler: recommend,
};

/** Of one format: what the quick preset spends on a layer is too little for a whole model. */
const BUDGET = { ...presets.quick.budget, measureMs: 1000 };

async function recommend(argv: Flags): Promise<void> {
  const bounds = boundsOf(argv);
  const model = await openScoredModel(argv);
  await assertReachable(bounds, model);
  const { own, place } = model;
  const decode = { context: argv.context, place, budget: BUDGET, seed: argv.seed };
  const scales: Scales = { model, decode, commandOf: (chosen) => commandOf(argv, chosen) };
  const uniform = await weighUniform(scales);
  const mix = await weighMix(uniform, bounds, scales, argv.plan);
  const weighed = [...uniform.map((one) => one.weighed), ...(mix === undefined ? [] : [mix])];
  const report = argv.json
    ? JSON.stringify(jsonOf(own.name, bounds, weighed), undefined, 2)
    : recommendReport(weighed, bounds, textWidth());
  process.stdout.write(`${report}\n`);
  if (Object.keys(bestOf(weighed, bounds)).length === 0) process.exitCode = 1;
}

function commandOf({ model, text, calibration, backend, context }: Flags, chosen: string): string {
  const given = Object.entries({ model, text, calibration }).flatMap(([flag, path]) =>
    path === undefined ? [] : [`--${flag} ${path}`],
  );
  const which = given.length === 0 ? ['--suite models'] : given;
  const words = [
    'run',
    ...which,
    chosen,
    '--layers all+head',
    `--context ${context}`,
    '--filter decode',
    `--backend ${backend}`,
  ];
  return tareLine(words.join(' '));
}

function jsonOf(model: string, bounds: Bounds, weighed: readonly WeighedModel[]) {
  const best = bestOf(weighed, bounds);
  return {
    model,
    bounds: {
      max_ppl_ratio: bounds.maxPplRatio,
      max_bytes_share: bounds.maxBytesShare,
      min_speedup: bounds.minSpeedup,
    },
    best: Object.fromEntries(Object.entries(best).map(([merit, { label }]) => [merit, label])),
    techniques: weighed.map((one) => ({
      technique: one.label,
      bounds: one.reason === undefined ? judge(one, bounds) : undefined,
      bytes_share: one.bytesShare,
      speedup: one.speedup,
      speedup_ci95: one.speedupCi95,
      ppl_ratio: one.pplRatio,
      ppl_ratio_ci95: one.pplRatioCi95,
      kld_mean: one.kldMean,
      kld_mean_ci95: one.kldMeanCi95,
      reason: one.reason,
      command: one.command,
    })),
  };
}
