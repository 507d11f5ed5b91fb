// The place of the courier in a tab: taken when the tab comes to be the one that speaks with regions. While its courier begins, what
// tabs tell it is kept for it: it may have read the store before.
//
//   empty --the tab leads--> preparing --the store is read--> taken

import type { ClientOptions } from '../client-options.ts';
import { Courier } from '../courier/courier.ts';
import { RegionChoice } from '../courier/region-choice.ts';
import type { Platform } from '../ports.ts';
import type { Collections } from '../schema.ts';
import type { ClientStore } from '../store/client-store.ts';
import type { FromCourier, ToCourier } from './tab-message.ts';

export interface CourierSeatParts {
  readonly options: ClientOptions<Collections>;
  readonly platform: Platform;
  readonly store: ClientStore;
  readonly device: string;
  /** Under which this tab writes. */
  readonly writer: () => string;
  readonly wantedRegion: () => string;
  /** What a courier is told before what was kept for it. */
  readonly first: () => readonly ToCourier[];
  readonly tell: (message: FromCourier) => void;
}

export class CourierSeat {
  readonly #parts: CourierSeatParts;
  #courier: Courier | undefined;
  #early: ToCourier[] | undefined;
  #isClosed = false;

  constructor(parts: CourierSeatParts) {
    this.#parts = parts;
  }

  /** This tab leads: its courier begins, unless that is not wanted any more. @throws AnabranchError `store_failed`. */
  async take(): Promise<void> {
    if (this.#isClosed) return;
    this.#early = [];
    const { options, platform, store, device, writer, wantedRegion, first, tell } = this.#parts;
    const opening = await store.open(() => device);
    if (this.#isClosed) return;
    const { collections, credential, regions } = options;
    const choice = new RegionChoice(regions, platform.clock, platform.random);
    choice.want(wantedRegion());
    const courier = new Courier({ platform, store, writer: writer(), choice, collections, credential, tell }, opening);
    tell({ type: 'began' });
    const told = [...first(), ...this.#early];
    this.#early = undefined;
    this.#courier = courier;
    for (const message of told) courier.receive(message);
    await courier.start();
  }

  /** There will be no courier here: nothing is kept for it. */
  giveUp(): void {
    this.#early = undefined;
  }

  receive(message: ToCourier): void {
    if (this.#courier === undefined) this.#early?.push(message);
    else this.#courier.receive(message);
  }

  /** No courier begins here any more. */
  close(): void {
    this.#isClosed = true;
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    await this.#courier?.stop();
  }
}
