// A mesh with a past: three regions that edited a few documents at random while their links were cut now and then, and what
// was shown at each moment.

import type { VersionVector } from '@anabranch/causality';
import type { DocumentOp } from '@anabranch/crdt';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import type { SeededRandom } from '../simulator/seeded-random.ts';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';

export const pastRegions = ['new-york', 'berlin', 'tokyo'] as const;
export const pastDocuments: readonly DocumentId[] = ['carts/a', 'carts/b', 'carts-automerge/a'].map(parseDocumentId);

/** What a region showed of a document when its vector was this. */
export interface Moment {
  readonly document: DocumentId;
  readonly version: VersionVector;
  readonly json: unknown;
  readonly exists: boolean;
}

export interface RandomPast {
  readonly mesh: SimulatedMesh;
  readonly moments: readonly Moment[];
}

export async function randomPast(seed: number, steps: number): Promise<RandomPast> {
  const mesh = new SimulatedMesh({ seed, regions: pastRegions });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  const random = mesh.random.fork('edits');
  const moments: Moment[] = [];
  for (let step = 0; step < steps; step++) {
    const region = random.pick(pastRegions);
    if (random.chance(0.2)) moveLinks(mesh, random);
    else if (random.chance(0.25)) await mesh.clock.advance(random.below(120));
    else moments.push(...(await edit(mesh, random, region)));
  }
  for (const a of pastRegions) for (const b of pastRegions) if (a < b) mesh.path(a, b).heal();
  await mesh.untilConverged();
  return { mesh, moments };
}

/** Lets virtual time pass until a replay, which gives others their turn, has ended. */
export async function replayed<T>(mesh: SimulatedMesh, replay: Promise<T>): Promise<T> {
  let isDone = false;
  const done = (): void => {
    isDone = true;
  };
  replay.then(done, done);
  await mesh.clock.until(() => isDone, 60_000, 'replayed');
  return replay;
}

function moveLinks(mesh: SimulatedMesh, random: SeededRandom): void {
  const [a, b] = random.pick([
    ['new-york', 'berlin'],
    ['new-york', 'tokyo'],
    ['berlin', 'tokyo'],
  ] as const);
  if (random.chance(0.6)) mesh.path(a, b).cut('both');
  else mesh.path(a, b).heal();
}

async function edit(mesh: SimulatedMesh, random: SeededRandom, region: string): Promise<Moment[]> {
  const documents = random.chance(0.15) ? pastDocuments : [random.pick(pastDocuments)];
  const writes = documents.map((document) => {
    const op = drawOp(random);
    return { document, plan: () => [op] };
  });
  const { views, version } = await mesh.replica(region).transact({ writes });
  return views.flatMap(({ json, exists }, at) => {
    const document = documents[at];
    return document === undefined ? [] : [{ document, version, json, exists }];
  });
}

function drawOp(random: SeededRandom): DocumentOp {
  const key = random.pick(['/items/a', '/items/b']);
  const value = random.below(1_000);
  return random.pick<DocumentOp>([
    { op: 'increment', path: `${key}/qty`, by: value },
    { op: 'set', path: `${key}/name`, value: `name ${value}` },
    { op: 'set', path: '/status', value },
    { op: 'set', path: '/status', value: { nested: [value] } },
    { op: 'clear', path: '/status' },
    { op: 'remove', path: key },
    { op: 'add', path: '/coupons', value: value % 5 },
    { op: value % 2 ? 'enable' : 'disable', path: '/gift' },
    { op: 'insert', path: '/lines', index: 0, value },
    { op: 'insert', path: '/note', index: 0, text: `${value} ` },
    ...(value === 0 ? [{ op: 'remove', path: '' } as const] : []),
  ]);
}
