import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { foreignFile } from './foreign-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'tare-foreign-'));

function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test.each([
  [
    'pointer',
    'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n',
    /pointer of Git LFS.*git lfs pull/,
  ],
  ['model.gguf', 'GGUF\x03\0\0\0', /a GGUF file/],
  ['model.pt', 'PK\x03\x04\0\0\0\0\0\0', /PyTorch's \.pt/],
  ['model.bin', '\x80\x02}q\x00(X\x05\0\0\0', /PyTorch's older \.bin/],
  ['page', '<!DOCTYPE html><html>', /a web page; download the file itself/],
  ['README.md', '# Read me, please\n', /something else, which begins with "# Read me, please/],
  ['config.json', '{"model_type": "llama"}', /a JSON file/],
])('%s is recognised', (name, content, what) => {
  expect(foreignFile(fileOf(name, Buffer.from(content, 'latin1')))).toMatch(what);
});

test('what begins as a safetensors file does is left to its reader', () => {
  // 128 bytes, the first of which begins a pickle too.
  const header = Buffer.from('{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}'.padEnd(128));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  expect(foreignFile(fileOf('real', Buffer.concat([length, header, Buffer.alloc(4)])))).toBeUndefined();
  expect(foreignFile(fileOf('empty', ''))).toBeUndefined();
});
