// How the rights to a bounded counter move between those who hold them. A holder is an origin, or a region: the region's
// own name holds its initial share until one of its origins takes it over. These acts are the engine's; no client has them.

/** Rights to decrement (`down`: there are some when the counter has a minimum) and to increment (`up`: a maximum). */
export interface Rights {
  readonly down: number;
  readonly up: number;
}

export type RightsKind = keyof Rights;

/** One act on the rights of a bounded counter; `path` is a JSON pointer to it. */
export type EscrowAct =
  /** Gives rights of the author to another origin. */
  | { readonly op: 'transfer'; readonly path: string; readonly to: string; readonly down?: number; readonly up?: number }
  /**
   * Takes all rights that a holder still has: an origin that will never write again, or a region's initial share. The
   * caller knows that everything the holder wrote, and everything taken over from it, is in this document.
   */
  | { readonly op: 'takeOver'; readonly path: string; readonly from: string };

/** A bounded counter as this replica sees it. */
export interface RightsView {
  readonly value: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** Everyone with rights, by origin, or by region for an initial share that nobody has taken over. */
  readonly holders: ReadonlyMap<string, Rights>;
}
