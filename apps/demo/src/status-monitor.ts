// Asks every region for its status on behalf of the page. A region that is stopped, hung or gone must not make the page
// wait: an answer is waited for a short while, then the last one known is shown with its age.

import { setTimeout as sleep } from 'node:timers/promises';
import type { ProcessView } from './region-process.ts';
import { type RegionStatus, sameVersion } from './region-status.ts';
import type { World, WorldRegion } from './world.ts';
import { worldCollections } from './world-collections.ts';
import type { WorldLinkView } from './world-link.ts';
import type { RegionName } from './world-plan.ts';

/** How long one look waits for a region. */
const patienceMs = 300;

export interface RegionView {
  readonly name: RegionName;
  readonly url: string;
  readonly process: ProcessView;
  /** The region answered this look. */
  readonly isAnswering: boolean;
  /** It takes writes. */
  readonly isReady: boolean;
  /** The last answer; undefined before the first one. */
  readonly status: RegionStatus | undefined;
  /** Documents ever written, in all collections. */
  readonly documentCount: number | undefined;
  readonly statusAgeMs: number | undefined;
}

export interface WorldStatus {
  readonly regions: readonly RegionView[];
  readonly links: readonly WorldLinkView[];
}

interface Answer {
  readonly status: RegionStatus;
  readonly isReady: boolean;
  readonly documentCount: number;
  readonly atMs: number;
}

export class StatusMonitor {
  readonly #world: World;
  readonly #watches: readonly RegionWatch[];

  constructor(world: World) {
    this.#world = world;
    this.#watches = world.regions.map((region) => new RegionWatch(region));
  }

  async read(): Promise<WorldStatus> {
    const regions = await Promise.all(this.#watches.map((watch) => watch.look()));
    return { regions, links: this.#world.links.map((link) => link.view()) };
  }
}

class RegionWatch {
  readonly #region: WorldRegion;
  #last: Answer | undefined;
  /** The question under way, shared by all who look meanwhile. */
  #question: Promise<boolean> | undefined;

  constructor(region: WorldRegion) {
    this.#region = region;
  }

  async look(): Promise<RegionView> {
    this.#question ??= this.#ask().finally(() => {
      this.#question = undefined;
    });
    const isAnswering = await Promise.race([this.#question, sleep(patienceMs, false)]);
    const { name, url, process } = this.#region;
    return {
      name,
      url,
      process: process.view,
      isAnswering,
      isReady: isAnswering && this.#last?.isReady === true,
      status: this.#last?.status,
      documentCount: this.#last?.documentCount,
      statusAgeMs: this.#last === undefined ? undefined : Math.round(performance.now() - this.#last.atMs),
    };
  }

  /** False when the region cannot be asked; that is a fact to show, not a failure. */
  async #ask(): Promise<boolean> {
    const { client } = this.#region;
    try {
      const [status, isReady] = await Promise.all([client.status(), client.isReady()]);
      const documentCount = await this.#countDocuments(status);
      this.#last = { status, isReady, documentCount, atMs: performance.now() };
      return true;
    } catch {
      return false;
    }
  }

  /** Counted anew only when ops have arrived since. */
  async #countDocuments(status: RegionStatus): Promise<number> {
    if (this.#last !== undefined && sameVersion(this.#last.status.versionVector, status.versionVector)) return this.#last.documentCount;
    const lists = await Promise.all(Object.keys(worldCollections).map((collection) => this.#region.client.list(collection)));
    return lists.reduce((sum, ids) => sum + ids.length, 0);
  }
}
