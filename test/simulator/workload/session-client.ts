// One client that works on a freeform document through a session of its region, as the sync doors use it: it edits its own
// copy, connected or not, sends what it did and merges what it is told.
//
//   away --session opened, everything exchanged--> present --session ended, process ended, moved--> away
//
// Invariant 1: what travels in one direction of one connection arrives in order; what travels when it ends is lost.
// Invariant 2: an update that was acknowledged is durable: it is noted with the op it became.

import { isAnabranchError } from '@anabranch/base';
import type { DocumentSession, OpId, Replica } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import type { SessionAck } from '../history.ts';
import type { Sometimes } from '../run/sometimes.ts';
import type { Trace } from '../run/trace.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { SimulatedProcess } from '../world/simulated-process.ts';
import type { ClientCopy } from './client-copy.ts';

export interface SessionClientParts {
  readonly name: string;
  readonly document: string;
  readonly copy: ClientCopy;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly hosts: readonly RegionHost[];
  readonly trace: Trace;
  readonly sometimes: Sometimes;
  readonly acks: SessionAck[];
  readonly onDefect: (message: string) => void;
}

/** One connection to a region. */
interface Presence {
  readonly host: RegionHost;
  readonly process: SimulatedProcess;
  readonly session: DocumentSession;
  readonly forget: () => void;
  isOpen: boolean;
  /** When the last message in each direction arrives. */
  toRegionMs: number;
  toClientMs: number;
  /** Updates sent and not acknowledged. */
  unacknowledged: number;
  hasExchanged: boolean;
}

const thinkMs = 3_000;
const reconnectMsMax = 3_000;
const stayMs = 40_000;

export class SessionClient {
  readonly #parts: SessionClientParts;
  readonly #random: SeededRandom;
  #presence: Presence | undefined;
  #isOver = false;
  #presences = 0;

  constructor(parts: SessionClientParts) {
    this.#parts = parts;
    this.#random = parts.random;
    this.#connectLater();
    this.#editLater();
  }

  /** No edit is made from here on; the client stays, and goes on to exchange. */
  end(): void {
    this.#isOver = true;
  }

  /** Whether everything it did is acknowledged, and it has been given what its region held. */
  get isSettled(): boolean {
    return this.#presence?.hasExchanged === true && this.#presence.unacknowledged === 0;
  }

  get document(): string {
    return this.#parts.document;
  }

  /** What the client shows. */
  json(): unknown {
    return this.#parts.copy.json();
  }

  #editLater(): void {
    this.#parts.clock.setTimer(-Math.log(1 - this.#random.u32() / 2 ** 32) * thinkMs, () => {
      if (this.#isOver) return;
      const update = this.#parts.copy.edit(this.#random);
      if (this.#presence !== undefined) this.#send(this.#presence, update);
      this.#editLater();
    });
  }

  #connectLater(): void {
    this.#parts.clock.setTimer(this.#random.below(reconnectMsMax), () => this.#connect(this.#random.pick(this.#parts.hosts)));
  }

  #connect(host: RegionHost): void {
    const { running } = host;
    if (running === undefined || running.process.isPaused) return this.#connectLater();
    running.process.enter(() => {
      try {
        this.#open(host, running.process, running.replica);
      } catch (error) {
        this.#refused(error);
        this.#connectLater();
      }
    });
  }

  #open(host: RegionHost, process: SimulatedProcess, replica: Replica): void {
    const { clock, sometimes } = this.#parts;
    const nowMs = clock.monotonicMs();
    const session = replica.openSession(parseDocumentId(this.#parts.document), {
      deliver: (delivery) => {
        if (delivery.author !== session) this.#arriveAtClient(presence, () => this.#parts.copy.merge(delivery.update));
      },
      awareness: () => {},
      ended: () => {
        sometimes.hit('session_ended');
        this.#leave(presence);
      },
    });
    const forget = host.onEnded(() => this.#leave(presence));
    const times = { toRegionMs: nowMs, toClientMs: nowMs };
    const presence: Presence = { host, process, session, forget, ...times, isOpen: true, unacknowledged: 0, hasExchanged: false };
    this.#presence = presence;
    this.#presences += 1;
    this.#parts.trace.note(`${this.#parts.name} opens ${this.#parts.document} in ${host.region}`);
    const state = session.document.encodeState();
    session.whenDurable().then(
      () =>
        this.#arriveAtClient(presence, () => {
          this.#parts.copy.merge(state);
          presence.hasExchanged = true;
          if (this.#presences > 1) sometimes.hit('session_resumed');
        }),
      () => {},
    );
    this.#send(presence, this.#parts.copy.whole());
    clock.setTimer(this.#random.below(2 * stayMs), () => this.#move(presence));
  }

  /** Now and then a client goes away by itself, and comes back somewhere. */
  #move(presence: Presence): void {
    if (!presence.isOpen || this.#isOver) return;
    presence.process.enter(() => presence.session.close());
    this.#leave(presence);
  }

  #leave(presence: Presence): void {
    if (!presence.isOpen) return;
    presence.isOpen = false;
    presence.forget();
    this.#presence = undefined;
    this.#connectLater();
  }

  #send(presence: Presence, update: Uint8Array): void {
    if (update.length === 0) return;
    presence.unacknowledged += 1;
    presence.toRegionMs = this.#arrival(presence.toRegionMs);
    this.#parts.clock.setTimer(presence.toRegionMs - this.#parts.clock.monotonicMs(), () => {
      if (presence.isOpen) presence.process.enter(() => this.#ingest(presence, update));
    });
  }

  #ingest(presence: Presence, update: Uint8Array): void {
    presence.session.ingest(update).then(
      (opId) => this.#arriveAtClient(presence, () => this.#acknowledged(presence, opId)),
      (error: unknown) => {
        this.#refused(error);
        const mayAskAgain = isAnabranchError(error, 'update_incomplete');
        this.#arriveAtClient(presence, () => {
          presence.unacknowledged -= 1;
          // What it builds on will have come later, from the region that wrote it.
          if (mayAskAgain) this.#parts.clock.setTimer(500, () => presence.isOpen && this.#send(presence, this.#parts.copy.whole()));
          else this.#leave(presence);
        });
      },
    );
  }

  #acknowledged(presence: Presence, opId: OpId | undefined): void {
    const { acks, clock, document, name, trace } = this.#parts;
    presence.unacknowledged -= 1;
    if (opId === undefined) return;
    trace.note(`${name} acknowledged ${presence.host.region} ${document} ${opId.origin}:${opId.seq}`);
    acks.push({ timeMs: clock.monotonicMs(), region: presence.host.region, document, origin: opId.origin, seq: opId.seq });
  }

  #refused(error: unknown): void {
    if (isAnabranchError(error, 'update_incomplete')) this.#parts.sometimes.hit('update_incomplete');
    if (isAnabranchError(error) && error.code !== 'internal_error') return;
    this.#parts.onDefect(`a session answered with a defect: ${error instanceof Error ? error.stack : String(error)}`);
  }

  #arriveAtClient(presence: Presence, act: () => void): void {
    presence.toClientMs = this.#arrival(presence.toClientMs);
    this.#parts.clock.setTimer(presence.toClientMs - this.#parts.clock.monotonicMs(), () => {
      if (presence.isOpen) act();
    });
  }

  #arrival(newestMs: number): number {
    // Of two events at one time either may come first.
    return Math.max(newestMs + 1e-6, this.#parts.clock.monotonicMs() + 0.5 + (this.#random.u32() / 2 ** 32) * 5);
  }
}
