// What a row of the benchmark is: one question about cost, answered by measuring real parts, with the bar beside it.
//
// A row runs in a process of its own, on a fresh folder, so that no row pays for the heap or the compiled code of another.

interface Figure {
  readonly metric: string;
  readonly unit: string;
  readonly better: 'more' | 'less';
  /** What was promised: at least this much where more is better, else at most. */
  readonly bar?: number;
}

/** A figure, as many times as it was taken. Its value is the median. */
export interface Measurement extends Figure {
  readonly runs: readonly number[];
}

/** A figure that this machine, or the quick mode, cannot give. */
export interface Unmeasured extends Figure {
  readonly unmeasured: string;
}

export interface RowContext {
  /** Fresh, on a real disk, removed afterwards. */
  readonly folder: string;
  /** Sizes shrink so that the whole benchmark ends in about three minutes. */
  readonly isQuick: boolean;
}

export type RowResult = ReadonlyArray<Measurement | Unmeasured>;

/** What a row's file exports as `measure`. */
export type Measure = (context: RowContext) => Promise<RowResult>;
