// A stranger who sends what no client would to all sync doors: noise, updates that are cut off, too large, or lie about what they
// hold, frames out of order; and opens more sessions than a region takes. What was sent and what came of it is noted for the
// checkers.
//
//   idle --connected--> waiting --refused, closed with a code--> noted
//                               \--connection lost------------> noted, without a code: nobody can tell

import { canonicalJson, type JsonValue } from '@anabranch/base';
import { ByteWriter, decodeSessionAnswer, encodeSessionFrame, opBytesMax, parseDocumentId, sessionProtocol } from '@anabranch/protocol';
import type { HostileAttempt } from '../history.ts';
import { ClientWebSocket } from '../network/client-web-socket.ts';
import type { Sometimes } from '../run/sometimes.ts';
import type { Trace } from '../run/trace.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { simulatedCollections } from '../world/collections.ts';
import type { RegionHost, RunningReplica } from '../world/region-host.ts';
import { automergePoisons, type Poison, poisonOf, yjsPoisons } from './poison-bytes.ts';

export interface VandalParts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly hosts: readonly RegionHost[];
  readonly trace: Trace;
  readonly sometimes: Sometimes;
  readonly attempts: HostileAttempt[];
}

/** What it writes to: documents of others. */
const yjsTargets = ['notes/n', 'carts/d0', 'carts/e0', 'depots/d0'] as const;
const automergeTargets = ['notes-automerge/n', 'carts-automerge/d0'] as const;
/** Doors whose protocols it does not speak, and what they are asked for. */
const otherDoors = [
  ['/v1/sync/hocuspocus', '/v1/sync/hocuspocus'],
  ['/v1/sync/automerge/', '/v1/sync/automerge/notes-automerge'],
] as const;
const thinkMs = 6_000;
/** How long an answer is waited for. */
const patienceMs = 8_000;
const burstSessions = 16;
const connectionLost = 1006;
const tooLong = 1009;

/** What the Yjs door must take for wrong by itself: of the rest some means nothing there. */
const yjsDoorPoisons: ReadonlySet<Poison | 'frame'> = new Set(['noise', 'cut off', 'long deletion', 'own name', 'oversized']);

export class Vandal {
  readonly #parts: VandalParts;
  #isOver = false;

  constructor(parts: VandalParts) {
    this.#parts = parts;
    this.#later();
  }

  end(): void {
    this.#isOver = true;
  }

  #later(): void {
    const { clock, random, hosts } = this.#parts;
    clock.setTimer(-Math.log(1 - random.u32() / 2 ** 32) * thinkMs, () => {
      if (this.#isOver) return;
      const host = random.pick(hosts);
      if (host.running?.process.isPaused === false) {
        if (random.chance(0.15)) this.#burst(host, host.running);
        else this.#attack(host, host.running);
      }
      this.#later();
    });
  }

  #attack(host: RegionHost, running: RunningReplica): void {
    const { random, trace } = this.#parts;
    if (random.chance(0.15)) return this.#attackOther(host, running);
    const isAutomerge = random.chance(0.25);
    const kind = random.pick(isAutomerge ? ([...automergePoisons] as const) : ([...yjsPoisons, 'frame'] as const));
    const document = random.pick(isAutomerge ? automergeTargets : yjsTargets);
    const update = poisonOf(kind === 'frame' ? 'noise' : kind, random);
    trace.note(`vandal sends ${kind} to ${document} in ${host.region}`);
    const isYjs = document === 'notes/n' && yjsDoorPoisons.has(kind) && random.chance(0.5);
    const noted = { region: host.region, kind, document, update };
    if (isYjs) this.#sendToYjs(host, running, noted);
    else this.#sendToDocuments(host, running, noted);
  }

  /** Noise, or more than any message may be, to a door that takes other messages. */
  #attackOther(host: RegionHost, running: RunningReplica): void {
    const { random, trace } = this.#parts;
    const [door, path] = random.pick(otherDoors);
    const kind = random.pick(['noise', 'noise', 'oversized message'] as const);
    const update = kind === 'noise' ? poisonOf(kind, random) : new Uint8Array(opBytesMax + 1 + random.below(1_000));
    trace.note(`vandal sends ${kind} to ${path} in ${host.region}`);
    const end = this.#await(host, running, { region: host.region, kind: `${kind} at ${door}`, document: '', update }, () =>
      socket.cut({ isTold: false }),
    );
    const listener = { received: (): void => {}, closed: (code: number, reason: string): void => end(codeOfClose(code, reason)) };
    const socket = new ClientWebSocket({ ...this.#parts, host, running, door, path, listener });
    socket.send(update);
  }

  #sendToYjs(host: RegionHost, running: RunningReplica, noted: Noted): void {
    const message = new ByteWriter().uint(0).uint(2).sizedBytes(noted.update).finish();
    const end = this.#await(host, running, noted, () => socket.cut({ isTold: false }));
    const listener = {
      received: (): void => {},
      closed: (code: number, reason: string): void => end(codeOfClose(code, reason)),
    };
    const [door, path] = ['/v1/sync/yjs/', `/v1/sync/yjs/${noted.document}`];
    const socket = new ClientWebSocket({ ...this.#parts, host, running, door, path, listener });
    socket.send(message);
  }

  #sendToDocuments(host: RegionHost, running: RunningReplica, noted: Noted): void {
    const end = this.#await(host, running, noted, () => socket.cut({ isTold: false }));
    const listener = {
      received: (message: Uint8Array): void => {
        const frame = decodeSessionAnswer(message);
        if (frame?.type === 'refused') end(frame.code);
        if (frame?.type === 'pushed') end('taken');
      },
      closed: (code: number, reason: string): void => end(codeOfClose(code, reason)),
    };
    const [door, path] = ['/v1/sync/documents', '/v1/sync/documents'];
    const socket = new ClientWebSocket({ ...this.#parts, host, running, door, path, listener });
    socket.send(openFrame());
    if (noted.kind === 'frame') socket.send(this.#parts.random.chance(0.5) ? openFrame() : noted.update);
    else
      socket.send(
        encodeSessionFrame({ type: 'push', id: 1, writes: [{ document: parseDocumentId(noted.document), update: noted.update }] }),
      );
  }

  /** Notes what comes of an attempt, once. */
  #await(host: RegionHost, running: RunningReplica, noted: Noted, leave: () => void): (code: string | undefined) => void {
    const { attempts, clock, sometimes, trace } = this.#parts;
    const { process, replica } = running;
    const pauses = process.pauses;
    const wasWritable = replica.status().isWritable;
    const timeMs = clock.monotonicMs();
    let isOver = false;
    const end = (code: string | undefined, isSilent = false): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      // Whoever was not there all the time need not have answered.
      const isSame = host.running === running && process.pauses === pauses && !process.isPaused;
      const hadToAnswer = isSilent && isSame && wasWritable && replica.status().isWritable;
      attempts.push({ ...noted, timeMs, code: hadToAnswer ? 'silence' : code });
      if (code !== undefined) sometimes.hit('poison_refused');
      if (code === 'request_too_large') sometimes.hit('poison_too_large');
      trace.note(`vandal hears ${code ?? 'nothing'} from ${host.region}`);
      leave();
    };
    const timer = clock.setTimer(patienceMs, () => end(undefined, true));
    return end;
  }

  /** Opens more sessions than there are for it, for a while. */
  #burst(host: RegionHost, running: RunningReplica): void {
    const { clock, random, sometimes, trace } = this.#parts;
    trace.note(`vandal opens ${burstSessions} sessions in ${host.region}`);
    const [door, path] = ['/v1/sync/documents', '/v1/sync/documents'];
    const sockets = Array.from({ length: burstSessions }, () => {
      let isOpen = false;
      const listener = {
        opened: (): void => {
          isOpen = true;
        },
        received: (): void => {},
        closed: (): void => {
          if (!isOpen) sometimes.hit('session_turned_away');
        },
      };
      return new ClientWebSocket({ ...this.#parts, host, running, door, path, listener });
    });
    for (const socket of sockets) socket.send(openFrame());
    clock.setTimer(random.below(6_000), () => {
      for (const socket of sockets) socket.cut({ isTold: false });
    });
  }
}

type Noted = Omit<HostileAttempt, 'timeMs' | 'code'>;

/** A message that is too long is refused by its length, before anything of it has been read. */
function codeOfClose(code: number, reason: string): string | undefined {
  if (code === connectionLost) return undefined;
  return code === tooLong && reason === '' ? 'request_too_large' : reason;
}

/** As an embedded client opens its session. */
function openFrame(): Uint8Array {
  const collections = [...simulatedCollections].map(([name, { library, schema }]) => {
    const plain: JsonValue = JSON.parse(JSON.stringify({ library, schema }));
    return { name, definition: canonicalJson(plain) };
  });
  return encodeSessionFrame({
    ...{ type: 'open', protocolVersion: sessionProtocol.version, protocolVersionFloor: sessionProtocol.floor },
    ...{ writer: 'vandal', seen: [], required: [], resumeKey: new Uint8Array(), followSerial: 0, credential: '', collections },
  });
}
