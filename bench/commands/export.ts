import { resolve } from 'node:path';
import type { ArgumentsCamelCase, CommandModule, InferredOptionTypes, Options } from 'yargs';
import { readRun } from '../api/compare-files.ts';
import { chooseNames } from '../cases/select.ts';
import { counted } from '../contract/counted.ts';
import { InputError } from '../contract/input-error.ts';
import { type ExportFormat, exportFormatNames, exportFormats, leftOut } from '../report/exports/export-formats.ts';
import { exportModel } from './export-model.ts';
import { modelFlags } from './model-flags.ts';
import { once, selectionFlags } from './selection-flags.ts';
import { writeNamedFile } from './write-named-file.ts';

/** What a model is written as. */
const GGUF = 'gguf';
const formats = [...exportFormatNames, GGUF] as const;
type Format = (typeof formats)[number];

const flags = {
  to: {
    type: 'string',
    requiresArg: true,
    coerce: chooseTo,
    describe: `a run as ${exportFormatNames.join(', ')}; a model as ${GGUF}, which need not be said`,
  },
  model: {
    type: 'string',
    requiresArg: true,
    coerce: once('model'),
    describe: 'in place of a run: a folder of Hugging Face’s or a .gguf file',
  },
  technique: {
    type: 'string',
    requiresArg: true,
    coerce: once('technique'),
    describe: 'how the model’s matrices are stored: a technique whose format GGUF has',
  },
  axis: {
    ...selectionFlags.axis,
    describe: 'name=value of an axis or choice of the technique in place of its first; may be repeated',
  },
  calibration: modelFlags.calibration,
  out: {
    type: 'string',
    alias: 'o',
    requiresArg: true,
    coerce: once('out'),
    describe: 'the file to write',
    defaultDescription: 'stdout for a run; a model needs one',
  },
} as const satisfies Record<string, Options>;

type Flags = ArgumentsCamelCase<InferredOptionTypes<typeof flags> & { run?: string }>;

export const exportCommand: CommandModule<object, InferredOptionTypes<typeof flags>> = {
  command: 'export [run]',
  describe: "a run in the form of other people's dashboards, or a model as a GGUF file for llama.cpp",
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', describe: "a run's CSV" })
      .options(flags)
      .example('$0 export results/<run>.csv --to bmf -o bmf.json', 'for Bencher')
      .example('$0 export results/<run>.csv --to junit -o cases.xml', 'every case a test, failures with their reasons')
      .example('$0 export --model ./SmolLM2-135M --technique q4-0 -o small.gguf', 'a model at four bits a weight')
      .example(
        '$0 export --model moby --technique q4-k --axis method=gptq -o small.gguf',
        'and its weights chosen by GPTQ',
      )
      .example('$0 export --model small.gguf --technique dense -o large.gguf', 'as f32 again'),
  handler: exportEither,
};

async function exportEither({ run, to, model, technique, axis, calibration, out }: Flags): Promise<void> {
  if ((run === undefined) === (model === undefined))
    throw new InputError(
      `export: must have a run's CSV or --model, got ${run === undefined ? 'neither' : `both, ${run} and ${model}`}`,
    );
  if (run !== undefined) return exportRun(run, forRun(to, { technique, axis, calibration }), out);
  if (to !== undefined && to !== GGUF)
    throw new InputError(`--to: must be ${GGUF} for a model, got ${to}, which takes a run's CSV`);
  await exportModel({
    model: given('model', model),
    technique: given('technique', technique),
    axes: axis,
    calibration,
    out: given('out', out),
  });
}

function forRun(to: Format | undefined, ofModels: Record<string, unknown>): keyof typeof exportFormats {
  const flag = Object.keys(ofModels).find((name) => ofModels[name] !== undefined);
  if (flag !== undefined) throw new InputError(`--${flag}: must stand beside --model, got a run`);
  if (to === undefined || to === GGUF)
    throw new InputError(`--to: must be one of ${exportFormatNames.join(', ')} for a run, got ${to ?? 'none'}`);
  return to;
}

function given(flag: string, value: string | undefined): string {
  if (value === undefined) throw new InputError(`--${flag}: must be given beside --model, got none`);
  return value;
}

function chooseTo(name: string | readonly string[]): Format {
  const [chosen] = chooseNames('to', [once('to')(name)], formats);
  return chosen;
}

function exportRun(path: string, to: keyof typeof exportFormats, out: string | undefined): void {
  const { rows, name, notes } = readRun(path);
  const format: ExportFormat = exportFormats[to];
  const missing = leftOut(rows, format);
  if (missing === rows.length) throw new InputError(`${name}: must have a case that was measured for ${to}, got none`);
  const text = format.format(rows);
  if (out === undefined) process.stdout.write(text);
  else {
    if (resolve(out) === resolve(path)) throw new InputError(`--out: must be another file than the run, got ${out}`);
    writeNamedFile('out', out, text);
    process.stdout.write(`${out}: ${counted(rows.length - missing, 'case')}\n`);
  }
  const said =
    missing > 0
      ? [...notes, `${missing} of ${counted(rows.length, 'case has', 'cases have')} no time, and no place in ${to}`]
      : notes;
  for (const note of said) process.stderr.write(`tare: ${note}\n`);
}
