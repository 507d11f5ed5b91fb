// Reads out what a region holds, through its doors and its store, at one moment at which everything it holds is durable.

import { toHex } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import type { Replica } from '@anabranch/engine';
import { type DocumentId, decodeOp, parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import type { DocumentDump, LoggedOpDump, RegionDump } from '../history.ts';
import type { RunningReplica } from '../world/region-host.ts';

const hash = new NodeHash();
const listMax = 10_000;

/** A dump without logs of some documents, or undefined when something is on its way to the disk just now. */
export function dumpNow(running: RunningReplica, documents: readonly string[], timeMs: number): Promise<RegionDump> | undefined {
  if (running.replica.status().opsPending > 0) return undefined;
  return dump(running.replica, documents.map(parseDocumentId), timeMs);
}

/** Everything a region holds, logs too. @throws AnabranchError `record_damaged` when a part of it cannot be read */
export async function dumpWhole(running: RunningReplica, timeMs: number): Promise<RegionDump> {
  const { replica, store } = running;
  const documents = [...replica.collections.keys()].flatMap((collection) => replica.listDocuments(collection, undefined, listMax));
  const whole = await dump(replica, documents, timeMs);
  const logs = new Map<string, readonly LoggedOpDump[]>();
  const arrivals: Array<{ origin: string; seq: number; position: number }> = [];
  for (const { origin, seq: last } of replica.status().heads) {
    const log: LoggedOpDump[] = [];
    for (const logged of readAll(store, origin, last)) {
      log.push(loggedDump(origin, logged));
      arrivals.push({ origin, seq: logged.seq, position: logged.position });
    }
    logs.set(origin, log);
  }
  arrivals.sort((a, b) => a.position - b.position);
  return { ...whole, logs, arrivals: arrivals.map(({ origin, seq }) => ({ origin, seq })) };
}

type Logged = ReturnType<RunningReplica['store']['readOps']>[number];

function readAll(store: RunningReplica['store'], origin: OriginId, last: number): Logged[] {
  const ops: Logged[] = [];
  while (ops.length < last) {
    const more = store.readOps(origin, ops.length, Number.MAX_SAFE_INTEGER);
    if (more.length === 0) return ops;
    ops.push(...more);
  }
  return ops;
}

async function dump(replica: Replica, documents: readonly DocumentId[], timeMs: number): Promise<RegionDump> {
  const { version, origin, quarantinedOrigins } = replica.status();
  // Everything is asked for in one step, before anything else can happen.
  const reading = documents.map(async (document) => {
    const [{ json }, { digest }, { counters }] = await Promise.all([
      replica.read(document),
      replica.digest(document),
      replica.rights(document),
    ]);
    return [document, { json, digest, rights: counters }] as const;
  });
  const views = new Map<string, DocumentDump>(await Promise.all(reading));
  return { region: replica.region, timeMs, origin, version: version.toJSON(), documents: views, quarantinedOrigins };
}

function loggedDump(origin: OriginId, { seq, bytes, chainHash }: Logged): LoggedOpDump {
  const { hlc, dependencies, writes, idempotency } = decodeOp(bytes);
  return {
    origin,
    seq,
    opHash: toHex(hash.sha256(bytes)),
    chainHash: toHex(chainHash),
    hlc: { ms: hlc.ms, counter: hlc.counter },
    dependencies,
    writes,
    ...(idempotency && { key: idempotency.key }),
    bytes,
  };
}
