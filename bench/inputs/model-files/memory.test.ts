import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { InputError } from '../../contract/input-error.ts';
import { bytesNeeded, mustFit } from './memory.ts';
import { openModel, openModelFiles } from './open-model.ts';
import { smallShapes, writeSmallFolder } from './small-folder.fixture.ts';

const { config } = openModel(join(import.meta.dirname, 'small-llama.gguf'));

test('every weight is counted once', () => {
  const [hidden, feedForward, queries, keys, tokens] = [64, 96, 64, 32, 13];
  const layer = 2 * hidden + 2 * queries * hidden + 2 * keys * hidden + 3 * feedForward * hidden;
  expect(bytesNeeded(config)).toBe(4 * (layer + hidden + 2 * tokens * hidden));
  expect(bytesNeeded({ ...config, isHeadTied: true }, 2)).toBe(2 * (layer + hidden + tokens * hidden));
});

test('a model that does not fit is refused with both figures', () => {
  mustFit('m', 2 ** 30, 2 ** 30);
  expect(() => mustFit('m', 5 * 2 ** 30, 3.25 * 2 ** 30)).toThrow(
    new InputError('m: must fit into memory, needs 5.0 GiB, got 3.3 GiB free'),
  );
  expect(() => mustFit('m', 2 ** 60)).toThrow(/needs 1073741824\.0 GiB, got \d+\.\d GiB free/);
});

test('it is refused before a value is read, but by what holds one tensor at a time', () => {
  const rows = 2 ** 36;
  const folder = writeSmallFolder({ config: { vocab_size: rows } });
  let end = 0;
  const entries = Object.entries({ ...smallShapes, 'model.embed_tokens.weight': [rows, 8] }).map(([name, shape]) => {
    const begin = end;
    end += 2 * shape.reduce((product, extent) => product * extent, 1);
    return [name, { dtype: 'F16', shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, Buffer.concat([length, header]));
  // A hole, which takes no room on the disk.
  truncateSync(path, length.length + header.length + end);
  expect(() => openModel(folder)).toThrow(/must fit into memory, needs 2048\.0 GiB, got \d+\.\d GiB free/);
  expect(openModelFiles(folder).config.vocabularySize).toBe(rows);
});
