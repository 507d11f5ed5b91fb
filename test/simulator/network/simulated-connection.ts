// A connection between two processes: two ordered pipes, each over the lane of its direction, as the transport's connection
// over a WebSocket behaves.
//
//   open --close--> closing: the peer hears of it in order; here `closed` follows when it has, or after a while
//        --reset--> a prefix of what is in flight arrives, then both ends are closed; the rest is lost
//        --go silent--> half-open: nothing arrives any more, in one direction or both, and nobody is told
//
// Invariant 1: frames are delivered in order, none before `listen`, none after the own close or the end of the process.
// Invariant 2: `closed` is called exactly once on each end whose process lives.

import type { ErrorCode, Timer } from '@anabranch/base';
import type { LinkConnection, LinkConnectionListener, LinkEnd } from '@anabranch/engine';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { OneWayLane } from './one-way-lane.ts';

/** How a frame may be entered into a process: not at all when it is dead, later when it is paused. */
export type Enter = (callback: () => void) => void;

type Ending = Pick<LinkEnd, 'code' | 'reason'>;

interface InFlight {
  readonly sentMs: number;
  arrivesMs: number;
  readonly frame: Uint8Array | undefined;
  /** What the peer is told instead of a frame: the connection ends. */
  readonly ending: Ending | undefined;
}

export interface ConnectionParts {
  readonly clock: VirtualClock;
  /** Told of every frame that is taken in, and when it was sent. */
  readonly observe: (from: string, to: string, frame: Uint8Array, sentMs: number) => void;
}

/** The first byte of a frame of ops. */
const opsCode = 7;

/** What the transport waits for the peer's half of a close. */
const closeMsMax = 2_000;

/** One end. */
export class ConnectionEnd implements LinkConnection {
  readonly remoteAddress: string;
  readonly region: string;
  bufferedBytes = 0;
  ending: Ending | undefined;
  readonly #parts: ConnectionParts;
  readonly #lane: OneWayLane;
  readonly #enter: Enter;
  readonly #inFlight: InFlight[] = [];
  #peer: ConnectionEnd | undefined;
  #listener: LinkConnectionListener | undefined;
  /** How many of the next frames of ops that it sends get lost. */
  #opsToLose = 0;
  /** What arrived before anybody listened. */
  readonly #unheard: { readonly frame: Uint8Array; readonly sentMs: number }[] = [];
  #isArmed = false;
  #arrival: Timer | undefined;
  readonly #goOn = (): void => this.#reschedule();
  /** Nothing that this end sends arrives any more. */
  #isSilent = false;
  #isClosed = false;
  #newestArrivalMs = 0;

  private constructor(region: string, peerRegion: string, options: { parts: ConnectionParts; lane: OneWayLane; enter: Enter }) {
    this.region = region;
    this.remoteAddress = peerRegion;
    this.#parts = options.parts;
    this.#lane = options.lane;
    this.#enter = options.enter;
  }

  static pair(
    parts: ConnectionParts,
    [a, b]: readonly [ConnectionPlace, ConnectionPlace],
  ): readonly [dialler: ConnectionEnd, acceptor: ConnectionEnd] {
    const dialler = new ConnectionEnd(a.region, b.region, { parts, ...a });
    const acceptor = new ConnectionEnd(b.region, a.region, { parts, ...b });
    dialler.#peer = acceptor;
    acceptor.#peer = dialler;
    return [dialler, acceptor];
  }

  get isOpen(): boolean {
    return !this.#isClosed;
  }

  listen(listener: LinkConnectionListener): void {
    this.#listener = listener;
    for (const { frame, sentMs } of this.#unheard.splice(0)) this.#receive(frame, sentMs);
    if (this.#isClosed) this.#enter(() => this.#tellClosed(listener));
  }

  send(frame: Uint8Array): void {
    if (this.ending !== undefined) return;
    if (frame[0] === opsCode && this.#opsToLose > 0) {
      this.#opsToLose -= 1;
      return;
    }
    this.bufferedBytes += frame.length;
    this.#transmit({ frame: frame.slice(), ending: undefined }, frame.length);
  }

  close(code: ErrorCode | 'normal', reason: string): void {
    if (this.ending !== undefined) return;
    this.ending = { code, reason };
    this.#transmit({ frame: undefined, ending: { code, reason } }, 0);
    this.#parts.clock.setTimer(closeMsMax, () => this.#finish());
  }

  /** The connection breaks: of what each end has in flight a prefix arrives. @returns how many frames were lost */
  reset(random: SeededRandom): number {
    let lost = 0;
    for (const end of [this, this.#peer]) {
      if (end === undefined) continue;
      lost += end.#inFlight.splice(random.below(end.#inFlight.length + 1)).length;
      end.#transmit({ frame: undefined, ending: { code: 'lost', reason: 'connection reset' } }, 0);
      end.#isSilent = true;
    }
    return lost;
  }

  /** Of what this end sends, the next frames with ops in them do not arrive, and what follows does. */
  loseOps(frames: number): void {
    this.#opsToLose += frames;
  }

  loseNoMore(): void {
    this.#opsToLose = 0;
  }

  /** What this end sends disappears from here on, and it is not told. */
  goSilent(): void {
    this.#isSilent = true;
    this.#inFlight.length = 0;
  }

  /** The process at this end is gone; its machine says so with a reset, unless it is gone too. */
  abandon(isMachineGone: boolean): void {
    this.#isClosed = true;
    this.ending ??= { code: 'lost', reason: 'the process ended' };
    if (isMachineGone) this.goSilent();
    else this.#transmit({ frame: undefined, ending: { code: 'lost', reason: 'connection reset by peer' } }, 0);
  }

  /** Whether anything could still come of this connection. */
  get isOver(): boolean {
    return this.#isClosed && this.#peer?.isOpen !== true;
  }

  #transmit(message: Omit<InFlight, 'arrivesMs' | 'sentMs'>, bytes: number): void {
    if (this.#isSilent) return;
    const sentMs = this.#parts.clock.monotonicMs();
    const arrivesMs = Math.max(this.#newestArrivalMs, this.#lane.arrivalMs(sentMs, bytes));
    this.#newestArrivalMs = arrivesMs;
    this.#inFlight.push({ ...message, sentMs, arrivesMs });
    this.#arm();
  }

  #arm(): void {
    const [next] = this.#inFlight;
    if (next === undefined) this.#lane.whenUnclogged.delete(this.#goOn);
    if (next === undefined || this.#isArmed) return;
    this.#isArmed = true;
    this.#lane.whenUnclogged.add(this.#goOn);
    this.#arrival = this.#parts.clock.setTimer(next.arrivesMs - this.#parts.clock.monotonicMs(), () => this.#arrive());
  }

  /** A clog has ended: what it held up arrives as soon as the lane lets it. */
  #reschedule(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    let lastMs = nowMs;
    for (const message of this.#inFlight) {
      lastMs = Math.max(lastMs, Math.min(message.arrivesMs, this.#lane.arrivalMs(nowMs, message.frame?.length ?? 0)));
      message.arrivesMs = lastMs;
    }
    this.#newestArrivalMs = lastMs;
    // Without a timer it waits for a cut to heal.
    if (this.#arrival === undefined) return;
    this.#arrival.cancel();
    this.#isArmed = false;
    this.#arm();
  }

  #arrive(): void {
    this.#isArmed = false;
    this.#arrival = undefined;
    if (this.#lane.isCut) {
      this.#isArmed = true;
      this.#lane.onHealed(() => {
        this.#isArmed = false;
        this.#arm();
      });
      return;
    }
    const message = this.#inFlight.shift();
    this.#arm();
    const peer = this.#peer;
    if (message === undefined || peer === undefined) return;
    if (message.ending !== undefined) peer.#hearEnd(message.ending);
    if (message.frame !== undefined) {
      peer.#receive(message.frame, message.sentMs);
      this.#sent(message.frame.length);
    }
  }

  #sent(bytes: number): void {
    this.bufferedBytes -= bytes;
    if (this.bufferedBytes > 0 || this.ending !== undefined) return;
    this.#enter(() => {
      if (this.ending === undefined) this.#listener?.drained();
    });
  }

  #receive(frame: Uint8Array, sentMs: number): void {
    this.#enter(() => {
      // Invariant 1: what arrives after the own close was begun is not delivered; after the peer's it still may be.
      if (this.#isClosed || (this.ending !== undefined && this.ending.code !== 'lost')) return;
      if (this.#listener === undefined) {
        this.#unheard.push({ frame, sentMs });
        return;
      }
      this.#parts.observe(this.remoteAddress, this.region, frame, sentMs);
      this.#listener.receiveFrame(frame);
    });
  }

  #hearEnd(ending: Ending): void {
    const isFirst = this.ending === undefined;
    this.ending ??= ending;
    if (isFirst) this.#transmit({ frame: undefined, ending }, 0);
    this.#finish();
  }

  #finish(): void {
    if (this.#isClosed) return;
    this.#enter(() => {
      if (this.#isClosed) return;
      this.#isClosed = true;
      if (this.#listener !== undefined) this.#tellClosed(this.#listener);
    });
  }

  #tellClosed(listener: LinkConnectionListener): void {
    const { code, reason } = this.ending ?? { code: 'lost' as const, reason: '' };
    listener.closed(code, reason);
  }
}

/** One end's place: whose it is, what it sends over, and the process it belongs to. */
export interface ConnectionPlace {
  readonly region: string;
  readonly lane: OneWayLane;
  readonly enter: Enter;
}
