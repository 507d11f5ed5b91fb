export const regionNames: readonly ['new-york', 'berlin', 'tokyo'];
export const portCount: number;
/** The text of --help. */
export const usage: string;

export interface StartOptions {
  /** 0 for free ports. */
  readonly portBase: number;
  /** As given; undefined for the folder of the clone. */
  readonly data: string | undefined;
  readonly isFresh: boolean;
  readonly isVerbose: boolean;
  readonly isHelp: boolean;
}

/** @throws Error whose message names the flag. */
export function readStartOptions(args: readonly string[]): StartOptions;

/** @throws Error naming --port-base. */
export function readPortBase(text: string): number;

/** The first port of `count` from `first` on that another process uses; undefined when all are free. */
export function firstTakenPort(first: number, count: number): Promise<number | undefined>;
