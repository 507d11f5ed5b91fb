// Every message of an embedded client's session, `/v1/sync/documents`: one type byte, then the frame's own form.
//
//   client                                            region
//     open ------------------------------------------->
//     <------------------------------------------ welcome
//     follow (what the region does not know) --------->   until one is complete
//     <----------------------------- state, changes ...   what was missed, then what happens
//     push ------------------------------------------->
//     <-------------------------- pushed, or refused
//     <-------------------------------------- replicated
//
// A type byte of 128 and above marks a frame that a receiver may ignore when it does not know it.

import { AnabranchError } from '@anabranch/base';
import { BoundedReader, frameInvalid } from '../bounded-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { requestFrameBytesMax, stateBytesMax } from '../limits.ts';
import {
  type ChangesFrame,
  type ReplicatedFrame,
  readChanges,
  readReplicated,
  readState,
  readUnavailable,
  type StateFrame,
  type UnavailableFrame,
  writeChanges,
  writeReplicated,
  writeState,
  writeUnavailable,
} from './changes.ts';
import { type FollowFrame, readFollow, readUnfollow, type UnfollowFrame, writeFollow, writeUnfollow } from './follow.ts';
import { type OpenFrame, readOpen, readWelcome, type WelcomeFrame, writeOpen, writeWelcome } from './open.ts';
import { type AliveFrame, type CoveringFrame, type PresenceFrame, readPresence, writePresence } from './presence.ts';
import {
  type PushedFrame,
  type PushFrame,
  type RefusedFrame,
  readPush,
  readPushed,
  readRefused,
  writePush,
  writePushed,
  writeRefused,
} from './push.ts';

/** What a client sends. */
export type SessionRequest = OpenFrame | FollowFrame | UnfollowFrame | PushFrame | PresenceFrame | AliveFrame;
/** What a region sends. */
export type SessionAnswer =
  | WelcomeFrame
  | ChangesFrame
  | StateFrame
  | UnavailableFrame
  | PushedFrame
  | RefusedFrame
  | ReplicatedFrame
  | CoveringFrame
  | PresenceFrame
  | AliveFrame;
export type SessionFrame = SessionRequest | SessionAnswer;

type FrameType = SessionFrame['type'];
type FrameOf<T extends FrameType> = Extract<SessionFrame, { type: T }>;

interface FrameCodec<T extends FrameType> {
  readonly code: number;
  readonly write: (writer: ByteWriter, frame: FrameOf<T>) => void;
  readonly read: (reader: BoundedReader) => FrameOf<T>;
}

const codecs: { readonly [T in FrameType]: FrameCodec<T> } = {
  open: { code: 1, write: writeOpen, read: readOpen },
  welcome: { code: 2, write: writeWelcome, read: readWelcome },
  follow: { code: 3, write: writeFollow, read: readFollow },
  unfollow: { code: 4, write: writeUnfollow, read: readUnfollow },
  changes: { code: 5, write: writeChanges, read: readChanges },
  state: { code: 6, write: writeState, read: readState },
  unavailable: { code: 7, write: writeUnavailable, read: readUnavailable },
  push: { code: 8, write: writePush, read: readPush },
  pushed: { code: 9, write: writePushed, read: readPushed },
  refused: { code: 10, write: writeRefused, read: readRefused },
  replicated: { code: 11, write: writeReplicated, read: readReplicated },
  presence: { code: 12, write: writePresence, read: readPresence },
  covering: { code: 14, write: () => {}, read: () => ({ type: 'covering' }) },
  alive: { code: 13, write: () => {}, read: () => ({ type: 'alive' }) },
};

const requestTypes: ReadonlySet<FrameType> = new Set<SessionRequest['type']>(['open', 'follow', 'unfollow', 'push', 'presence', 'alive']);
const answerTypes: ReadonlySet<FrameType> = new Set<SessionAnswer['type']>([
  'welcome',
  'changes',
  'state',
  'unavailable',
  'pushed',
  'refused',
  'replicated',
  'covering',
  'presence',
  'alive',
]);
const readers: ReadonlyMap<number, (reader: BoundedReader) => SessionFrame> = new Map(
  Object.values(codecs).map((codec) => [codec.code, codec.read]),
);
const ignorableFrom = 128;
/** One frame from a region: the largest holds the state of a document. */
const answerFrameBytesMax: number = stateBytesMax + (64 << 10);

/** The version of the session protocol, and the oldest that is still spoken. */
export const sessionProtocol = { version: 1, floor: 1 } as const;

export function encodeSessionFrame<T extends FrameType>(frame: FrameOf<T>): Uint8Array<ArrayBuffer> {
  const codec: FrameCodec<T> = codecs[frame.type as T];
  const writer = new ByteWriter().byte(codec.code);
  codec.write(writer, frame);
  return writer.finish();
}

/** A frame from a client; undefined for an unknown one that may be ignored. @throws AnabranchError `frame_invalid`, `protocol_version_unsupported`. */
export function decodeSessionRequest(bytes: Uint8Array): SessionRequest | undefined {
  if (bytes.length > requestFrameBytesMax) throw frameInvalid('it is too large');
  return decode(bytes, requestTypes) as SessionRequest | undefined;
}

/** A frame from a region; undefined for an unknown one that may be ignored. @throws AnabranchError `frame_invalid`. */
export function decodeSessionAnswer(bytes: Uint8Array): SessionAnswer | undefined {
  if (bytes.length > answerFrameBytesMax) throw frameInvalid('it is too large');
  return decode(bytes, answerTypes) as SessionAnswer | undefined;
}

function decode(bytes: Uint8Array, types: ReadonlySet<FrameType>): SessionFrame | undefined {
  const reader = new BoundedReader(bytes);
  const code = reader.byte();
  const read = readers.get(code);
  if (read === undefined) {
    if (code >= ignorableFrom) return undefined;
    throw frameInvalid(`its type ${code} is unknown`);
  }
  if (code === codecs.open.code) refuseNewerForm(bytes);
  const frame = read(reader);
  if (!types.has(frame.type)) throw frameInvalid(`a frame of type ${frame.type} goes the other way`);
  reader.end();
  return frame;
}

/** An open frame begins with its version range in every protocol; one that excludes ours is not read any further. */
function refuseNewerForm(bytes: Uint8Array): void {
  const reader = new BoundedReader(bytes.subarray(1));
  const [newest, floor] = [reader.uint(0xffff), reader.uint(0xffff)];
  if (floor <= sessionProtocol.version && newest >= sessionProtocol.floor) return;
  const spoken = `${sessionProtocol.floor} to ${sessionProtocol.version}`;
  throw new AnabranchError(
    'protocol_version_unsupported',
    `the client speaks session protocol ${floor} to ${newest}, this region ${spoken}`,
  );
}
