// The status as a tab shows it: what the courier says, and what only this tab knows.

import type { AnabranchError } from '@anabranch/base';
import { callSafely } from '../call-safely.ts';
import type { ClientStatus } from '../client-status.ts';
import { type Refusal, refusalOf } from '../refusal.ts';

export class TabStatus {
  readonly #listeners = new Set<() => void>();
  /** Documents of this tab that could not be loaded anew, and why. */
  readonly #failures = new Map<string, Refusal>();
  /** Before it was switched off, no region was in reach, or nobody spoke with regions. */
  #wasAway = false;
  #told: ClientStatus;
  #shown: ClientStatus;

  constructor(first: ClientStatus) {
    this.#told = first;
    this.#shown = first;
  }

  get shown(): ClientStatus {
    return this.#shown;
  }

  subscribe(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  tell(status: ClientStatus): void {
    this.#told = status;
    const failure = [...this.#failures.values()].at(-1);
    this.#shown = failure === undefined ? status : { ...status, lastError: failure };
    for (const listener of [...this.#listeners]) callSafely(listener);
  }

  /** A switch of this tab, or another one, is shown before the courier has it: also when no tab has one. */
  switchTo(isOffline: boolean, wantedRegion: string): void {
    const told = this.#told;
    if (isOffline && !told.isOffline) this.#wasAway = told.connection === 'offline';
    const away = { connection: 'offline', region: undefined, lacksHere: false } as const;
    const back = { connection: this.#wasAway ? 'offline' : 'connecting' } as const;
    this.tell({ ...told, ...(isOffline && away), ...(told.isOffline && !isOffline && back), isOffline, wantedRegion });
  }

  /** A document could not be loaded anew; or, without an error, could. */
  noteLoading(document: string, error: AnabranchError | undefined): void {
    const isNews = error === undefined ? this.#failures.delete(document) : true;
    if (error !== undefined) this.#failures.set(document, refusalOf(error));
    if (isNews) this.tell(this.#told);
  }
}
