import type { Axes, Params } from '../../contract/technique.ts';

/** The first value of each axis: what was computed before there was the axis. */
export function firstValues(axes: Axes): Params {
  return Object.fromEntries(Object.entries(axes).map(([axis, values]) => [axis, values[0]]));
}

/**
 * A case's parameters in the axes of a checkout whose technique may have other ones: an axis that only one of both has is
 * passed over at its neutral value. Undefined where the checkout has no such case.
 */
export function ownParams(
  { params, neutral }: { readonly params: Params; readonly neutral: Params },
  axes: Axes,
): Params | undefined {
  const isLost = Object.entries(params).some(([axis, value]) => !(axis in axes) && value !== neutral[axis]);
  const own = { ...firstValues(axes), ...Object.fromEntries(Object.entries(params).filter(([axis]) => axis in axes)) };
  const isKnown = Object.entries(own).every(([axis, value]) => axes[axis].includes(value));
  return isKnown && !isLost ? own : undefined;
}
