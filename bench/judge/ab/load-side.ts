// The side of a checkout: its own module, or what stands for one in checkouts older than that.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../contract/input-error.ts';
import { BRIDGE_VERSION, type CheckoutSide } from './bridge.ts';
import { importInstance } from './module-instances.ts';
import { isOlderCheckout, olderSide } from './older-side.ts';

const SIDE = join('bench', 'judge', 'ab', 'side.ts');

/** Whether there are kernels in the folder that `loadSide` can get at. */
export function hasSide(project: string): boolean {
  return existsSync(join(project, SIDE)) || isOlderCheckout(project);
}

/** Each instance shares no module with another. Throws InputError where the checkout is of a later tare. */
export async function loadSide(project: string, instance: string): Promise<CheckoutSide> {
  if (!existsSync(join(project, SIDE))) return olderSide(project, instance);
  const { side } = await importInstance<{ side: CheckoutSide }>(join(project, SIDE), instance);
  if (side.version <= BRIDGE_VERSION) return side;
  throw new InputError(
    `${project}: must speak version ${BRIDGE_VERSION} of what checkouts are asked, got ${side.version}; compare with the newer tare`,
  );
}
