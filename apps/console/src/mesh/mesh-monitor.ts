// What the pages know of the mesh: asks every region by itself, again and again, and keeps what came last with its age. A region
// that does not answer holds up nobody.
//
// Invariant 1: at most one question is under way per region, and the next one begins `everyMs` after the last has ended.
// Invariant 2: the snapshot is a new object whenever something was heard, and never changed.

import { ApiError } from '../api/ask.ts';
import { RegionApi, type RegionStatus } from '../api/region-api.ts';
import { type LinkView, type LoadView, type WorldRegion, worldApi } from '../api/world-api.ts';
import { addSample, emptySeries, type Series } from './series.ts';

export interface RegionView {
  readonly name: string;
  readonly url: string;
  readonly api: RegionApi;
  /** The last status that came, if any did. */
  readonly status: RegionStatus | undefined;
  /** When it came, by `performance.now`. */
  readonly heardMs: number | undefined;
  /** Why the last question was not answered. */
  readonly error: ApiError | undefined;
  /** In the demo world: of its process. */
  readonly process: Pick<WorldRegion, 'processState' | 'restartCount'> | undefined;
}

export interface MeshSnapshot {
  readonly regions: readonly RegionView[];
  readonly links: readonly LinkView[];
  /** What the demo world writes by itself, where there is one. */
  readonly load: LoadView | undefined;
  /** Whether the pages may cut links and end processes. */
  readonly isDemo: boolean;
  /** Why the demo world's last answer did not come. */
  readonly worldError: ApiError | undefined;
  readonly series: Series;
}

const everyMs = 800;
const sampleMs = 1_000;

export class MeshMonitor {
  readonly #listeners = new Set<() => void>();
  #snapshot: MeshSnapshot = { regions: [], links: [], load: undefined, isDemo: false, worldError: undefined, series: emptySeries };
  #isStarted = false;

  /** @param given addresses of regions, when there is no demo world that knows them. */
  start(given: readonly string[]): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#addRegions(given.map((url) => ({ name: new URL(url).host, url })));
    if (given.length === 0) void this.#watchWorld();
    setInterval(() => this.#update({ series: addSample(this.#snapshot.series, this.#snapshot.regions, performance.now()) }), sampleMs);
  }

  get snapshot(): MeshSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Asks the demo world now, for example because something was changed. @throws ApiError */
  async lookAtWorld(): Promise<void> {
    const { regions, links, load } = await worldApi.status();
    this.#addRegions(regions);
    const known = new Map(regions.map((region) => [region.name, region]));
    const withProcess = this.#snapshot.regions.map((region) => ({ ...region, process: known.get(region.name) }));
    this.#update({ links, load, isDemo: true, worldError: undefined, regions: withProcess });
  }

  /** Ends when whoever serves the page answers, and knows no demo world. */
  async #watchWorld(): Promise<void> {
    for (;;) {
      const worldError = await this.lookAtWorld().then(() => undefined, errorOf);
      if (worldError !== undefined) this.#update({ worldError });
      if (worldError !== undefined && worldError.code !== 'no_answer' && !this.#snapshot.isDemo) return;
      await pause(everyMs);
    }
  }

  #addRegions(found: readonly { readonly name: string; readonly url: string }[]): void {
    const fresh = found.filter(({ name }) => !this.#snapshot.regions.some((region) => region.name === name));
    if (fresh.length === 0) return;
    const added = fresh.map(
      ({ name, url }): RegionView => ({
        ...{ name, url, api: new RegionApi(url), status: undefined, heardMs: undefined, error: undefined, process: undefined },
      }),
    );
    this.#update({ regions: [...this.#snapshot.regions, ...added] });
    for (const region of added) void this.#watch(region);
  }

  async #watch({ name, api }: RegionView): Promise<void> {
    for (;;) {
      const heard = await api.status().then(
        (status) => ({ status, heardMs: performance.now(), error: undefined }),
        (error: unknown) => ({ error: errorOf(error) }),
      );
      this.#update({ regions: this.#snapshot.regions.map((region) => (region.name === name ? { ...region, ...heard } : region)) });
      await pause(everyMs);
    }
  }

  #update(change: Partial<MeshSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of [...this.#listeners]) listener();
  }
}

function errorOf(error: unknown): ApiError {
  return error instanceof ApiError ? error : new ApiError('defect', String(error));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
