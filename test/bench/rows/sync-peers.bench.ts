// Sync sessions with typical editing, side by side with the servers that others build doing the same: two clients on each note,
// one types and the other sees it. Ours makes every update durable before anybody sees it; the others keep it in memory only.
// Servers run on one core, the clients on another, in turns.

import { join } from 'node:path';
import type { Measure, Measurement, Unmeasured } from '../bench-row.ts';
import type { Typed, TypistsPlan } from '../processes/typists.ts';
import { median } from '../statistics.ts';
import { Child } from '../world/child-process.ts';
import { installPeers, type Peer, PeerServer } from '../world/peer-server.ts';
import { RegionProcess } from '../world/region-process.ts';
import type { YjsProtocol } from '../world/yjs-sockets.ts';

const [serverCore, clientCore] = [0, 1];
const notes = 100;
const idleNotes = 200;
const settleMs = 2_000;

interface Contestant {
  readonly name: string;
  readonly protocol: YjsProtocol;
  readonly peer: Peer | undefined;
}

const contestants: readonly Contestant[] = [
  { name: 'y-websocket', protocol: 'y-websocket', peer: undefined },
  { name: 'y-websocket of the reference server', protocol: 'y-websocket', peer: 'y-websocket-server' },
  { name: 'hocuspocus', protocol: 'hocuspocus', peer: undefined },
  { name: 'hocuspocus of Hocuspocus 3.4', protocol: 'hocuspocus', peer: 'hocuspocus-server' },
];

interface Server {
  readonly port: number;
  residentBytes(): number | undefined;
  end(signal: 'SIGTERM'): Promise<void>;
}

interface Round {
  readonly updatesPerSecond: number;
  /** Bytes of messages per byte of updates. */
  readonly bytesRatio: number;
  readonly sessionBytes: number | undefined;
}

export const measure: Measure = async ({ folder, isQuick }) => {
  installPeers();
  const rounds = contestants.map((): Round[] => []);
  for (let turn = 0; turn < (isQuick ? 1 : 3); turn++) {
    for (const [n, contestant] of contestants.entries()) {
      rounds[n]?.push(await measureOne(contestant, join(folder, `${turn}-${n}`), isQuick));
    }
  }
  return [...contestants.flatMap(({ name }, n) => figuresOf(name, rounds[n] ?? [])), ratio(rounds, 0), ratio(rounds, 2)];
};

async function measureOne({ protocol, peer }: Contestant, folder: string, isQuick: boolean): Promise<Round> {
  const server = await startServer(peer, folder);
  const typists = await Child.start({ role: 'typists', core: clientCore });
  const path = peer === undefined ? (protocol === 'y-websocket' ? '/v1/sync/yjs' : '/v1/sync/hocuspocus') : '';
  const url = `ws://127.0.0.1:${server.port}${path}`;
  // Before anybody types: what typing leaves behind would be given back meanwhile.
  const sessionBytes = await bytesPerSession(server, typists, { protocol, url, sessions: isQuick ? 500 : 1_000 });
  await typists.ask('leave');
  // The first one only warms up.
  let typed: Typed | undefined;
  const updatesPerNote = isQuick ? 50 : 300;
  for (let run = 0; run < 2; run++) {
    const plan: TypistsPlan = { protocol, url, notes, updatesPerNote };
    typed = await typists.ask<Typed>('type', plan);
  }
  if (typed === undefined) throw new Error('nobody typed');
  await typists.stop();
  await server.end('SIGTERM');
  const updatesPerSecond = (notes * updatesPerNote) / typed.seconds;
  return { updatesPerSecond, bytesRatio: typed.messageBytes / typed.updateBytes, sessionBytes };
}

async function startServer(peer: Peer | undefined, folder: string): Promise<Server> {
  if (peer !== undefined) return PeerServer.start(peer, serverCore);
  return RegionProcess.start({ folder, region: 'new-york', core: serverCore });
}

async function bytesPerSession(
  server: Server,
  typists: Child,
  plan: { readonly protocol: YjsProtocol; readonly url: string; readonly sessions: number },
): Promise<number | undefined> {
  // Opened and closed once before: what the first sessions allocate is not the cost of a session.
  await typists.ask('stay', { ...plan, notes: idleNotes, sessions: 300 });
  await typists.ask('leave');
  await settle();
  const before = server.residentBytes();
  await typists.ask('stay', { ...plan, notes: idleNotes });
  await settle();
  const after = server.residentBytes();
  return before === undefined || after === undefined ? undefined : (after - before) / plan.sessions;
}

function figuresOf(name: string, rounds: readonly Round[]): Array<Measurement | Unmeasured> {
  const memory = rounds.flatMap(({ sessionBytes }) => (sessionBytes === undefined ? [] : [sessionBytes / 1000]));
  const memoryFigure = { metric: `${name}, memory`, unit: 'kB/session', better: 'less' } as const;
  return [
    { metric: `${name}, seen`, unit: 'updates/s', better: 'more', runs: rounds.map(({ updatesPerSecond }) => updatesPerSecond) },
    { metric: `${name}, bytes`, unit: 'x update bytes', better: 'less', runs: rounds.map(({ bytesRatio }) => bytesRatio) },
    memory.length > 0
      ? { ...memoryFigure, runs: memory }
      : { ...memoryFigure, unmeasured: 'the system does not tell the memory of a process' },
  ];
}

/** Ours against theirs, which comes right after it. */
function ratio(rounds: readonly Round[][], ours: number): Measurement {
  const rate = (n: number): number => median((rounds[n] ?? []).map(({ updatesPerSecond }) => updatesPerSecond));
  const metric = `${contestants[ours]?.name}, seen, against the other server`;
  return { metric, unit: 'x', better: 'more', runs: [rate(ours) / rate(ours + 1)] };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, settleMs));
}
