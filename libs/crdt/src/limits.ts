// The limits of one document and of one edit. An edit beyond a limit is refused with a code and changes nothing; a
// value that arrives from another replica beyond a limit is still merged, because refusing it here only would diverge.

export const crdtLimits = {
  /** Operations in one edit; more give `op_invalid`. */
  editOpsMax: 1_000,
  /** Segments of a path; more give `path_unknown`. */
  pathSegmentsMax: 32,
  /** UTF-16 units of one map key or field name; more give `value_invalid`. */
  keyUnitsMax: 256,
  /** Nesting of arrays and objects in a value; more give `value_invalid`. */
  valueDepthMax: 64,
  /** UTF-16 units of the JSON text of a register value or list item; more give `value_invalid`. */
  valueUnitsMax: 262_144,
  /** UTF-16 units of the JSON text of a set element, which is part of a key; more give `value_invalid`. */
  elementUnitsMax: 1_024,
  /** UTF-16 units of a text; more give `value_invalid`. */
  textUnitsMax: 4_194_304,
  /** Items of a list; more give `value_invalid`. */
  listItemsMax: 100_000,
  /** Paths of operations remembered with their segments in one process; at the limit all are forgotten. */
  parsedPathsMax: 1_024,
  /** UTF-16 units of a path that is remembered; longer ones are parsed each time. */
  parsedPathUnitsMax: 256,
  /** Regions that share the initial rights of a bounded counter; a schema with more is refused. */
  splitRegionsMax: 64,
  /** Acts in one escrow edit; more give `op_invalid`. */
  escrowActsMax: 1_000,
  /** Other holders that a refusal for lack of rights names, richest first. */
  namedHoldersMax: 64,
  /** Fields whose leftovers one edit cleans up on its way. */
  sweptFieldsMax: 32,
} as const;
