// Against the gguf package: `npm run oracles` computes the vectors anew.
import { expect, test } from 'vitest';
import { ggufTypes } from '../../contract/gguf-type.ts';
import { blockTypes, valuesOfBlocks } from './gguf-values.ts';
import vectors from './gguf-values-vectors.json' with { type: 'json' };

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}

test.each(blockTypes)('%s stands for what the gguf package reads, to the last bit', (type) => {
  const { blocks, values } = vectors[type];
  const bytes = bytesOf(blocks);
  expect(bytes.length % ggufTypes[type].bytes).toBe(0);
  expect(valuesOfBlocks(type, bytes)).toEqual(new Float32Array(bytesOf(values).buffer));
});
