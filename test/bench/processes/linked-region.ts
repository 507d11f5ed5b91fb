// A region that others dial, in a process of its own: a replica behind a server for links, writing as it is told.

import type { Replica } from '@anabranch/engine';
import { openBenchReplica } from '../world/bench-replica.ts';
import { type LinkServer, serveLinks } from '../world/link-server.ts';
import { documentsOf, type VisibleOp, VisibleOps } from '../world/visible-ops.ts';
import { type WritePlan, type Written, writeFast, writePaced } from '../world/writers.ts';

export interface LinkedRegionOptions {
  readonly folder: string;
  readonly region: string;
}

export interface LinkBytes {
  readonly sent: number;
  readonly received: number;
}

interface Opened {
  readonly replica: Replica;
  readonly server: LinkServer;
}

let opened: Opened | undefined;
let visible: VisibleOps | undefined;

/** @returns the URL to dial. */
export async function open({ folder, region }: LinkedRegionOptions): Promise<string> {
  const replica = await openBenchReplica(folder, region);
  opened = { replica, server: await serveLinks(replica) };
  return opened.server.url;
}

/** Starts to note when ops on these documents become visible here. */
export function watch({ collection, documents }: Pick<WritePlan, 'collection' | 'documents'>): void {
  visible = new VisibleOps(running().replica, documentsOf(collection, documents));
}

/** What became visible since the last call. */
export function takeVisible(): VisibleOp[] {
  return visible?.take() ?? [];
}

export function writeAtRate(plan: WritePlan & { readonly opsPerSecond: number; readonly ms: number }): Promise<Written> {
  return writePaced(running().replica, plan);
}

export function writeAtOnce(plan: WritePlan & { readonly ops: number }): Promise<Written> {
  return writeFast(running().replica, plan);
}

/** Bytes on the sockets of all links so far. */
export function linkBytes(): LinkBytes {
  const { sockets } = running().server;
  const sum = (bytesOf: (socket: (typeof sockets)[number]) => number): number =>
    sockets.reduce((total, socket) => total + bytesOf(socket), 0);
  return { sent: sum((socket) => socket.bytesWritten), received: sum((socket) => socket.bytesRead) };
}

function running(): Opened {
  if (opened === undefined) throw new Error('the region is not open');
  return opened;
}
