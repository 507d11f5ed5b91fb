// The link protocol's version. A region offers [floor, current] in its hello; the link speaks the highest version both
// accept, and is refused with `protocol_version_unsupported` when there is none.
//
//   1  first version

export const protocolVersion = 1;
export const protocolVersionFloor = 1;

export interface ProtocolVersionRange {
  readonly floor: number;
  readonly current: number;
}

/** The version a link between the two speaks, or undefined when they share none. */
export function agreeProtocolVersion(ours: ProtocolVersionRange, theirs: ProtocolVersionRange): number | undefined {
  const version = Math.min(ours.current, theirs.current);
  return version >= Math.max(ours.floor, theirs.floor) ? version : undefined;
}
