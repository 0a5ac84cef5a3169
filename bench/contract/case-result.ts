import type { Interval } from '../statistics/interval.ts';
import type { Arithmetic, StoredBytes } from './technique.ts';

/** Of the samples that count: times per call in ns, round by round. */
export interface Samples {
  readonly rounds: readonly (readonly number[])[];
  /** How many were left out because the system preempted the process during them. */
  readonly dropped: number;
}

/**
 * Whether the core worked for this process alone while it was measured: in all samples that count; hardly ever; or some
 * of the time, but too little to leave out the rest.
 */
export type CoreState = 'free' | 'shared' | 'mixed';

/** What the canary said beside the samples (see measure/canary/canary.ts). */
export interface CoreReport {
  readonly state: CoreState;
  /** Rounds in which every side had samples on a free core. */
  readonly freeRounds: number;
  /** Of each round that counts: the median of its readings, in core cycles. */
  readonly canaryCycles: readonly number[];
  /** The best that the canary showed beside this case, but for the one reading in a hundred that may be off. */
  readonly bestCycles: number;
}

export interface Pair {
  readonly candidate: Samples;
  readonly baseline: Samples;
}

export interface Summary {
  readonly rounds: number;
  readonly samples: number;
  readonly medianNs: number;
  readonly p20Ns: number;
  readonly p95Ns: number;
  readonly minNs: number;
  /** Of p20: its logarithm ± Student's t times the standard error that resampling rounds gives. */
  readonly ci95: Interval | undefined;
}

export interface Ratio {
  readonly speedup: number;
  /** Of the median over rounds, by order statistics: holds it in at least 95 % of cases. */
  readonly ci95: Interval | undefined;
}

export interface DeviceTime {
  /** Of one call of the candidate, 20th percentile. */
  readonly ns: number;
  /** Baseline time / candidate time, median over rounds. */
  readonly speedup: number;
  /** Smallest step the clock was seen to make. */
  readonly quantumNs: number;
}

export interface DeviceTimes {
  /** Activations into device memory, median in ns. */
  readonly uploadNs: number;
  /** Output back into a Float32Array, median in ns. */
  readonly readbackNs: number;
}

export interface Drift {
  /** 10·log10(Σ reference² / Σ error²); undefined where there is no signal or no error. */
  readonly sqnr_db: number | undefined;
  /** ‖error‖ / ‖reference‖, Frobenius; undefined where there is no signal. */
  readonly rel_fro_err: number | undefined;
  readonly max_abs_err: number;
  readonly p99_abs_err: number;
  /** Cosine of the angle between output and reference; undefined where either is zero. */
  readonly cosine: number | undefined;
  /** NaN and infinite values in the output, left out of the other figures. */
  readonly nonfinite: number;
}

/** What predictions of the next token lose over a text, beside those of the uncompressed model; figures that are none are undefined. */
export interface Score {
  /** How many were predicted. */
  readonly tokens: number;
  readonly ppl: number | undefined;
  /** Over the uncompressed model's perplexity. */
  readonly pplRatio: number | undefined;
  readonly pplRatioCi95?: Interval;
  /** Kullback-Leibler divergence of the candidate's predictions from the uncompressed model's, nats. */
  readonly kldMean: number | undefined;
  readonly kldMeanCi95?: Interval;
  readonly kldP99: number | undefined;
  readonly kldMax: number | undefined;
  /** How often both hold the same token for the most likely, %. */
  readonly sameTopPct: number;
  /** Root mean square of what the right token's probability changes by, %. */
  readonly rmsDpPct: number | undefined;
}

/** How often a classifier is right on examples that nothing was chosen by, and by how much that differs from the uncompressed one. */
export interface Accuracy {
  readonly examples: number;
  readonly accuracyPct: number;
  /** In percentage points. */
  readonly changePct: number;
  readonly changeCi95: Interval;
}

export type Status = 'ok' | 'skipped' | 'unsupported' | 'incorrect' | 'error' | 'timeout' | 'oom' | 'noisy';

/** Of a text that was written by drafts. */
export interface DraftFigures {
  /** Of the drafted tokens that the model came to, how many it kept. */
  readonly acceptancePct: number;
  /** Time of a token by the model that drafts over that of one by the model itself. */
  readonly costPct: number;
  /** Time of a call that checks a draft over that of one that takes in a single token. */
  readonly checkPct: number;
  /** What acceptance and cost let expect, where a check lasts no longer than a single token. */
  readonly expectedSpeedup: number;
}

/** Figures stand only where the case got that far. */
export interface Weighed {
  readonly status: Status;
  readonly reason?: string;
  /** What a reader must know of a row whose status is ok. */
  readonly caveat?: string;
  readonly samples?: Pair;
  /** Missing where nothing tells the state of the core: on GPUs and in browsers. */
  readonly core?: CoreReport;
  readonly ratio?: Ratio;
  readonly deviceTime?: DeviceTime;
  readonly transfers?: DeviceTimes;
  /** Of one call: what the processor's packages took for it beyond what they take idle. */
  readonly energyJ?: number;
  readonly storedBytes?: StoredBytes;
  /** Of calibration activations the method looked at. */
  readonly calibrationRows?: number;
  /** What the layer before was asked to do, so that it costs nothing here. */
  readonly folded?: string;
  readonly variant?: string;
  /** Where the machine decides it. */
  readonly arithmetic?: Arithmetic;
  readonly workspaceBytes?: number;
  readonly deviceBytes?: number;
  /** Of a model: keys and values of all tokens it has room for. */
  readonly kvCacheBytes?: number;
  readonly flops?: number;
  /** Of the packed weights what one call reads, where that is not all of them. */
  readonly weightBytes?: number;
  readonly kernelNmse?: number;
  readonly drift?: Drift;
  readonly driftBudgetDb?: number;
  readonly driftOk?: boolean;
  /** Of a model, in one of its passes. */
  readonly score?: Score;
  /** Of a classifier. */
  readonly accuracy?: Accuracy;
  /** Of a model that writes by drafts, in one of its passes. */
  readonly drafts?: DraftFigures;
  /** Smallest step of the clock the samples were timed with. */
  readonly timerResolutionNs?: number;
}

/** What a case came to, and on which inputs and in which state of the machine. */
export interface CaseResult extends Weighed {
  readonly inputHash?: string;
  readonly peakRssBytes?: number;
  readonly loadBefore?: number;
  readonly loadAfter?: number;
  readonly canaryNs?: number;
}

/** The same over all passes of the case, each of them another process. */
export interface JoinedResult extends CaseResult {
  readonly summary?: Summary;
  readonly processes?: number;
  /** Standard deviation of log speed-up between processes. */
  readonly speedupSdBetween?: number;
  /** Wall time of all passes, their processes' start included. */
  readonly tookS?: number;
}
