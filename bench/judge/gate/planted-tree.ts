// Copies of this project whose kernels are worse in a known way: they really do a share of their work twice, or the first
// value of their output is one step of f32 off.
import { cpSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../../cases/registry.ts';

export interface Plant {
  /** Of the project, the file that is changed. */
  readonly file: string;
  /** What is found there exactly once. */
  readonly find: RegExp;
  readonly replace: string;
}

/** Columns [0, share · N) are computed first, and then once more with all others. */
export function moreWork(kernel: 'dense/wasm' | 'dense/ts' | 'csr/ts', share: number): Plant {
  const file = `kernels/${kernel}.ts`;
  switch (kernel) {
    case 'dense/wasm':
      return {
        file,
        find: /module\.run\('gemm', columnPanels, (.*)\);/,
        replace: `module.run('gemm', Math.round(${share} * columnPanels), $1);\n$&`,
      };
    case 'dense/ts':
      return {
        file,
        find: /multiplyPanels\(panels, W, padded, M, ldY, K\);/,
        replace: `multiplyPanels(panels, W, padded, M, NR * Math.round((${share} * ldY) / NR), K);\n$&`,
      };
    case 'csr/ts':
      return {
        file,
        find: /multiplyPanels\(panels, packed, padded, M, N, K\);/,
        replace: `multiplyPanels(panels, packed, padded, M, Math.round(${share} * N), K);\n$&`,
      };
    default:
      return kernel satisfies never;
  }
}

export const oneUlp: Plant = {
  file: 'kernels/dense/ts.ts',
  find: /readOutput: \(\) => Y,/,
  replace: `readOutput: () => {
      const off = Y.slice();
      new Int32Array(off.buffer)[0]++;
      return off;
    },`,
};

export function plantIn(source: string, { file, find, replace }: Plant): string {
  const count = source.match(new RegExp(find, 'g'))?.length ?? 0;
  if (count !== 1) throw new Error(`${file}: must have ${find} once, got ${count}`);
  return source.replace(find, replace);
}

/** A folder that can be loaded as a checkout; the caller removes it. */
export function plantTree(plant: Plant): string {
  const tree = mkdtempSync(join(tmpdir(), 'tare-planted-'));
  for (const part of ['bench', 'kernels', '.wasm', 'package.json', 'package-lock.json']) {
    cpSync(join(PROJECT, part), join(tree, part), { recursive: true });
  }
  symlinkSync(join(PROJECT, 'node_modules'), join(tree, 'node_modules'));
  const file = join(tree, plant.file);
  writeFileSync(file, plantIn(readFileSync(file, 'utf8'), plant));
  return tree;
}
