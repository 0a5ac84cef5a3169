// A model out of a GGUF file, its tensors named and laid out as Hugging Face has them.
import { basename } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { EMBEDDING } from '../../contract/model.ts';
import { readRows, readTensor } from '../tensor-data.ts';
import { ggufConfig } from './gguf-config.ts';
import { type GgufHeader, readable, readGgufHeader } from './gguf-header.ts';
import { fromGgufName, ROPE_FACTORS } from './gguf-names.ts';
import { TOKENIZER, tokenizerOfGguf } from './gguf-tokenizer.ts';
import { checkTensors } from './model-tensors.ts';
import type { OpenedModel } from './opened-model.ts';
import { headsInPairs, toHalves } from './rotary-pairs.ts';
import { makeTokenizer } from './tokenizer.ts';

/** Throws InputError on what is no GGUF file, and on a model that is not run. */
export function openGguf(path: string): OpenedModel {
  const header = readGgufHeader(path);
  refusePart(path, header);
  const config = ggufConfig(path, header);
  const own = header.tensors.filter(({ name }) => name !== ROPE_FACTORS);
  const tensors = new Map(own.map((tensor) => [fromGgufName(tensor.name), readable(path, tensor)]));
  checkTensors(path, config, new Map([...tensors].map(([name, { shape }]) => [name, shape])));
  const placed = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new Error(`${path}: tensor must be one of the model's, got ${name}`);
    return tensor;
  };
  return {
    name: basename(path, '.gguf'),
    config,
    lookUp: (tokens) => readRows(path, placed(EMBEDDING), config.vocabularySize, tokens),
    tensor(name) {
      const values = readTensor(path, placed(name));
      const heads = headsInPairs(name, config);
      return heads === undefined ? values : toHalves(values, heads, config.headDim);
    },
    tokenizer: makeTokenizer(path, tokenizerOfGguf(path, header.metadata), config.vocabularySize),
    ggufTokenizer: () => new Map([...header.metadata].filter(([key]) => key.startsWith(TOKENIZER))),
  };
}

function refusePart(path: string, { metadata }: GgufHeader): void {
  const parts = metadata.get('split.count')?.value ?? 1;
  if (parts === 1 || parts === 0) return;
  throw new InputError(
    `${path}: must be a whole model, got one of ${parts} parts; llama-gguf-split --merge joins them`,
  );
}
