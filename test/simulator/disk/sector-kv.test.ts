import { AnabranchError, silentLogger } from '@anabranch/base';
import { KvReplicaStore, type OrderedKv } from '@anabranch/storage';
import { describeReplicaStore, type MediumSetup } from '@anabranch/storage/testing';
import { describe, expect, test } from 'vitest';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { SectorKv, type SectorKvEvent } from './sector-kv.ts';
import { SimulatedDisk } from './simulated-disk.ts';

let mediums = 0;

/** A disk that a running clock keeps going, for checks that know nothing of virtual time. */
const sectorMedium: MediumSetup = async () => {
  const random = new SeededRandom(mediums++);
  const clock = new VirtualClock(random.fork('clock'));
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  let failure: 'store_full' | 'store_failed' | undefined;
  let process = { isAlive: true };
  let isRunning = true;
  const run = async (): Promise<void> => {
    while (isRunning) await clock.advance(1);
  };
  const running = run();
  const open = async (): Promise<OrderedKv> => {
    process = { isAlive: true };
    const own = process;
    const enter = (callback: () => void): void => {
      if (own.isAlive) callback();
    };
    return SectorKv.open({ disk, enter, compactBytesMin: 4 << 10, note: () => {} });
  };
  return {
    async open(logger = silentLogger) {
      const kv = await open();
      const commit: OrderedKv['commit'] = (mutations) => {
        const code = failure;
        failure = undefined;
        if (code === 'store_failed') disk.failingSyncs = 1;
        if (code === 'store_full') disk.sectorsMax = disk.sectorsUsed;
        return kv.commit(mutations).finally(() => {
          disk.sectorsMax = Number.POSITIVE_INFINITY;
        });
      };
      const failing: OrderedKv = {
        get: (key) => kv.get(key),
        entries: (start, end, options) => kv.entries(start, end, options),
        keys: (start, end, options) => kv.keys(start, end, options),
        commit,
        close: () => kv.close(),
      };
      return KvReplicaStore.open(failing, logger);
    },
    crash() {
      process.isAlive = false;
      disk.crash();
    },
    failNextCommit(code) {
      failure = code;
    },
    async tamper(change) {
      const kv = await open();
      await change(kv);
      await kv.close();
    },
    async dispose() {
      isRunning = false;
      await running;
    },
  };
};

describeReplicaStore('simulated disk', sectorMedium);

describe('SectorKv', () => {
  test('[SIM3] a crash at any point of many commits and compactions leaves a prefix of them with every resolved one', async () => {
    const events = new Set<SectorKvEvent | 'crash_in_compaction'>();
    for (let seed = 0; seed < 150; seed++) await crashSomewhere(seed, events);
    expect([...events].sort()).toEqual(['compacted', 'compaction_begun', 'crash_in_compaction', 'torn_tail_truncated']);
  });

  test('[SIM3] a flipped bit in a value below the tail reaches the reader; the last frame cut short does not', async () => {
    const { clock, disk, open } = diskOf(1);
    const kv = await open();
    for (const at of [1, 2, 3]) await commitNow(clock, kv, at);
    const places = [...kv.valuePlaces()];
    expect(places.length).toBe(2);
    const [first] = places;
    expect(first !== undefined && disk.rot(first.at, 0)).toBe(true);
    expect(kv.get(Buffer.of(1))).toEqual(Uint8Array.from([0, ...Array(99).fill(1)]));
    const reopened = await open();
    expect(reopened.get(Buffer.of(1))?.[0]).toBe(0);
    expect(reopened.get(Buffer.of(3))?.[0]).toBe(3);
  });

  test('[SIM3] a process that opens after a failed sync finds what is on the medium', async () => {
    const { clock, disk, open } = diskOf(2);
    const kv = await open();
    await commitNow(clock, kv, 1);
    disk.failingSyncs = 1;
    await expect(commitNow(clock, kv, 2)).rejects.toBeInstanceOf(AnabranchError);
    const reopened = await open();
    expect([...reopened.keys(Buffer.of(0), Buffer.of(9))]).toEqual([Uint8Array.of(1)]);
    await commitNow(clock, reopened, 3);
    disk.crash();
    const last = await open();
    expect([...last.keys(Buffer.of(0), Buffer.of(9))]).toEqual([Uint8Array.of(1), Uint8Array.of(3)]);
  });
});

function diskOf(seed: number, note: (event: SectorKvEvent) => void = () => {}) {
  const random = new SeededRandom(seed);
  const clock = new VirtualClock(random.fork('clock'));
  const disk = new SimulatedDisk(clock, random.fork('disk'));
  const open = async (enter: (callback: () => void) => void = (callback) => callback()): Promise<SectorKv> => {
    const opening = SectorKv.open({ disk, enter, compactBytesMin: 8 << 10, note });
    await clock.advance(5);
    return opening;
  };
  return { random, clock, disk, open };
}

async function commitNow(clock: VirtualClock, kv: SectorKv, at: number): Promise<void> {
  const committed = kv.commit([{ key: Buffer.of(at), value: new Uint8Array(100).fill(at) }]);
  committed.catch(() => {});
  await clock.advance(20);
  await committed;
}

async function crashSomewhere(seed: number, events: Set<string>): Promise<void> {
  const { random, clock, disk, open } = diskOf(seed, (event) => events.add(event));
  let acknowledged = 0;
  let handedOver = 0;
  for (let life = 0; life < 4; life++) {
    let isAlive = true;
    const kv = await open((callback) => isAlive && callback());
    const left = kv.get(Buffer.of(0))?.[0] ?? 0;
    expect(left).toBeGreaterThanOrEqual(acknowledged);
    expect(left).toBeLessThanOrEqual(handedOver);
    // One key counts the commits; the others show that each commit is whole.
    for (let key = 1; key <= 5; key++) expect(kv.get(Buffer.of(key))?.[0] ?? 0).toBe(left);
    [acknowledged, handedOver] = [left, left];
    const lifeEnd = random.below(40);
    void (async () => {
      while (isAlive) {
        handedOver += 1;
        const at = handedOver;
        const values = Array.from({ length: 6 }, (_, key) => ({
          key: Buffer.of(key),
          value: new Uint8Array(1 + random.below(900)).fill(at),
        }));
        await kv.commit(values);
        acknowledged = at;
      }
    })();
    await clock.advance(lifeEnd + random.below(1000) / 1000);
    if (kv.isCompacting) events.add('crash_in_compaction');
    isAlive = false;
    disk.crash();
  }
}
