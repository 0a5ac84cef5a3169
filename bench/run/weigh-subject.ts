// What a case comes to, and what is scored of it when all has been timed: in its process or in a page.
import type { Weighed } from '../contract/case-result.ts';
import type { Place } from '../measure/instance.ts';
import { type Weighing, weighCase } from '../measure/weigh-case.ts';
import type { CaseSubject } from './case-subject.ts';

export type Weighable = Pick<CaseSubject, 'technique' | 'dense' | 'inputs' | 'score' | 'calibrationRows'>;

export async function weighSubject(
  request: Pick<Weighing, 'case' | 'budget' | 'bestCanaryCycles'>,
  { score, calibrationRows, ...subject }: Weighable,
  place: Place,
): Promise<Weighed> {
  const { case: entry, budget, bestCanaryCycles } = request;
  const weighed = await weighCase({ case: entry, budget, bestCanaryCycles, ...subject, place });
  if (weighed.samples === undefined) return weighed;
  const scored = await score?.(place);
  return {
    ...weighed,
    ...scored,
    caveat: [weighed.caveat, scored?.caveat].filter(Boolean).join('; ') || undefined,
    calibrationRows: weighed.calibrationRows ?? calibrationRows,
  };
}
