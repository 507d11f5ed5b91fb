// Where the customers of one region move money: several at a time, each transfer with its own idempotency key, some with a write
// concern.
//
//   transfer --> 200: made, and held by the regions that its concern demands
//       |-----> 202: made here; the others are asked about later (`pending`)
//       |-----> refused for want of rights: nothing was moved
//       '-----> no answer: sent again under its key when the region is back

import { setTimeout as sleep } from 'node:timers/promises';
import { isAnabranchError } from '@anabranch/base';
import type { RegionClient, TransactionAnswer } from '../region-client.ts';
import { type RightsRefusal, refusalIn } from '../region-rights.ts';
import type { SeededRandom } from '../story/seeded-random.ts';
import { accountNames, type Transfer, writesOf } from './ledger.ts';

/** Customers of one region at the same time. */
const customers = 4;
/** Between two transfers of one customer, at most. */
const pauseMsMax = 60;
/** How long a transfer waits for the regions of its concern. */
const concernTimeout = '1500ms';
const regionCount = 3;

export type Concern = 'majority' | 'all';

interface DemandedTransfer extends Transfer {
  readonly concern: Concern | undefined;
}

export interface PendingTransfer {
  readonly transfer: Transfer;
  readonly opId: string;
  readonly concern: Concern;
}

export interface TellerOptions {
  readonly client: RegionClient;
  readonly random: SeededRandom;
  /** Told of a transfer that all regions are said to hold, before its customer goes on. */
  readonly onHeldByAll: (transfer: Transfer) => Promise<void>;
}

export class Teller {
  readonly #options: TellerOptions;
  readonly #made = new Map<string, Transfer>();
  readonly #met = { majority: 0, all: 0 };
  readonly #pending: PendingTransfer[] = [];
  readonly #unanswered: DemandedTransfer[] = [];
  readonly #refusals: RightsRefusal[] = [];
  readonly #faults: string[] = [];
  #count = 0;

  constructor(options: TellerOptions) {
    this.#options = options;
  }

  /** Acknowledged transfers by id, those that are pending elsewhere too. */
  get made(): ReadonlyMap<string, Transfer> {
    return this.#made;
  }

  /** Transfers whose concern was met in time. */
  get met(): Readonly<Record<Concern, number>> {
    return this.#met;
  }

  /** Transfers whose concern was not met in time. */
  get pending(): readonly PendingTransfer[] {
    return this.#pending;
  }

  get unansweredCount(): number {
    return this.#unanswered.length;
  }

  get refusals(): readonly RightsRefusal[] {
    return this.#refusals;
  }

  /** Refusals for any other reason, and dishonest answers: there should be none. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** So many new transfers; resolves when each was answered, or the region no longer answers. */
  serve(count: number): Promise<void> {
    return this.#serve(Array.from({ length: count }, () => this.#draw()));
  }

  /** Sends again what was not answered. */
  repeat(): Promise<void> {
    return this.#serve(this.#unanswered.splice(0));
  }

  async #serve(transfers: DemandedTransfer[]): Promise<void> {
    await Promise.all(Array.from({ length: customers }, () => this.#customer(transfers)));
    // The region has gone away under its customers.
    this.#unanswered.push(...transfers);
  }

  async #customer(transfers: DemandedTransfer[]): Promise<void> {
    for (let transfer = transfers.shift(); transfer !== undefined; transfer = transfers.shift()) {
      if (!(await this.#move(transfer))) return;
      await sleep(this.#options.random.between(1, pauseMsMax));
    }
  }

  /** False when there was no answer. */
  async #move(transfer: DemandedTransfer): Promise<boolean> {
    const { id, concern } = transfer;
    try {
      const options = { idempotencyKey: `transfer-${id}`, ...(concern && { writeConcern: `${concern}; timeout=${concernTimeout}` }) };
      const answer = await this.#options.client.transact(writesOf(transfer), options);
      this.#made.set(id, transfer);
      if (concern !== undefined) await this.#judge(transfer, concern, answer);
    } catch (error) {
      if (isAnabranchError(error, 'not_ready')) {
        this.#unanswered.push(transfer);
        return false;
      }
      if (isAnabranchError(error, 'insufficient_rights')) this.#refusals.push(refusalIn(error));
      else this.#faults.push(`${id}: ${String(error)}`);
    }
    return true;
  }

  async #judge(transfer: Transfer, concern: Concern, { opId, isPending, acknowledged }: TransactionAnswer): Promise<void> {
    const needed = concern === 'all' ? regionCount : Math.floor(regionCount / 2) + 1;
    const isHeld = new Set(acknowledged).size >= needed;
    if (opId === null || isHeld === isPending) {
      this.#faults.push(`${transfer.id}: ${concern} is said to be ${isPending ? 'pending' : 'met'} by ${acknowledged.join(', ')}`);
    } else if (isPending) {
      this.#pending.push({ transfer, opId, concern });
    } else {
      this.#met[concern] += 1;
      if (concern === 'all') await this.#options.onHeldByAll(transfer);
    }
  }

  #draw(): DemandedTransfer {
    const { client, random } = this.#options;
    const from = random.between(0, accountNames.length - 1);
    const to = (from + random.between(1, accountNames.length - 1)) % accountNames.length;
    const id = `${client.region}-${String(this.#count++).padStart(4, '0')}`;
    const concern = ([undefined, undefined, 'majority', 'all'] as const)[random.between(0, 3)];
    return { id, from: accountAt(from), to: accountAt(to), amount: random.between(1, 60), concern };
  }
}

function accountAt(index: number) {
  return accountNames[index] ?? 'ann';
}
