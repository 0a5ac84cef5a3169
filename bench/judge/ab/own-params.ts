import type { AxisValue, Params, Technique } from '../../contract/technique.ts';

type AxesOf = Pick<Technique, 'axes' | 'choices'>;

/** The first value of each axis and choice: what was computed before there was any of them. */
export function neutralParams({ axes, choices }: AxesOf): Params {
  return Object.fromEntries(Object.entries({ ...axes, ...choices }).map(([axis, values]) => [axis, values[0]]));
}

/**
 * A case's parameters in the axes and choices of a checkout whose technique may have other ones. What only one of both has is
 * passed over at its neutral value, and what is not among the parameters is neutral; a choice that is neutral here is not
 * spelled. Undefined where the checkout has no such case.
 */
export function ownParams(
  { params, neutral }: { readonly params: Params; readonly neutral: Params },
  { axes, choices = {} }: AxesOf,
): Params | undefined {
  const own: Record<string, AxisValue> = {};
  for (const [axis, values] of Object.entries(axes)) {
    const value = params[axis] ?? neutral[axis] ?? values[0];
    if (!values.includes(value)) return undefined;
    own[axis] = value;
  }
  for (const [choice, values] of Object.entries(choices)) {
    const value = params[choice] ?? values[0];
    if (!values.includes(value)) return undefined;
    if (value !== values[0]) own[choice] = value;
  }
  const isLost = Object.entries(params).some(
    ([axis, value]) => !(axis in axes) && !(axis in choices) && value !== neutral[axis],
  );
  return isLost ? undefined : own;
}
