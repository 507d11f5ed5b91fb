// The network of a device: the connections that its client has to the sync doors of regions, and its requests to them; with
// what goes wrong between here and there. What passes by is noted for the checkers: which pushes a region has acknowledged,
// and what a region has told.
//
//   up --cut--> down: connections break, or go silent; none is made
//      <--restored--

import { AnabranchError } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';
import type { Connect, HttpAnswer, SendHttp } from '@anabranch/client';
import { type DocumentUpdate, decodeSessionAnswer, decodeSessionRequest } from '@anabranch/protocol';
import { ClientWebSocket } from '../network/client-web-socket.ts';
import type { Enter } from '../network/simulated-connection.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { HistoryRecorder } from '../workload/history-recorder.ts';
import { RegionDoor } from '../workload/region-door.ts';
import type { RegionHost } from '../world/region-host.ts';
import { TransactionDoor } from './transaction-door.ts';

/** What a region tells the device of. */
export interface NetworkObserver {
  /** A push of these updates was acknowledged: ops that `covered` covers hold it. */
  acknowledged(region: string, updates: readonly DocumentUpdate[], covered: readonly (readonly [string, number])[]): void;
  /** The device has what is known of at most this. */
  told(vector: readonly (readonly [string, number])[]): void;
}

export interface DeviceNetworkParts {
  readonly device: string;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly hosts: readonly RegionHost[];
  readonly observer: NetworkObserver;
  readonly history: HistoryRecorder;
  readonly onDefect: (message: string) => void;
}

const closeLost = 1006;

export class DeviceNetwork {
  readonly #parts: DeviceNetworkParts;
  readonly #door: RegionDoor;
  readonly #transactions: TransactionDoor;
  readonly #open = new Set<ClientWebSocket>();
  #isDown = false;

  constructor(parts: DeviceNetworkParts) {
    this.#parts = parts;
    this.#door = new RegionDoor(parts.clock, parts.random, parts.onDefect);
    const door = new RegionDoor(parts.clock, parts.random.fork('transactions'), parts.onDefect);
    this.#transactions = new TransactionDoor(parts.device, door, parts.history);
  }

  cut(isSilent: boolean): void {
    this.#isDown = true;
    for (const socket of [...this.#open]) {
      if (isSilent) socket.goSilent();
      else socket.cut({ isTold: true });
    }
  }

  restore(): void {
    this.#isDown = false;
  }

  /** Connections that are silent break: nobody has to find out by waiting. */
  breakSilence(): void {
    for (const socket of [...this.#open]) socket.breakSilence();
  }

  /** The process that used it is gone, and its machine says so. */
  reset(): void {
    for (const socket of [...this.#open]) socket.cut({ isTold: false });
    this.#open.clear();
  }

  /** How a process connects. */
  connectFor(enter: Enter): Connect {
    return (url, listener) => {
      const host = this.#hostOf(url);
      const running = this.#isDown ? undefined : host?.running;
      const { clock, random } = this.#parts;
      if (host === undefined || running === undefined || running.process.isPaused) {
        let isLeft = false;
        clock.setTimer(random.below(200), () => enter(() => isLeft || listener.closed(closeLost, '')));
        return {
          bufferedBytes: 0,
          send: () => {},
          close: () => {
            isLeft = true;
          },
        };
      }
      const pushes = new Map<number, readonly DocumentUpdate[]>();
      const own = {
        opened: (): void => enter(() => listener.opened()),
        received: (message: Uint8Array): void =>
          enter(() => {
            this.#noteAnswer(host, pushes, message);
            listener.received(message);
          }),
        closed: (code: number, reason: string): void => {
          this.#open.delete(socket);
          enter(() => listener.closed(code, reason));
        },
      };
      const [door, path] = ['/v1/sync/documents', '/v1/sync/documents'];
      const socket = new ClientWebSocket({ clock, random, host, running, door, path, listener: own });
      this.#open.add(socket);
      return {
        bufferedBytes: 0,
        send: (bytes) => {
          const frame = decodeSessionRequest(bytes);
          if (frame?.type === 'push') pushes.set(frame.id, frame.writes);
          socket.send(bytes);
        },
        close: () => {
          this.#open.delete(socket);
          socket.cut({ isTold: false });
        },
      };
    };
  }

  /** How a process asks: for `/readyz`, and for transactions. */
  sendHttpFor(enter: Enter): SendHttp {
    return ({ method, url, headers, body = '', timeoutMs }) =>
      new Promise<HttpAnswer>((resolve, reject) => {
        const host = this.#isDown ? undefined : this.#hostOf(url);
        const fail = (): void => enter(() => reject(new AnabranchError('region_unreachable', 'no answer')));
        if (host === undefined) return void this.#parts.clock.setTimer(timeoutMs, fail);
        if (method === 'POST') {
          void this.#transactions.post(host, { headers, body, timeoutMs }).then((answer) => {
            if (answer === undefined || this.#isDown) return fail();
            enter(() => resolve({ ...answer, header: () => undefined }));
          });
          return;
        }
        void this.#door.call({ host, timeoutMs, act: async (replica) => replica.status().isWritable }).then((answer) => {
          if (answer.type !== 'ok' || this.#isDown) return fail();
          enter(() => resolve({ status: answer.value ? 200 : 503, text: '', header: () => undefined }));
        });
      });
  }

  #noteAnswer({ region, running }: RegionHost, pushes: Map<number, readonly DocumentUpdate[]>, message: Uint8Array): void {
    const { observer } = this.#parts;
    const frame = decodeSessionAnswer(message);
    if (frame?.type === 'pushed') {
      const updates = pushes.get(frame.id);
      if (updates !== undefined) observer.acknowledged(region, updates, frame.covered);
      observer.told(frame.covered);
    } else if (frame?.type === 'changes') {
      observer.told(frame.told);
    } else if (frame?.type === 'state') {
      // Of a moment ago: the region has what was in it.
      const version: VersionVector | undefined = running?.replica.version;
      if (version !== undefined) observer.told(version.entries());
    }
  }

  #hostOf(url: string): RegionHost | undefined {
    return this.#parts.hosts.find(({ region }) => region === new URL(url).hostname);
  }
}
