// Everything between the regions: a lane for each direction of each pair that the topology joins, the connections over
// them, and dialling.

import type { LinkConnection } from '@anabranch/engine';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { type LaneConditions, OneWayLane } from './one-way-lane.ts';
import { ConnectionEnd, type ConnectionParts, type Enter } from './simulated-connection.ts';

/** What listens in a region. */
export interface Listening {
  readonly enter: Enter;
  readonly accept: (connection: ConnectionEnd) => void;
}

export interface DialRequest {
  readonly from: string;
  readonly to: string;
  readonly enter: Enter;
  readonly signal: AbortSignal;
}

/** As the transport: then the attempt is given up. */
const connectMsMax = 5_000;

export class SimulatedWire {
  readonly #parts: ConnectionParts;
  readonly #lanes = new Map<string, OneWayLane>();
  readonly #listening = new Map<string, Listening>();
  #connections: Array<readonly [dialler: ConnectionEnd, acceptor: ConnectionEnd]> = [];

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get clock(): VirtualClock {
    return this.#parts.clock;
  }

  join(a: string, b: string, random: SeededRandom, draw: () => LaneConditions): void {
    for (const key of [keyOf(a, b), keyOf(b, a)]) this.#lanes.set(key, new OneWayLane(random.fork(key), draw()));
  }

  lane(from: string, to: string): OneWayLane | undefined {
    return this.#lanes.get(keyOf(from, to));
  }

  /** Every pair that is joined, each once. */
  pairs(): ReadonlyArray<readonly [string, string]> {
    const pairs = [...this.#lanes.keys()].map((key) => key.split('>'));
    return pairs.flatMap(([a = '', b = '']) => (a < b ? [[a, b] as const] : []));
  }

  listen(region: string, listening: Listening): void {
    this.#listening.set(region, listening);
  }

  /** The process in a region is gone. */
  silence(region: string, isMachineGone: boolean): void {
    this.#listening.delete(region);
    for (const pair of this.#connections) {
      for (const end of pair) if (end.region === region && end.isOpen) end.abandon(isMachineGone);
    }
    this.#sweep();
  }

  /** The open connections between two regions. */
  connections(a: string, b: string): ReadonlyArray<readonly [ConnectionEnd, ConnectionEnd]> {
    this.#sweep();
    return this.#connections.filter(([one, other]) => [a, b].includes(one.region) && [a, b].includes(other.region));
  }

  /** What is sent from now on is not lost any more on the way. */
  loseNoMore(): void {
    for (const pair of this.#connections) for (const end of pair) end.loseNoMore();
  }

  /** Opens a connection in one round trip, or rejects. */
  dial(request: DialRequest): Promise<LinkConnection> {
    const { clock } = this.#parts;
    const { from, to, enter, signal } = request;
    return new Promise((resolve, reject) => {
      const deadline = clock.setTimer(connectMsMax, () => giveUp(`no connection in ${connectMsMax} ms`));
      let isOver = false;
      let opened: ConnectionEnd | undefined;
      const end = (act: () => void): void => {
        if (isOver) return;
        isOver = true;
        deadline.cancel();
        signal.removeEventListener('abort', abort);
        enter(act);
      };
      const giveUp = (reason: string): void => {
        // As a socket that is closed before it is open: the far end hears of it when it can.
        if (!isOver) opened?.abandon(false);
        end(() => reject(new Error(reason)));
      };
      const abort = (): void => giveUp('the dial was aborted');
      signal.addEventListener('abort', abort);
      this.#travel(from, to, () => {
        if (isOver) return;
        const listening = this.#listening.get(to);
        if (listening === undefined) return this.#travel(to, from, () => giveUp('connection refused'));
        const dialled = this.#open(request, listening);
        opened = dialled;
        if (dialled !== undefined) this.#travel(to, from, () => end(() => resolve(dialled)));
      });
    });
  }

  #open({ from, to, enter }: DialRequest, listening: Listening): ConnectionEnd | undefined {
    const [outward, inward] = [this.lane(from, to), this.lane(to, from)];
    if (outward === undefined || inward === undefined) return undefined;
    const pair = ConnectionEnd.pair(this.#parts, [
      { region: from, lane: outward, enter },
      { region: to, lane: inward, enter: listening.enter },
    ]);
    this.#sweep();
    this.#connections.push(pair);
    listening.enter(() => listening.accept(pair[1]));
    return pair[0];
  }

  /** A packet of no size; while the lane is cut it waits, as retransmissions would. */
  #travel(from: string, to: string, arrive: () => void): void {
    const { clock } = this.#parts;
    const lane = this.lane(from, to);
    if (lane === undefined) return;
    clock.setTimer(lane.arrivalMs(clock.monotonicMs(), 0) - clock.monotonicMs(), () => {
      if (lane.isCut) lane.onHealed(() => this.#travel(from, to, arrive));
      else arrive();
    });
  }

  #sweep(): void {
    this.#connections = this.#connections.filter(([dialler, acceptor]) => !dialler.isOver && !acceptor.isOver);
  }
}

function keyOf(from: string, to: string): string {
  return `${from}>${to}`;
}
