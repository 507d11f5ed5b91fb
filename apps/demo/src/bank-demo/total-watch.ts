// Looks at all accounts in every region, again and again, while money moves. A look is worth something only if it shows one moment:
// a transaction that changes nothing shows several documents at once; plain reads one after the other count when the region's
// version vector was the same before and after them.

import { setTimeout as sleep } from 'node:timers/promises';
import { isAnabranchError } from '@anabranch/base';
import type { RegionClient } from '../region-client.ts';
import { sameVersion } from '../region-status.ts';
import { cityOf } from '../story/report.ts';
import type { World } from '../world.ts';
import { type RegionName, regionNames } from '../world-plan.ts';
import { viewObjections } from './audit.ts';
import { type AccountView, accountNames, accountsCollection, parseAccount, wholeView } from './ledger.ts';

/** Between two looks at one region. */
const lookMs = 40;

interface Looks {
  atOnce: number;
  oneByOne: number;
}

export class TotalWatch {
  readonly #total: number;
  readonly #looks: Readonly<Record<RegionName, Looks>> = {
    'new-york': { atOnce: 0, oneByOne: 0 },
    berlin: { atOnce: 0, oneByOne: 0 },
    tokyo: { atOnce: 0, oneByOne: 0 },
  };
  readonly #objections = new Set<string>();
  #isStopped = false;
  readonly #whenStopped: Promise<unknown>;

  constructor(world: World, total: number) {
    this.#total = total;
    this.#whenStopped = Promise.all(regionNames.map((name) => this.#run(name, world.region(name).client)));
    // Awaited by stop().
    this.#whenStopped.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#whenStopped;
  }

  /** How often each region was looked at, by kind. */
  get looks(): Readonly<Record<RegionName, Readonly<Looks>>> {
    return this.#looks;
  }

  /** What was wrong in any look, in words; and regions at which nobody looked. */
  get objections(): readonly string[] {
    const unseen = regionNames.filter((name) => this.#looks[name].atOnce === 0 || this.#looks[name].oneByOne === 0);
    return [...this.#objections, ...unseen.map((name) => `nobody saw ${cityOf(name)} in both ways`)];
  }

  async #run(name: RegionName, client: RegionClient): Promise<void> {
    do {
      try {
        this.#check(name, await readAtOnce(client));
        this.#looks[name].atOnce += 1;
        const accounts = await readOneByOne(client);
        if (accounts !== undefined) {
          this.#check(name, accounts);
          this.#looks[name].oneByOne += 1;
        }
      } catch (error) {
        // Down, or just starting: there is no view of it now.
        if (!isAnabranchError(error, 'not_ready')) throw error;
      }
      await sleep(lookMs);
    } while (!this.#isStopped);
  }

  #check(name: RegionName, accounts: readonly AccountView[]): void {
    for (const objection of viewObjections(accounts, this.#total)) this.#objections.add(`${cityOf(name)}: ${objection}`);
  }
}

/** All accounts at one moment. */
export async function readAtOnce(client: RegionClient): Promise<AccountView[]> {
  const { documents } = await client.transact(wholeView);
  return accountNames.map((name) => parseAccount(name, documents.json(`${accountsCollection}/${name}`)));
}

/** All accounts by plain reads; undefined when something changed meanwhile. */
async function readOneByOne(client: RegionClient): Promise<AccountView[] | undefined> {
  const before = await client.status();
  const read = async (name: (typeof accountNames)[number]) => parseAccount(name, await client.read(accountsCollection, name));
  const accounts = await Promise.all(accountNames.map(read));
  const after = await client.status();
  return sameVersion(before.versionVector, after.versionVector) ? accounts : undefined;
}
