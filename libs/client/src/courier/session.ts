// One session with one region: between a WebSocket and the courier.
//
//   connecting --opened: open sent--> opening --welcome--> open --silence, loss, close--> ended
//
// Invariant 1: frames are delivered in order, none before the welcome and none after the end.
// Invariant 2: a region that says nothing for `silenceMsMax`, or does not welcome in `welcomeMsMax`, has lost the session.
// Invariant 3: `ended` is called once.
// Invariant 4: a session is with the region that it is meant for: one of another name is not spoken with.

import { AnabranchError, type Clock, type ErrorCode, errorCodes, isAnabranchError, type Timer } from '@anabranch/base';
import {
  decodeSessionAnswer,
  encodeSessionFrame,
  type OpenFrame,
  type SessionAnswer,
  type SessionRequest,
  type WelcomeFrame,
} from '@anabranch/protocol';
import type { Connect, Connection } from '../ports.ts';
import type { RegionAddress } from './region-choice.ts';

export interface SessionListener {
  readonly open: () => OpenFrame;
  readonly welcomed: (frame: WelcomeFrame) => void;
  /** @throws AnabranchError to end the session. */
  readonly receive: (frame: SessionAnswer) => void;
  readonly ended: (cause: AnabranchError) => void;
}

export class Session {
  static readonly welcomeMsMax = 10_000;
  static readonly silenceMsMax = 25_000;
  static readonly aliveMs = 8_000;
  /** Bytes handed to the connection and not sent. Beyond: pushes wait. */
  static readonly unsentBytesMax: number = 1 << 20;

  readonly #region: RegionAddress;
  readonly #clock: Clock;
  readonly #listener: SessionListener;
  readonly #connection: Connection | undefined;
  #state: 'connecting' | 'opening' | 'open' | 'ended' = 'connecting';
  #heardMs: number;
  #watch: Timer | undefined;

  constructor(region: RegionAddress, clock: Clock, connect: Connect, listener: SessionListener) {
    this.#region = region;
    this.#clock = clock;
    this.#listener = listener;
    this.#heardMs = clock.monotonicMs();
    const url = `${region.url.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/sync/documents`;
    this.#connection = connect(url, {
      opened: () => this.#opened(),
      received: (bytes) => this.#received(bytes),
      closed: (code, reason) => this.#end(closeCause(code, reason)),
    });
    if (this.#state === 'ended') return;
    this.#watch = clock.setTimer(Session.welcomeMsMax, () => this.#end(new AnabranchError('handshake_timeout', 'no welcome in time')));
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get mayPush(): boolean {
    return this.isOpen && (this.#connection?.bufferedBytes ?? 0) < Session.unsentBytesMax;
  }

  send(frame: SessionRequest): void {
    if (this.isOpen) this.#connection?.send(encodeSessionFrame(frame));
  }

  /** Ends the session as its owner wants; `ended` is called before this returns. */
  end(cause: AnabranchError): void {
    this.#end(cause);
  }

  #opened(): void {
    if (this.#state !== 'connecting') return;
    this.#state = 'opening';
    this.#connection?.send(encodeSessionFrame(this.#listener.open()));
  }

  #received(bytes: Uint8Array): void {
    if (this.#state === 'ended') return;
    this.#heardMs = this.#clock.monotonicMs();
    try {
      const frame = decodeSessionAnswer(bytes);
      if (frame !== undefined) this.#deliver(frame);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      this.#end(error);
    }
  }

  #deliver(frame: SessionAnswer): void {
    if (this.#state === 'opening' && frame.type === 'welcome') {
      this.#assertRegion(frame.region);
      this.#state = 'open';
      this.#watch?.cancel();
      this.#watchSilence();
      this.#listener.welcomed(frame);
    } else if (this.#state === 'open' && frame.type !== 'welcome') {
      if (frame.type !== 'alive') this.#listener.receive(frame);
    } else {
      throw new AnabranchError('frame_invalid', `a frame of type ${frame.type} is out of order`);
    }
  }

  #assertRegion(answered: string): void {
    const { name, url } = this.#region;
    if (answered === name) return;
    throw new AnabranchError('region_differs', `at ${url} the region ${answered} answers, not ${name}`, { region: name, answered });
  }

  #watchSilence(): void {
    this.#watch = this.#clock.setTimer(Session.aliveMs, () => {
      if (this.#clock.monotonicMs() - this.#heardMs > Session.silenceMsMax) {
        this.#end(new AnabranchError('link_silent', 'the region says nothing'));
      } else {
        this.send({ type: 'alive' });
        this.#watchSilence();
      }
    });
  }

  #end(cause: AnabranchError): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#watch?.cancel();
    this.#connection?.close();
    this.#listener.ended(cause);
  }
}

/** The reason of a close frame is a code of the registry, when the region had one. */
function closeCause(code: number, reason: string): AnabranchError {
  const details = { closeCode: code };
  if (Object.hasOwn(errorCodes, reason)) return new AnabranchError(reason as ErrorCode, errorCodes[reason as ErrorCode].meaning, details);
  if (code === 1001 || code === 1012) return new AnabranchError('not_ready', 'the region stops or restarts', details);
  return new AnabranchError('region_unreachable', reason === '' ? 'the connection is lost' : reason, details);
}
