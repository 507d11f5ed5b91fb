// The rows, in the order of docs/benchmarks/README.md. A row that is pinned runs on one processor core, and the processes it
// starts on the others: its figures say what one core does.

import type { Measure } from './bench-row.ts';

export interface Row {
  readonly name: string;
  readonly title: string;
  readonly isPinned: boolean;
  readonly load: () => Promise<{ readonly measure: Measure }>;
}

export const rows: readonly Row[] = [
  {
    name: 'rest-write',
    title: 'durable write over REST, 64 connections, against a plain Express application',
    isPinned: false,
    load: () => import('./rows/rest-write.bench.ts'),
  },
  {
    name: 'embedded-write',
    title: 'durable write through the embedded API',
    isPinned: true,
    load: () => import('./rows/embedded-write.bench.ts'),
  },
  {
    name: 'bounded-write',
    title: 'decrements with rights held here, against increments of plain counters',
    isPinned: true,
    load: () => import('./rows/bounded-write.bench.ts'),
  },
  {
    name: 'session-write',
    title: 'durable write through sync sessions',
    isPinned: true,
    load: () => import('./rows/session-write.bench.ts'),
  },
  {
    name: 'link-receive',
    title: 'receive from a link, durable',
    isPinned: true,
    load: () => import('./rows/link-receive.bench.ts'),
  },
  {
    name: 'added-lag',
    title: 'visible in one region to visible in the other, at 1,000 ops/s',
    isPinned: false,
    load: () => import('./rows/added-lag.bench.ts'),
  },
  {
    name: 'catch-up',
    title: 'catch-up of 1,000 missed ops, with more and more documents',
    isPinned: false,
    load: () => import('./rows/catch-up.bench.ts'),
  },
  {
    name: 'link-bytes',
    title: 'bytes on a link per small op, at 1,000 ops/s',
    isPinned: false,
    load: () => import('./rows/link-bytes.bench.ts'),
  },
  {
    name: 'cross-region',
    title: 'written in one region, visible in another, both durable',
    isPinned: false,
    load: () => import('./rows/cross-region.bench.ts'),
  },
  {
    name: 'concerns',
    title: 'majority writes and reads over delayed links; session reads',
    isPinned: false,
    load: () => import('./rows/concerns.bench.ts'),
  },
  {
    name: 'start-up',
    title: 'start to ready with a million documents',
    isPinned: false,
    load: () => import('./rows/start-up.bench.ts'),
  },
  {
    name: 'session-memory',
    title: 'memory per idle sync session',
    isPinned: false,
    load: () => import('./rows/session-memory.bench.ts'),
  },
  {
    name: 'sync-peers',
    title: 'two typists per note, against the y-websocket reference server and Hocuspocus',
    isPinned: false,
    load: () => import('./rows/sync-peers.bench.ts'),
  },
  {
    name: 'client-write',
    title: 'writes of the embedded client, kept on the device and durable in the region',
    isPinned: true,
    load: () => import('./rows/client-write.bench.ts'),
  },
  {
    name: 'client-resume',
    title: 'the embedded client takes 10 missed writes, with more and more open documents',
    isPinned: false,
    load: () => import('./rows/client-resume.bench.ts'),
  },
];

export function findRow(name: string): Row | undefined {
  return rows.find((row) => row.name === name);
}
