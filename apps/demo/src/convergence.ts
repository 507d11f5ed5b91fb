// Whether the regions have converged: equal digests at equal version vectors, asked from outside over the public API.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { poll } from './poll.ts';
import type { RegionClient } from './region-client.ts';
import { sameVersion, type VersionVectorView } from './region-status.ts';

/** Digests asked of one region at a time. */
const digestsInFlightMax = 16;

export interface ConvergenceOptions {
  readonly deadlineMs: number;
  /** Collections whose documents are compared. */
  readonly collections: readonly string[];
}

export interface Convergence {
  readonly elapsedMs: number;
  readonly versionVector: VersionVectorView;
  /** `collection/id` to the digest that all regions agree on. */
  readonly digests: ReadonlyMap<string, string>;
}

/**
 * Resolves when all regions have the same version vector and the same digest of every document.
 * @throws AnabranchError `not_yet_visible` at the deadline, saying who misses what; `internal_error` when regions with equal
 *   vectors show different documents, which no waiting mends.
 */
export async function untilConverged(clients: readonly RegionClient[], options: ConvergenceOptions): Promise<Convergence> {
  const startMs = performance.now();
  let vectors: readonly VersionVectorView[] = [];
  const found = await poll(options.deadlineMs, async () => {
    vectors = await vectorsOf(clients);
    const [first] = vectors;
    if (first === undefined || !vectors.every((vector) => sameVersion(vector, first))) return undefined;
    const digests = await compareDigests(clients, options.collections, first).catch(undefinedWhenUnanswered);
    return digests === undefined ? undefined : { versionVector: first, digests };
  });
  if (found !== undefined) return { elapsedMs: performance.now() - startMs, ...found };
  const message = clients.map((client, index) => `${client.region} has ${JSON.stringify(vectors[index] ?? {})}`).join('; ');
  throw new AnabranchError('not_yet_visible', `the regions have not converged after ${options.deadlineMs} ms: ${message}`);
}

/** A region that went down during the comparison may be asked again. */
function undefinedWhenUnanswered(error: unknown): undefined {
  if (!isAnabranchError(error, 'not_ready')) throw error;
}

/** A region that cannot be asked counts as one that has nothing. */
function vectorsOf(clients: readonly RegionClient[]): Promise<VersionVectorView[]> {
  return Promise.all(
    clients.map((client) =>
      client.status().then(
        (status) => status.versionVector,
        () => ({}),
      ),
    ),
  );
}

/** The digests that all agree on; undefined when ops arrived meanwhile, so that the comparison says nothing. */
async function compareDigests(
  clients: readonly RegionClient[],
  collections: readonly string[],
  versionVector: VersionVectorView,
): Promise<ReadonlyMap<string, string> | undefined> {
  const perRegion = await Promise.all(clients.map((client) => digestsOf(client, collections, versionVector)));
  const [first, ...others] = perRegion;
  if (first === undefined) return undefined;
  for (const [index, other] of others.entries()) {
    if (other === undefined) return undefined;
    const different = [...first.keys(), ...other.keys()].find((document) => first.get(document) !== other.get(document));
    if (different === undefined) continue;
    const regions = [clients[0]?.region, clients[index + 1]?.region];
    throw new AnabranchError('internal_error', `${regions.join(' and ')} have the same ops and show different content of ${different}`);
  }
  return first;
}

async function digestsOf(
  client: RegionClient,
  collections: readonly string[],
  versionVector: VersionVectorView,
): Promise<ReadonlyMap<string, string> | undefined> {
  const lists = await Promise.all(collections.map(async (name) => (await client.list(name)).map((id) => ({ name, id }))));
  const documents = lists.flat();
  const digests = new Map<string, string>();
  for (let start = 0; start < documents.length; start += digestsInFlightMax) {
    const slice = documents.slice(start, start + digestsInFlightMax);
    const readings = await Promise.all(slice.map(({ name, id }) => client.digest(name, id)));
    if (!readings.every((reading) => sameVersion(reading.versionVector, versionVector))) return undefined;
    slice.forEach(({ name, id }, index) => {
      digests.set(`${name}/${id}`, readings[index]?.digest ?? '');
    });
  }
  return digests;
}
