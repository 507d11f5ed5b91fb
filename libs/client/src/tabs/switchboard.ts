// Who is told what: between the client of this tab, the other tabs, and the courier, in whichever tab that is.
//
//   this client --tell--> the courier, if it is here; the other tabs
//   another tab --------> documents and status here; the courier, if it is here
//   the courier --------> documents, writes and status here; the other tabs, if it is here
//
// Invariant 1: what a tab has asked of a courier, and was not told to be done, is asked again of the next one: writes that were saved,
//              and that what was seen counts no more. The rest is in the store, or is told when a courier begins (`first`).
// Invariant 2: nothing is heard, and no courier begins here, after the client was closed.
// Invariant 3: a refusal is kept by the courier until some tab says that a listener took it; it may be told more than once.

import type { Timer } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import { callSafely } from '../call-safely.ts';
import type { ClientStatus } from '../client-status.ts';
import { Courier } from '../courier/courier.ts';
import type { DeviceAuthors } from '../documents/device-author.ts';
import type { OpenDocuments } from '../documents/open-documents.ts';
import type { LocalWrites } from '../local-writes.ts';
import type { Tabs } from '../ports.ts';
import { errorOf, refusalOf } from '../refusal.ts';
import type { PendingWrite, RefusedWrite } from '../store/client-store.ts';
import { CourierSeat, type CourierSeatParts } from './courier-seat.ts';
import type { FromCourier, TabMessage, ToCourier } from './tab-message.ts';
import type { TabStatus } from './tab-status.ts';

export interface SwitchboardParts {
  readonly documents: OpenDocuments;
  readonly writes: LocalWrites;
  readonly status: TabStatus;
  readonly authors: DeviceAuthors;
  /** What this tab has been shown before. */
  readonly seen: VersionVector;
  readonly seat: Omit<CourierSeatParts, 'wantedRegion' | 'writer' | 'first' | 'tell'>;
}

export class Switchboard {
  /** Called when something was heard, and when the client is closed. */
  readonly listeners: Set<() => void> = new Set();
  readonly #parts: SwitchboardParts;
  readonly #tabs: Tabs;
  readonly #seat: CourierSeat;
  #seen: VersionVector;
  #wallOffsetMs = 0;
  #isForgettingSeen = false;
  #isClosed = false;
  #retry: Timer | undefined;

  constructor(parts: SwitchboardParts) {
    this.#parts = parts;
    this.#seen = parts.seen;
    this.#tabs = parts.seat.platform.tabs;
    parts.writes.onRefusalsTaken = (ids) => this.tell({ type: 'refusalsTaken', ids });
    this.#seat = new CourierSeat({
      ...parts.seat,
      writer: () => parts.authors.current.writer,
      wantedRegion: () => parts.status.shown.wantedRegion,
      first: () => this.#first(),
      tell: (message) => {
        this.#receive(message);
        this.#tabs.post(message);
      },
    });
  }

  /** What this tab has been shown. */
  get seen(): VersionVector {
    return this.#seen;
  }

  /** How far the clock of the region is ahead of this device's. */
  get wallOffsetMs(): number {
    return this.#wallOffsetMs;
  }

  /** Begins to hear, and to lead when it is this tab's turn. */
  begin(): void {
    this.#tabs.listen((message) => this.#receive(message));
    this.tell({ type: 'ask' });
    this.#tabs.lead().then(
      () => this.#lead(),
      (error: unknown) => this.#cannotLead(error),
    );
  }

  /** To the courier, and to the other tabs. */
  tell(message: ToCourier): void {
    this.#seat.receive(message);
    this.#tabs.post(message);
  }

  /** What was seen counts no more, from when a courier has heard of it. */
  forgetSeen(): void {
    this.#isForgettingSeen = true;
    this.#parts.writes.forgetCovered();
    this.tell({ type: 'forgetSeen' });
  }

  /** Takes what the courier says; also what this tab has to say of its own writes in the same way. */
  hear(message: FromCourier): void {
    const { documents, writes } = this.#parts;
    switch (message.type) {
      case 'began':
        void documents.readAgain();
        this.#askAgain();
        break;
      case 'received':
        this.#seen = this.#seen.merge(VersionVector.of(message.seen));
        documents.receive(message.states, message.ops);
        break;
      case 'seenForgotten':
        this.#isForgettingSeen = false;
        this.#seen = VersionVector.empty;
        writes.forgetCovered();
        break;
      case 'found':
        this.#showWrite(message.write);
        break;
      case 'settled':
        writes.settled(message.id, VersionVector.of(message.covered));
        break;
      case 'refused':
        this.#refused(message.write);
        break;
      case 'answered':
        for (const id of message.settled) if (writes.isSaved(id)) writes.answered(id, VersionVector.of(message.covered));
        break;
      case 'replicated':
        writes.replicated(VersionVector.of(message.majority), VersionVector.of(message.all));
        break;
      case 'passedOver':
        documents.passedOver(message.document);
        break;
      case 'unavailable':
        documents.unavailable(message.document, errorOf(message.refusal));
        break;
      case 'presence':
        documents.presenceOf(message.document)?.receive(message.update);
        break;
      case 'status':
        this.#hearStatus(message);
    }
    this.#heard();
  }

  /** Nothing is heard any more. */
  close(): void {
    this.#isClosed = true;
    this.#retry?.cancel();
    this.#seat.close();
    this.#heard();
  }

  /** Ends the courier, if it is here, and lets another tab lead. */
  async stop(): Promise<void> {
    await this.#seat.stop();
    this.#tabs.close();
  }

  #receive(message: TabMessage): void {
    if (this.#isClosed) return;
    const { documents, status, writes } = this.#parts;
    switch (message.type) {
      case 'wrote':
        this.#showWrite(message.write);
        break;
      case 'present':
        documents.presenceOf(message.document)?.receive(message.update);
        break;
      case 'forget':
        void documents.closeForgotten(message.document, message.atMs);
        break;
      case 'switch':
        status.switchTo(message);
        break;
      case 'forgetSeen':
        writes.forgetCovered();
        break;
      case 'follow':
      case 'unheld':
      case 'ask':
      case 'askWrites':
      case 'refusalsTaken':
        break;
      default:
        return this.hear(message);
    }
    this.#seat.receive(message);
  }

  /** A write of another tab; its refusal may have been heard before. */
  #showWrite({ id, updates }: PendingWrite): void {
    if (!this.#parts.writes.isRefused(id)) this.#parts.documents.show([{ origin: undefined, writes: updates }]);
  }

  #refused(write: RefusedWrite): void {
    const { documents, writes, authors } = this.#parts;
    if (writes.isRefused(write.id)) return writes.refusedAgain(write.id);
    authors.renew();
    // First: what is written in answer to the refusal must not build on what was refused.
    documents.reload(write.documents);
    writes.refused(write);
  }

  /** Another courier leads: the one before may have ended before it told, or heard, everything. */
  #askAgain(): void {
    for (const message of this.#switched()) this.tell(message);
    const ids = this.#parts.writes.saved();
    if (ids.length > 0) this.tell({ type: 'askWrites', ids });
    if (this.#isForgettingSeen) this.tell({ type: 'forgetSeen' });
  }

  #hearStatus({ status, wallOffsetMs, switchNumber, countedTo }: Extract<FromCourier, { type: 'status' }>): void {
    const { status: shown, documents, writes } = this.#parts;
    if (countedTo !== undefined) writes.pendingCount.counted(status.pendingWrites, countedTo);
    const before = shown.shown.region;
    this.#wallOffsetMs = wallOffsetMs;
    shown.tell(status, switchNumber);
    const { region } = shown.shown;
    if (region !== undefined && region !== before) documents.renewPresence();
  }

  #heard(): void {
    for (const listener of [...this.listeners]) callSafely(listener);
  }

  #first(): ToCourier[] {
    return [...this.#switched(), ...this.#parts.documents.asked()];
  }

  /** What is wanted, when the application has said so since the tab was opened, in whichever tab. */
  #switched(): ToCourier[] {
    const { shown, switchNumber: number } = this.#parts.status;
    return number === 0 ? [] : [{ type: 'switch', isOffline: shown.isOffline, region: shown.wantedRegion, number }];
  }

  /** It is this tab's turn; nobody else's, until it closes: a store that does not open is tried again. */
  async #lead(): Promise<void> {
    try {
      await this.#seat.take();
    } catch (error) {
      if (this.#isClosed) return;
      this.#cannotLead(error);
      this.#retry = this.#parts.seat.platform.clock.setTimer(Courier.readAgainMs, () => void this.#lead());
    }
  }

  /** What is kept is shown, and nothing is sent or received. */
  #cannotLead(error: unknown): void {
    this.#seat.giveUp();
    const { shown, switchNumber } = this.#parts.status;
    const status: ClientStatus = { ...shown, connection: 'offline', lastError: refusalOf(error) };
    this.#receive({ type: 'status', status, wallOffsetMs: this.#wallOffsetMs, switchNumber, countedTo: undefined });
  }
}
