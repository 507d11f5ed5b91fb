// What an idle sync session costs a region in memory: clients of the y-websocket protocol connect, get the document, and say
// nothing more. All on one document, and spread over many.

import { join } from 'node:path';
import { WebSocket } from 'ws';
import type { Measure, Measurement, Unmeasured } from '../bench-row.ts';
import { RegionProcess } from '../world/region-process.ts';

const connectAtOnce = 50;
/** Opened and closed before anything is measured: compiled code and first allocations are not the cost of a session. */
const warmUpSessions = 300;
const settleMs = 3_000;
/** Sync, step 1, an empty state vector: "send me all you have". */
const syncStep1 = Uint8Array.of(0, 0, 1, 0);
const syncStep2Start = [0, 1] as const;

export const measure: Measure = async ({ folder, isQuick }) => {
  const sessions = isQuick ? 500 : 2_000;
  const results: Array<Measurement | Unmeasured> = [];
  for (const documents of [1, 200]) {
    const metric = documents === 1 ? 'one-document' : `${documents}-documents`;
    const figure = { metric, unit: 'kB/session', better: 'less', bar: 30 } as const;
    const bytes = await bytesPerSession(join(folder, metric), sessions, documents);
    if (bytes === undefined) results.push({ ...figure, unmeasured: 'the system does not tell the memory of a process' });
    else results.push({ ...figure, runs: [bytes / 1000] });
  }
  return results;
};

async function bytesPerSession(folder: string, sessions: number, documents: number): Promise<number | undefined> {
  const region = await RegionProcess.start({ folder, region: 'new-york' });
  for (const socket of await openSessions(region.port, warmUpSessions, warmUpSessions)) socket.terminate();
  await settle();
  const before = region.residentBytes();
  const sockets = await openSessions(region.port, sessions, documents);
  await settle();
  const after = region.residentBytes();
  for (const socket of sockets) socket.terminate();
  await region.end('SIGTERM');
  return before === undefined || after === undefined ? undefined : (after - before) / sessions;
}

async function openSessions(port: number, count: number, documents: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(connectAtOnce, count - sockets.length) }, (_, n) => {
      const document = (sockets.length + n) % documents;
      return openSession(`ws://127.0.0.1:${port}/v1/sync/yjs/notes/note-${document}`);
    });
    sockets.push(...(await Promise.all(batch)));
  }
  return sockets;
}

/** Resolves when the client has the document. */
function openSession(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { perMessageDeflate: false });
  socket.binaryType = 'nodebuffer';
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('close', (code) => reject(new Error(`a session was closed with ${code}`)));
    socket.once('open', () => socket.send(syncStep1));
    socket.on('message', (data) => {
      if (Buffer.isBuffer(data) && syncStep2Start.every((byte, n) => data[n] === byte)) resolve(socket);
    });
  });
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, settleMs));
}
