// What the harness needs to know of an operation, whatever the technique.
import type { Calibration } from './calibration.ts';
import type { ActivationsOf, LayerOp, Op, ProblemOf, WeightsOf } from './problem.ts';
import type { Axes } from './technique.ts';

export interface Inputs<O extends Op> {
  readonly weights: WeightsOf<O>;
  readonly activations: ActivationsOf<O>;
  /** What outputs are held against float64 on, where that would take too long on the activations that are timed. */
  readonly checked?: ActivationsOf<O>;
  /** For techniques that need it. */
  readonly calibration?: Calibration;
}

/** Float64 result, and how far a correct f32 kernel may be off, element by element: infinite where that can't be derived. */
export interface Reference {
  readonly values: Float64Array;
  readonly tolerance: Float64Array;
  /**
   * How large Σ error² may be over all elements together: no kernel meets the worst case everywhere, so this bound is the
   * one that tells arithmetic of too few bits.
   */
  readonly errorEnergy: number;
}

export interface Operation<O extends Op> {
  /** The technique every other one is timed against, on the same backend. */
  readonly baseline: string;
  /** The operation whose techniques its cases are of: its own, or that of the layers it is made of. */
  readonly layerOp: LayerOp;
  /** Choices that its cases have beside those of their technique; of each the first value is neutral. */
  readonly choices?: Axes;
  /** What tells two problems of this operation apart, in the order case ids spell it. */
  identity(problem: ProblemOf<O>): Readonly<Record<string, string | number | boolean>>;
  /** Other activations of the same shape, with which a stale output is a wrong one. */
  freshActivations(activations: ActivationsOf<O>): ActivationsOf<O>;
  /** Rows and row length of the output. */
  outputShape(problem: ProblemOf<O>): { rows: number; columns: number };
  /** The chosen rows of the output, one after another. */
  reference(
    problem: ProblemOf<O>,
    weights: WeightsOf<O>,
    activations: ActivationsOf<O>,
    rows: readonly number[],
    slack?: ActivationsOf<O>,
  ): Reference;
  /** Work of the uncompressed computation, multiply and add counted apart. */
  denseFlops(problem: ProblemOf<O>): number;
  /** Bytes of the uncompressed f32 weights. */
  denseBytes(problem: ProblemOf<O>): number;
  /** Bytes of activations read and output written by one call. */
  activationBytes(problem: ProblemOf<O>): number;
}

/** Unit roundoff of f32. */
export const F32_ROUNDOFF = 2 ** -24;
/** Smallest normal f32; devices may flush what is smaller to zero. */
export const F32_SMALLEST = 2 ** -126;
