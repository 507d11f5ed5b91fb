// The connection of the device to its regions: with which of them it has a session, one at a time, and when it moves on.
//
//   away --wanted, a region has answered--> connecting --welcomed--> online
//     ^--- lost, refused, left: soon another region, or the same one ---'
//
// Invariant 1: a session is opened only when everything of the session before is kept, and with what it takes to read documents.
// Invariant 2: a region that sends what cannot be read has ended its session, and comes last for a while.

import { AnabranchError, type ErrorCode, type Timer } from '@anabranch/base';
import type { OpenFrame, SessionAnswer, WelcomeFrame } from '@anabranch/protocol';
import type { Platform } from '../ports.ts';
import { type Refusal, refusalOf } from '../refusal.ts';
import { credentialOf } from './credential.ts';
import { Probes } from './probes.ts';
import { nearest, type RegionAddress, type RegionChoice } from './region-choice.ts';
import { Session } from './session.ts';
import { WallOffset } from './wall-offset.ts';

export interface RegionConnectionParts {
  readonly platform: Platform;
  readonly choice: RegionChoice;
  readonly credential: (() => Promise<string>) | undefined;
  /** Resolves when a session may be opened (Invariant 1). */
  readonly prepare: () => Promise<void>;
  readonly open: (credential: string) => OpenFrame;
  readonly welcomed: (frame: WelcomeFrame) => void;
  /** @throws AnabranchError to end the session. */
  readonly receive: (frame: SessionAnswer) => void;
  readonly ended: (cause: AnabranchError) => void;
  /** What went wrong, to be shown. */
  readonly note: (refusal: Refusal) => void;
  /** {@link RegionConnection.evaluate} is to be called: something has come, gone, or is due. */
  readonly changed: () => void;
}

/** How long a region may lack what was shown here before another one is tried. */
const behindMsMax = 5_000;

/** What ends a session with a region that sends what cannot be read, or that is another one. */
const avoidedCodes: ReadonlySet<ErrorCode> = new Set(['frame_invalid', 'update_invalid', 'update_incomplete', 'region_differs'] as const);

export class RegionConnection {
  readonly #parts: RegionConnectionParts;
  readonly #offset = new WallOffset();
  readonly #probes: Probes;
  readonly #endOnline: () => void;
  #session: Session | undefined;
  #region: RegionAddress | undefined;
  /** The region of the session has all that was shown here. */
  #isCovered = false;
  #isConnecting = false;
  #isOffline = false;
  #isGivenUp = false;
  #isStopped = false;
  #retry: Timer | undefined;
  #behind: Timer | undefined;

  constructor(parts: RegionConnectionParts) {
    this.#parts = parts;
    const { platform, choice } = parts;
    this.#probes = new Probes(platform, { choice, offset: this.#offset }, () => this.#probed());
    this.#endOnline = platform.onOnline(() => {
      choice.retryNow();
      parts.changed();
    });
  }

  get session(): Session | undefined {
    return this.#session;
  }

  get wallOffsetMs(): number {
    return this.#offset.ms;
  }

  /** Its part of the status. */
  get status() {
    const { choice } = this.#parts;
    const isOnline = this.#session?.isOpen === true;
    const isAway = this.#isUnwanted || !this.#probes.isAnyReachable;
    return {
      connection: isOnline ? 'online' : isAway ? 'offline' : 'connecting',
      region: isOnline ? this.#region?.name : undefined,
      isOffline: this.#isOffline,
      wantedRegion: choice.wanted,
      lacksHere: isOnline && !this.#isCovered,
      regions: choice.view(),
    } as const;
  }

  start(): void {
    this.#probes.start();
  }

  /** No session is opened any more; how far regions are is still watched. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#endOnline();
    this.#probes.stop();
  }

  /** The one place that decides what is open. */
  evaluate(): void {
    if (this.#isUnwanted) {
      this.#retry?.cancel();
      this.#session?.end(new AnabranchError('region_unreachable', 'the device is offline'));
    } else if (this.#session !== undefined && this.#isToLeave()) {
      this.leave();
    } else if (this.#session === undefined && !this.#isConnecting && this.#probes.hasAnswer) {
      this.#chooseRegion();
    }
  }

  switch(isOffline: boolean, region: string): void {
    const { choice } = this.#parts;
    this.#isOffline = isOffline;
    if (!isOffline) choice.retryNow();
    if (region !== choice.wanted) {
      choice.want(region);
      if (region !== nearest && this.#region !== undefined && this.#region.name !== region) this.leave();
      this.#watchBehind();
    }
    this.#probes.ask();
  }

  /** Another session is to be opened. */
  leave(): void {
    this.#session?.end(new AnabranchError('region_left', 'another region was chosen'));
  }

  /** The region takes what it is given. */
  worked(): void {
    if (this.#region !== undefined) this.#parts.choice.worked(this.#region.name);
  }

  /**
   * The region comes last for a while: it cannot be worked with for some documents. True when the caller is to end the session, for
   * another one is to be asked now; if not, it ends as soon as another may be.
   */
  avoidRegion(): boolean {
    if (this.#region !== undefined) this.#parts.choice.avoid(this.#region.name);
    return this.#isToLeave();
  }

  /** Whether the region is to be left for another one, which is noted: whoever asks does so. */
  #isToLeave(): boolean {
    const { choice } = this.#parts;
    if (this.#region === undefined || !choice.isToBeLeft(this.#region.name)) return false;
    choice.left();
    return true;
  }

  get #isUnwanted(): boolean {
    return this.#isStopped || this.#isOffline || this.#isGivenUp;
  }

  #chooseRegion(): void {
    this.#retry?.cancel();
    const { platform, choice, changed } = this.#parts;
    const next = choice.next();
    if ('region' in next) void this.#connect(next.region);
    else this.#retry = platform.clock.setTimer(next.waitMs, changed);
  }

  async #connect(region: RegionAddress): Promise<void> {
    this.#isConnecting = true;
    const credential = await this.#prepare(region);
    this.#isConnecting = false;
    const { platform, choice, open, changed } = this.#parts;
    const isWanted = !this.#isUnwanted && (choice.wanted === nearest || choice.wanted === region.name);
    if (credential === undefined || !isWanted) return changed();
    this.#region = region;
    try {
      this.#session = new Session(region, platform.clock, platform.connect, {
        open: () => open(credential),
        welcomed: (frame) => this.#welcomed(frame),
        receive: (frame) => this.#receive(frame),
        ended: (cause) => this.#ended(cause),
      });
      changed();
    } catch (error) {
      // A platform that opens no such connection, as a page over https none without TLS.
      this.#ended(new AnabranchError('region_unreachable', `no connection to ${region.url}: ${String(error)}`));
    }
  }

  /** The credential for the session; undefined when there is none to be had. */
  async #prepare(region: RegionAddress): Promise<string | undefined> {
    const { platform, choice, credential, prepare, note } = this.#parts;
    await prepare();
    try {
      return await credentialOf(credential, platform.clock);
    } catch (error) {
      note(refusalOf(error));
      choice.failed(region.name);
      return undefined;
    }
  }

  #welcomed(frame: WelcomeFrame): void {
    const { platform, choice, welcomed, changed } = this.#parts;
    this.#isCovered = frame.coversRequired;
    if (this.#region !== undefined) {
      choice.opened(this.#region.name);
      this.#offset.welcomed(this.#region.name, frame.wallMs - platform.clock.wallMs());
    }
    welcomed(frame);
    this.#watchBehind();
    changed();
  }

  #receive(frame: SessionAnswer): void {
    if (frame.type === 'covering') this.#isCovered = true;
    this.#parts.receive(frame);
  }

  #ended(cause: AnabranchError): void {
    const region = this.#region;
    this.#session = undefined;
    this.#region = undefined;
    this.#behind?.cancel();
    const { choice, ended, note, changed } = this.#parts;
    ended(cause);
    if (!this.#isUnwanted && region !== undefined && cause.code !== 'region_left') {
      note(refusalOf(cause));
      choice.failed(region.name);
      if (avoidedCodes.has(cause.code)) choice.avoid(region.name);
    }
    changed();
  }

  /** A client that may choose does not wait for long for a region that lacks what was shown here. */
  #watchBehind(): void {
    this.#behind?.cancel();
    const { choice, platform } = this.#parts;
    if (this.#session?.isOpen !== true || this.#isCovered || !choice.isFree) return;
    this.#behind = platform.clock.setTimer(behindMsMax, () => this.#leaveIfBehind());
  }

  #leaveIfBehind(): void {
    if (this.#isCovered || this.#region === undefined || !this.#parts.choice.isFree) return;
    this.#parts.choice.behind(this.#region.name);
    this.leave();
  }

  #probed(): void {
    const nearer = this.#region === undefined ? undefined : this.#parts.choice.nearerThan(this.#region.name);
    if (nearer !== undefined) this.leave();
    this.#parts.changed();
  }
}
