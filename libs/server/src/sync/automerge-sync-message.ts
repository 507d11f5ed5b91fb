// Messages of Automerge's sync protocol (Kleppmann & Howard, "Byzantine Eventual Consistency and the Fundamental Limits of
// Peer-to-Peer Databases", 2020; automerge/src/sync.rs), read before the library is given them:
//
//   type 42 | 43 | heads | need | have count { last sync heads, bloom filter, sized } | changes count { chunks, sized } | flags
//   heads = count { 32 bytes }          bloom filter = entries | bits per entry | probes | bits
//
// The library takes a bloom filter at its word: 20 bytes that name ten million probes keep it busy for 20 seconds, and a
// filter of no bits divides by zero. A change that is needed twice makes it panic, as soon as the document has it. So the
// head of a message is checked here, and its changes are handed out untouched, to be inspected and logged as any other update.
//
// Invariant 1: what passes costs the library at most `havesMax * probesMax` lookups per change of the document.
// Invariant 2: `withoutChanges` is the same message with an empty list of changes.

import { concatBytes, toHex } from '@anabranch/base';
import { BoundedReader, frameInvalid } from '@anabranch/protocol';

export interface AutomergeSyncMessage {
  /** False when the peer has nothing of the document. */
  readonly hasHeads: boolean;
  /** Chunks of changes, as views, in causal order. */
  readonly changes: readonly Uint8Array[];
  readonly withoutChanges: Uint8Array;
}

const messageTypes: ReadonlySet<number> = new Set([0x42, 0x43]);
const hashBytes = 32;
/** Heads in one list: as many replicas as may write at once. */
const headsMax = 1_000;
/** The library sends one. */
const havesMax = 2;
/** Changes in one message. */
const changesMax = 100_000;
/** The library asks 7 probes of 10 bits per entry. */
const probesMax = 16;
const bitsPerEntryMax = 64;
const bloomEntriesMax = 10_000_000;
const flagsBytesMax = 64;

/** @throws AnabranchError `frame_invalid`. */
export function readAutomergeSyncMessage(message: Uint8Array): AutomergeSyncMessage {
  const reader = new BoundedReader(message);
  if (!messageTypes.has(reader.byte())) throw frameInvalid('not a sync message');
  const headCount = skipHashes(reader);
  checkNeed(reader);
  const haveCount = reader.uint(havesMax);
  for (let i = 0; i < haveCount; i++) {
    skipHashes(reader);
    checkBloomFilter(reader.sizedBytes(reader.remaining));
  }
  const changesAt = message.length - reader.remaining;
  const changes: Uint8Array[] = [];
  const changeCount = reader.uint(changesMax);
  for (let i = 0; i < changeCount; i++) changes.push(reader.sizedBytes(reader.remaining));
  const flagsAt = message.length - reader.remaining;
  if (reader.remaining > flagsBytesMax) throw frameInvalid('it has trailing bytes');
  const withoutChanges = concatBytes([message.subarray(0, changesAt), Uint8Array.of(0), message.subarray(flagsAt)]);
  return { hasHeads: headCount > 0, changes, withoutChanges };
}

function skipHashes(reader: BoundedReader): number {
  const count = reader.uint(headsMax);
  reader.bytes(count * hashBytes);
  return count;
}

/** Each change is needed once. */
function checkNeed(reader: BoundedReader): void {
  const count = reader.uint(headsMax);
  const needed = new Set<string>();
  for (let i = 0; i < count; i++) needed.add(toHex(reader.bytes(hashBytes)));
  if (needed.size < count) throw frameInvalid('it needs a change twice');
}

function checkBloomFilter(filter: Uint8Array): void {
  if (filter.length === 0) return;
  const reader = new BoundedReader(filter);
  const entries = reader.uint(bloomEntriesMax);
  const bitsPerEntry = reader.uint(bitsPerEntryMax);
  reader.uint(probesMax);
  const bytes = Math.ceil((entries * bitsPerEntry) / 8);
  if (reader.remaining !== bytes || (entries > 0 && bytes === 0)) throw frameInvalid('a bloom filter is not as long as it says');
}
