// The flags that say which model is meant, and what of it.
import type { InferredOptionTypes, Options } from 'yargs';
import type { RunChoices } from '../api/run-choices.ts';
import { chooseNames } from '../cases/select.ts';
import { type LayerChoice, layerChoices } from '../contract/problem.ts';
import { COUNT, once, onceNumber } from './selection-flags.ts';

export const modelFlags = {
  model: {
    type: 'string',
    requiresArg: true,
    coerce: once('model'),
    describe:
      "a Hugging Face folder or a .gguf file: the model in place of tare's own, and its layers in place of the suites'",
  },
  text: {
    type: 'string',
    requiresArg: true,
    coerce: once('text'),
    describe: 'a text file that --model is scored on, and takes its activations from',
    defaultDescription: "moby's held-out text",
  },
  calibration: {
    type: 'string',
    requiresArg: true,
    coerce: once('calibration'),
    describe: 'a text file for methods that look at activations before they choose',
    defaultDescription: "moby's",
  },
  layers: {
    type: 'string',
    array: true,
    requiresArg: true,
    coerce: layersOf,
    describe: `which linear layers of a model to replace: ${layerChoices.join(', ')}`,
    defaultDescription: "the suite's",
  },
  scale: {
    requiresArg: true,
    coerce: onceNumber('scale', COUNT),
    describe: "how many times a model's layers are repeated, so that no cache holds them; such a model has no score",
    defaultDescription: '1',
  },
  context: {
    requiresArg: true,
    coerce: onceNumber('context', COUNT),
    describe: 'tokens in the caches of a model that decodes',
    defaultDescription: "the suite's",
  },
  adapters: {
    type: 'string',
    requiresArg: true,
    coerce: once('adapters'),
    describe: "a folder of PEFT's LoRA: what was learned beside a model's weights (--axis correction=learned)",
  },
  datastore: {
    type: 'string',
    requiresArg: true,
    coerce: once('datastore'),
    describe: 'a text file that is looked up beside a model at each token (--axis datastore=int8)',
  },
  draft: {
    type: 'string',
    requiresArg: true,
    coerce: once('draft'),
    describe:
      'a smaller model with the same tokens, a folder or .gguf file: may draft what a model generates (suite generate)',
  },
  plan: {
    type: 'string',
    requiresArg: true,
    coerce: once('plan'),
    describe: 'a file of tare recommend: each layer of the model by a technique of its own',
  },
} as const satisfies Record<string, Options>;

function layersOf(values: readonly string[]): LayerChoice[] {
  return chooseNames(
    'layers',
    values.flatMap((value) => value.split(',')),
    layerChoices,
  );
}

export function modelChoiceOf(flags: InferredOptionTypes<typeof modelFlags>) {
  const { model, text, calibration, layers, scale, context, adapters, datastore, draft, plan } = flags;
  return { model, text, calibration, layers, scale, context, adapters, datastore, draft, plan } satisfies RunChoices;
}
