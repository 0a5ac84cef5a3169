// What techniques of whole networks have in common: they speak of their layers' technique, and pack nothing but what was given.
import type { Op, Problem } from '../contract/problem.ts';
import type { KernelKind, Runtimes } from '../contract/runtimes/runtimes.ts';
import {
  type Axes,
  defineTechnique,
  type PreparedKernel,
  type StoredBytes,
  type Technique,
  type TechniqueSpec,
} from '../contract/technique.ts';
import type { Choice } from './packed-model.ts';

type Own<Packed> = Pick<TechniqueSpec<Op, Axes, Packed>, 'unpack' | 'caveat' | 'bytes' | 'flops'> &
  Partial<Pick<TechniqueSpec<Op, Axes, Packed>, 'minSqnrDb'>>;

/** `place` runs the network with kernels of a kind, of which the layers' technique has one. */
export function networkTechnique<Packed>(
  choice: Choice,
  network: Packed,
  place: (
    packed: Packed,
    problem: Problem,
    kind: KernelKind,
    runtime: Runtimes[KernelKind],
  ) => Promise<PreparedKernel<Op>>,
  own: Own<Packed>,
): Technique {
  const { family, summary, source, axes, choices, kernels, arithmetic, columns, irregularAccess } = choice.technique;
  const kinds = Object.keys(kernels) as KernelKind[];
  return defineTechnique<Op, Axes, Packed>({
    op: 'matmul',
    ...{ family, summary, source, axes, choices, arithmetic, columns, irregularAccess },
    pack: () => network,
    minSqnrDb: (params) => choice.technique.minSqnrDb(params),
    ...own,
    kernels: Object.fromEntries(
      kinds.map((kind) => [
        kind,
        ({ packed, problem, runtime }: { packed: Packed; problem: Problem; runtime: Runtimes[KernelKind] }) =>
          place(packed, problem, kind, runtime),
      ]),
    ),
  });
}

/** Of all layers together, and of what nothing packs, which is counted among the values. */
export function bytesOfNetwork(layers: Iterable<StoredBytes>, otherBytes: number): StoredBytes {
  const total = { values: otherBytes, indices: 0, scales: 0, corrections: 0 };
  for (const { values, indices, scales, corrections = 0 } of layers) {
    total.values += values;
    total.indices += indices;
    total.scales += scales;
    total.corrections += corrections;
  }
  return total;
}
