// The status as a tab shows it: what the courier says, and what only this tab knows.
//
// Invariant 1: a status that was on its way when the client was switched is not believed about what the switch is about. Switches are
//              numbered: each is greater than all that its tab had heard of.

import type { AnabranchError } from '@anabranch/base';
import { callSafely } from '../call-safely.ts';
import type { ClientStatus } from '../client-status.ts';
import type { PendingCount } from '../pending-count.ts';
import { type Refusal, refusalOf } from '../refusal.ts';

/** What the application wants to be so; of the rest it says nothing. */
export interface Switch {
  readonly isOffline?: boolean;
  readonly region?: string;
  /** Greater than that of any switch that its tab had heard of. */
  readonly number: number;
}

export class TabStatus {
  readonly #listeners = new Set<() => void>();
  /** Documents of this tab that could not be loaded anew, and why. */
  readonly #failures = new Map<string, Refusal>();
  /** Before it was switched off, no region was in reach, or nobody spoke with regions. */
  #wasAway = false;
  /** Of the newest switch that was heard of. */
  #switchNumber = 0;
  readonly #pendingCount: PendingCount;
  /** How many pending writes listeners know of. */
  #heardPending: number;
  #told: ClientStatus;
  #shown: ClientStatus;

  constructor(first: ClientStatus, pendingCount: PendingCount) {
    this.#told = first;
    this.#shown = first;
    this.#pendingCount = pendingCount;
    this.#heardPending = first.pendingWrites;
    pendingCount.changed = () => this.recount();
  }

  /** With the writes as they are now, also in the moment before {@link recount}. */
  get shown(): ClientStatus {
    const pendingWrites = this.#pendingCount.value;
    if (pendingWrites !== this.#shown.pendingWrites) this.#shown = { ...this.#shown, pendingWrites };
    return this.#shown;
  }

  get switchNumber(): number {
    return this.#switchNumber;
  }

  /** Tells that there are other pending writes than before. */
  recount(): void {
    if (this.shown.pendingWrites !== this.#heardPending) this.#show(this.#told);
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** What the courier says, which knows of the switches up to a number. */
  tell(status: ClientStatus, switchNumber: number): void {
    if (switchNumber >= this.#switchNumber) {
      this.#switchNumber = switchNumber;
      return this.#show(status);
    }
    const { connection, region, isOffline, wantedRegion, lacksHere } = this.#told;
    this.#show({ ...status, connection, region, isOffline, wantedRegion, lacksHere });
  }

  /**
   * A switch of this tab, or another one, is shown before the courier has it: also when no tab has one. What counts of one that is older
   * than another, the courier says.
   */
  switchTo({ isOffline = this.#told.isOffline, region: wantedRegion = this.#told.wantedRegion, number }: Switch): void {
    if (number < this.#switchNumber) return;
    this.#switchNumber = number;
    const told = this.#told;
    if (isOffline && !told.isOffline) this.#wasAway = told.connection === 'offline';
    const away = { connection: 'offline', region: undefined, lacksHere: false } as const;
    const back = { connection: this.#wasAway ? 'offline' : 'connecting' } as const;
    this.#show({ ...told, ...(isOffline && away), ...(told.isOffline && !isOffline && back), isOffline, wantedRegion });
  }

  /** A document could not be loaded anew; or, without an error, could. */
  noteLoading(document: string, error: AnabranchError | undefined): void {
    const isNews = error === undefined ? this.#failures.delete(document) : true;
    if (error !== undefined) this.#failures.set(document, refusalOf(error));
    if (isNews) this.#show(this.#told);
  }

  #show(status: ClientStatus): void {
    this.#told = status;
    const failure = [...this.#failures.values()].at(-1);
    const pendingWrites = this.#pendingCount.value;
    this.#heardPending = pendingWrites;
    this.#shown = { ...status, pendingWrites, ...(failure && { lastError: failure }) };
    for (const listener of [...this.#listeners]) callSafely(listener);
  }
}
