// What a change of Automerge says of its place in the history: its hash and the hashes it builds on.
//
//   chunk:  magic 85 6f 4a 83 | checksum 4 bytes | type 1 | length LEB128 | body        type 2: the body is deflated
//   body:   dependencies count { 32 bytes } | ...                                        hash = sha256(type | length | body)
//
// Only for changes whose bytes were inspected before: what a deflated body inflates to is bounded then.

import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { toHex } from '@anabranch/base';
import { inspectionLimits } from '@anabranch/crdt';
import { BoundedReader, ByteWriter, frameInvalid } from '@anabranch/protocol';

export interface ChangeHead {
  readonly hash: string;
  readonly dependencies: readonly string[];
}

const preambleBytes = 8;
const changeType = 1;
const deflatedChangeType = 2;
const hashBytes = 32;

/** @throws AnabranchError `frame_invalid` when `chunk` is not one change. */
export function readChangeHead(chunk: Uint8Array): ChangeHead {
  const reader = new BoundedReader(chunk);
  reader.bytes(preambleBytes);
  const type = reader.byte();
  if (type !== changeType && type !== deflatedChangeType) throw frameInvalid('not a change');
  const raw = reader.sizedBytes(reader.remaining);
  const body = type === changeType ? raw : inflateRawSync(raw, { maxOutputLength: inspectionLimits.inflatedBytesMax });
  const head = new ByteWriter().byte(changeType).uint(body.length).finish();
  const hash = createHash('sha256').update(head).update(body).digest('hex');
  const bodyReader = new BoundedReader(body);
  const dependencies: string[] = [];
  for (let left = bodyReader.uint(body.length / hashBytes); left > 0; left--) dependencies.push(toHex(bodyReader.bytes(hashBytes)));
  return { hash, dependencies };
}

export interface Sorted {
  /** In causal order, building on nothing else than what is known and each other. */
  readonly complete: readonly Uint8Array[];
  readonly incomplete: readonly Uint8Array[];
  /** Hashes that the incomplete ones wait for, and that none of them is. */
  readonly missing: readonly string[];
}

/** Sorts changes by whether all they build on is there. `unknownOf` names those of the hashes that the document lacks. */
export function sortByCompleteness(changes: readonly Uint8Array[], unknownOf: (hashes: readonly string[]) => readonly string[]): Sorted {
  const placed = changes.map((bytes) => ({ bytes, ...readChangeHead(bytes), lackedCount: 0 }));
  const unknown = new Set(unknownOf([...new Set(placed.flatMap(({ dependencies }) => dependencies))]));
  // In whatever order they come, each is looked at once, and once more for each that it builds on: there may be very many.
  const buildingOn = new Map<string, (typeof placed)[number][]>();
  for (const change of placed) {
    for (const dependency of change.dependencies) {
      if (!unknown.has(dependency)) continue;
      change.lackedCount += 1;
      const others = buildingOn.get(dependency);
      if (others === undefined) buildingOn.set(dependency, [change]);
      else others.push(change);
    }
  }
  const complete = placed.filter(({ lackedCount }) => lackedCount === 0);
  // It grows as they become complete.
  for (const { hash } of complete) {
    for (const change of buildingOn.get(hash) ?? []) {
      change.lackedCount -= 1;
      if (change.lackedCount === 0) complete.push(change);
    }
    buildingOn.delete(hash);
  }
  const incomplete = placed.filter(({ lackedCount }) => lackedCount > 0);
  for (const { hash } of incomplete) buildingOn.delete(hash);
  return {
    complete: complete.map(({ bytes }) => bytes),
    incomplete: incomplete.map(({ bytes }) => bytes),
    missing: [...buildingOn.keys()],
  };
}
