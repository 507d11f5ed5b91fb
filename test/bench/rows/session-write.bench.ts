// Durable writes through sync sessions, as the WebSocket doors take them: prepared Yjs updates, handed over as they come
// in, with at most so many on their way to the disk. Once small carts with typed fields, once text typed into notes.

import { toHex } from '@anabranch/base';
import { mintOrigin, parseRegionId } from '@anabranch/causality';
import type { DocumentSession, Replica } from '@anabranch/engine';
import { type DocumentId, documentIdOf } from '@anabranch/protocol';
import * as Y from 'yjs';
import type { Measure, Measurement } from '../bench-row.ts';
import { benchPorts, openBenchReplica } from '../world/bench-replica.ts';
import { CartWriter } from '../world/cart-updates.ts';
import { type Rate, startRate } from '../world/rate.ts';

const documentsCount = 100;
const pendingMax = 256;
const runs = 3;

/** One client of one document: its session here, and the updates it makes. */
interface Client {
  readonly session: DocumentSession;
  readonly next: () => Uint8Array;
}

interface Arrival {
  readonly session: DocumentSession;
  readonly update: Uint8Array;
}

export const measure: Measure = async ({ folder, isQuick }) => {
  const updatesPerRun = isQuick ? 10_000 : 60_000;
  const replica = await openBenchReplica(folder, 'new-york');
  const carts = await measureClients(openClients(replica, 'carts', cartUpdates), updatesPerRun);
  const notes = await measureClients(openClients(replica, 'notes', noteUpdates), updatesPerRun);
  await replica.stop();
  return [...measurements('carts', carts), ...measurements('notes', notes)];
};

function measurements(name: string, rates: readonly Rate[]): Measurement[] {
  return [
    { metric: `${name}-ops`, unit: 'ops/s', better: 'more', bar: 50_000, runs: rates.map((rate) => rate.perSecond) },
    { metric: `${name}-ops-per-cpu`, unit: 'ops/CPU s', better: 'more', runs: rates.map((rate) => rate.perCpuSecond) },
  ];
}

async function measureClients(clients: readonly Client[], updatesPerRun: number): Promise<Rate[]> {
  const rates: Rate[] = [];
  // The first round only warms up.
  for (let run = 0; run <= runs; run++) {
    const rounds = Array.from({ length: updatesPerRun / clients.length }, () =>
      clients.map(({ session, next }) => ({ session, update: next() })),
    );
    const rate = await ingestAll(rounds.flat());
    if (run > 0) rates.push(rate);
  }
  for (const { session } of clients) session.close();
  return rates;
}

async function ingestAll(arrivals: readonly Arrival[]): Promise<Rate> {
  let at = 0;
  const hand = async (): Promise<void> => {
    for (let arrival = arrivals[at++]; arrival !== undefined; arrival = arrivals[at++]) await arrival.session.ingest(arrival.update);
  };
  const finish = startRate();
  await Promise.all(Array.from({ length: pendingMax }, hand));
  return finish(arrivals.length);
}

function openClients(replica: Replica, collection: string, updatesOf: () => () => Uint8Array): Client[] {
  const listener = { deliver: () => {}, awareness: () => {}, ended: () => {} };
  return Array.from({ length: documentsCount }, (_, n) => {
    const document: DocumentId = documentIdOf(collection, `document-${n}`);
    return { session: replica.openSession(document, listener), next: updatesOf() };
  });
}

function cartUpdates(): () => Uint8Array {
  const { random } = benchPorts;
  // Regions have the ids from 2^32 on.
  const identity = { yjsClientId: Math.max(1, random.u32()), automergeActor: toHex(random.bytes(16)) };
  const writer = new CartWriter(mintOrigin(parseRegionId('phone'), random), { identity });
  let dot = 0;
  return () => writer.next(++dot);
}

function noteUpdates(): () => Uint8Array {
  const doc = new Y.Doc();
  const text = doc.getText('note');
  let update: Uint8Array = new Uint8Array();
  doc.on('update', (bytes: Uint8Array) => {
    update = bytes;
  });
  return () => {
    text.insert(text.length, 'x');
    return update;
  };
}
