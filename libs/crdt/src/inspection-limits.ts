/** Limits of one update from an untrusted sender. What goes beyond is refused before it is logged. */
export const inspectionLimits = {
  /** Bytes of one update; more give `request_too_large`. The peer path carries at least as much. */
  updateBytesMax: 4_194_304,
  /** Bytes all deflated parts of one update inflate to; more give `request_too_large`. */
  inflatedBytesMax: 4_194_304,
  /** Yjs structs, or Automerge operations, in one update; more give `request_too_large`. */
  structsMax: 500_000,
  /** Operations of one Automerge change, which is merged in one go, 100 ms; more give `request_too_large`. */
  changeOpsMax: 100_000,
  /** Positions one update may skip over as deleted or collected without bringing their content. */
  emptyPositionsMax: 8_388_608,
  /** Changes of an Automerge update that are inspected on the spot, 10 ms; more are a case for another thread. */
  directChangesMax: 100,
  /** Rows of an Automerge update up to which it is inspected on the spot, 10 ms; a larger one is a case for another thread. */
  directRowsMax: 20_000,
  /** Operations of an Automerge document up to which a merge is rehearsed on the spot, 35 ms; else by another thread. */
  directDocumentOpsMax: 10_000,
  /** Changes, and operations in them, that are merged in one go, 20 ms, when a large Automerge update is taken in parts. */
  partChangesMax: 1_000,
  partOpsMax: 20_000,
  /** Held changes looked at to find what an Automerge update had seen; beyond, a case for another thread. */
  directVisitsMax: 512,
  /** The same for the other thread; beyond, `request_too_large`. */
  visitsMax: 1_000_000,
  /** Nesting of values and of shared types. */
  depthMax: 64,
  /** UTF-16 units of one key or type name. */
  keyUnitsMax: 16_384,
} as const;
