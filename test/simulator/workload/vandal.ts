// A stranger who sends what no client would to the Yjs door and to that of embedded clients: noise, updates that are cut off or
// lie about what they hold, frames out of order; and opens more sessions than a region takes. What was sent and what came of it
// is noted for the checkers.
//
//   idle --connected--> waiting --refused, closed with a code--> noted
//                               \--connection lost------------> noted, without a code: nobody can tell

import { canonicalJson, type JsonValue } from '@anabranch/base';
import { ByteWriter, decodeSessionAnswer, encodeSessionFrame, parseDocumentId, sessionProtocol } from '@anabranch/protocol';
import * as Y from 'yjs';
import type { HostileAttempt } from '../history.ts';
import { ClientWebSocket } from '../network/client-web-socket.ts';
import type { Sometimes } from '../run/sometimes.ts';
import type { Trace } from '../run/trace.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { simulatedCollections } from '../world/collections.ts';
import type { RegionHost, RunningReplica } from '../world/region-host.ts';

export interface VandalParts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly hosts: readonly RegionHost[];
  readonly trace: Trace;
  readonly sometimes: Sometimes;
  readonly attempts: HostileAttempt[];
}

/** What it writes to: documents of others. */
const targets = ['notes/n', 'carts/d0', 'carts/e0', 'depots/d0'] as const;
const thinkMs = 6_000;
/** How long an answer is waited for. */
const patienceMs = 8_000;
const burstSessions = 16;
const connectionLost = 1006;

type Kind = (typeof kinds)[number];
const kinds = ['noise', 'cut off', 'long deletion', 'gap', 'unheld deletion', 'own name', 'no bytes', 'frame'] as const;

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
    const kind = random.pick(kinds);
    const document = random.pick(targets);
    const update = this.#updateOf(kind);
    trace.note(`vandal sends ${kind} to ${document} in ${host.region}`);
    const isYjs = document === 'notes/n' && kind !== 'gap' && kind !== 'unheld deletion' && kind !== 'no bytes' && random.chance(0.5);
    const noted = { region: host.region, kind, document, update };
    if (isYjs) this.#sendToYjs(host, running, noted);
    else this.#sendToDocuments(host, running, noted);
  }

  #updateOf(kind: Kind): Uint8Array {
    const { random } = this.#parts;
    const client = 1 + random.u32();
    switch (kind) {
      case 'no bytes':
        return new Uint8Array();
      case 'cut off': {
        const whole = soundUpdate(client);
        return whole.slice(0, 1 + random.below(whole.length - 1));
      }
      case 'long deletion':
        // One client block with one struct: so many deleted characters, in sixteen bytes.
        return new ByteWriter()
          .uint(1)
          .uint(1)
          .uint(client)
          .uint(0)
          .byte(1)
          .uint(1)
          .text('body')
          .uint(2 ** 45)
          .uint(0)
          .finish();
      case 'gap': {
        const doc = new Y.Doc();
        doc.clientID = client;
        doc.getText('body').insert(0, 'what comes before is kept back');
        const before = Y.encodeStateVector(doc);
        doc.getText('body').insert(5, 'poison');
        return Y.encodeStateAsUpdate(doc, before);
      }
      case 'unheld deletion':
        return new ByteWriter().uint(0).uint(1).uint(client).uint(1).uint(random.below(100)).uint(5).finish();
      default: {
        // The first byte counts client blocks: a number that the bytes cannot hold.
        const noise = random.bytes(8 + random.below(40));
        noise[0] = 0x7f;
        return noise;
      }
    }
  }

  #sendToYjs(host: RegionHost, running: RunningReplica, noted: Noted): void {
    const message = new ByteWriter().uint(0).uint(2).sizedBytes(noted.update).finish();
    const end = this.#await(host, running, noted, () => socket.cut({ isTold: false }));
    const listener = {
      received: (): void => {},
      closed: (code: number, reason: string): void => end(code === connectionLost ? undefined : reason),
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
      closed: (code: number, reason: string): void => end(code === connectionLost ? undefined : reason),
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

function soundUpdate(client: number): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  doc.getText('body').insert(0, 'poison');
  doc.getMap('fields').set('poison', { nested: [1, 2, 3] });
  return Y.encodeStateAsUpdate(doc);
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
