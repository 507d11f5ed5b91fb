import type { LinkConnection } from '@anabranch/engine';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import type { ConnectionEnd } from './simulated-connection.ts';
import { SimulatedWire } from './simulated-wire.ts';

const enter = (callback: () => void): void => callback();

class Wire {
  readonly clock: VirtualClock;
  readonly wire: SimulatedWire;
  readonly random: SeededRandom;

  constructor(seed: number) {
    this.random = new SeededRandom(seed);
    this.clock = new VirtualClock(this.random.fork('clock'));
    this.wire = new SimulatedWire({ clock: this.clock, observe: () => {} });
    this.wire.join('a', 'b', this.random.fork('net'), () => ({ delayMs: 10, jitterMs: 5, bytesPerMs: 1_000 }));
  }

  /** A connection from `a` to `b`, and both ends' ears. */
  async connect() {
    let acceptor: ConnectionEnd | undefined;
    this.wire.listen('b', {
      enter,
      accept: (connection) => {
        acceptor = connection;
      },
    });
    let dialler: LinkConnection | undefined;
    void this.wire.dial({ from: 'a', to: 'b', enter, signal: new AbortController().signal }).then((connection) => {
      dialler = connection;
    });
    await this.clock.until(() => dialler !== undefined, 1_000, 'dialled');
    if (dialler === undefined || acceptor === undefined) throw new Error('no connection');
    return { dialler: ear(dialler), acceptor: ear(acceptor), ends: this.wire.connections('a', 'b') };
  }
}

function ear(connection: LinkConnection) {
  const heard: number[] = [];
  const closed: string[] = [];
  connection.listen({
    receiveFrame: (frame) => heard.push(frame[0] ?? -1),
    drained: () => {},
    closed: (code, reason) => closed.push(`${code}: ${reason}`),
  });
  return { connection, heard, closed };
}

function send(connection: LinkConnection, from: number, count: number): void {
  for (let at = from; at < from + count; at++) connection.send(Uint8Array.of(at));
}

describe('the simulated wire', () => {
  test('[SIM4] frames arrive in order, after the delay, and also those sent before the other end listened', async () => {
    const wire = new Wire(1);
    let accepted: ConnectionEnd | undefined;
    wire.wire.listen('b', {
      enter,
      accept: (connection) => {
        accepted = connection;
        send(connection, 0, 20);
      },
    });
    const dialled = wire.wire.dial({ from: 'a', to: 'b', enter, signal: new AbortController().signal });
    await wire.clock.advance(200);
    const { heard } = ear(await dialled);
    await wire.clock.advance(200);
    expect(heard).toEqual(Array.from({ length: 20 }, (_, at) => at));
    expect(accepted?.bufferedBytes).toBe(0);
  });

  test('[SIM4] a cut direction holds what is sent and closes nothing; the other direction goes on; healed, it arrives', async () => {
    const wire = new Wire(2);
    const { dialler, acceptor } = await wire.connect();
    const heal = wire.wire.lane('a', 'b')?.cut();
    send(dialler.connection, 0, 3);
    send(acceptor.connection, 10, 3);
    await wire.clock.advance(60_000);
    expect([acceptor.heard, dialler.heard, acceptor.closed, dialler.closed]).toEqual([[], [10, 11, 12], [], []]);
    expect(dialler.connection.bufferedBytes).toBe(3);
    heal?.();
    await wire.clock.advance(200);
    expect(acceptor.heard).toEqual([0, 1, 2]);
  });

  test('[SIM4] a reset delivers a prefix of what is in flight each way, then closes both ends once; the rest is lost', async () => {
    const prefixes = new Set<number>();
    for (let seed = 0; seed < 30; seed++) {
      const wire = new Wire(seed);
      const { dialler, acceptor, ends } = await wire.connect();
      send(dialler.connection, 0, 8);
      send(acceptor.connection, 10, 8);
      for (const [end] of ends) end.reset(wire.random);
      send(dialler.connection, 50, 2);
      await wire.clock.advance(5_000);
      for (const { heard, closed } of [dialler, acceptor]) {
        const [first = 0] = heard;
        expect(heard).toEqual(heard.map((_, at) => first + at));
        expect(closed.length).toBe(1);
        prefixes.add(heard.length);
      }
    }
    expect(Math.min(...prefixes)).toBe(0);
    expect(Math.max(...prefixes)).toBe(8);
    expect(prefixes.size).toBeGreaterThan(4);
  });

  test('[SIM4] a half-open connection delivers nothing in that direction and tells nobody', async () => {
    const wire = new Wire(3);
    const { dialler, acceptor, ends } = await wire.connect();
    send(dialler.connection, 0, 2);
    for (const [end] of ends) end.goSilent();
    send(dialler.connection, 2, 2);
    send(acceptor.connection, 10, 2);
    await wire.clock.advance(60_000);
    expect([acceptor.heard, dialler.heard, acceptor.closed, dialler.closed]).toEqual([[], [10, 11], [], []]);
    acceptor.connection.close('link_silent', 'nothing was heard');
    await wire.clock.advance(3_000);
    expect(acceptor.closed.length).toBe(1);
    expect(dialler.closed).toEqual(['link_silent: nothing was heard']);
  });

  test('[SIM4] a process that is gone is heard of by a reset; with its machine, by nothing', async () => {
    const wire = new Wire(4);
    const killed = await wire.connect();
    wire.wire.silence('b', false);
    await wire.clock.advance(100);
    expect(killed.dialler.closed).toEqual(['lost: connection reset by peer']);
    const dead = await wire.connect();
    wire.wire.silence('b', true);
    await wire.clock.advance(60_000);
    expect(dead.dialler.closed).toEqual([]);
  });

  test('[SIM4] a dial is refused where nobody listens, and given up where nothing comes back', async () => {
    const wire = new Wire(5);
    const dial = (): Promise<string> =>
      wire.wire.dial({ from: 'a', to: 'b', enter, signal: new AbortController().signal }).then(
        () => 'connected',
        (error: Error) => error.message,
      );
    const refused = dial();
    await wire.clock.advance(500);
    expect(await refused).toBe('connection refused');
    wire.wire.lane('b', 'a')?.cut();
    const lost = dial();
    await wire.clock.advance(5_500);
    expect(await lost).toBe('no connection in 5000 ms');
  });
});
