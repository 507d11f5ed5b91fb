import { NodeClock } from '@anabranch/system';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseLoadPlan, WorldLoad } from './world-load.ts';

describe('the load of the world', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  /** A region that answers as `answer` does, and counts what it was asked. */
  function regionThat(name: string, answer: () => Promise<unknown>) {
    const asked: string[] = [];
    const edit = (collection: string, id: string): Promise<unknown> => {
      asked.push(`${collection}/${id}`);
      return answer();
    };
    return { name, client: { edit }, asked };
  }

  test('[DEMO9] writes in every region at its rate, whoever looks, until its time is up', async () => {
    const regions = ['new-york', 'berlin', 'tokyo'].map((name) => regionThat(name, () => Promise.resolve()));
    const load = new WorldLoad(regions, new NodeClock());
    expect(load.view).toEqual({ isRunning: false, opsPerSecond: 0, leftMs: 0, written: 0, failed: 0 });
    load.start({ opsPerSecond: 10, seconds: 6 });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(load.view).toEqual({ isRunning: true, opsPerSecond: 10, leftMs: 3_000, written: 30, failed: 0 });
    expect(regions.map(({ asked }) => asked.length)).toEqual([10, 10, 10]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(load.view).toEqual({ isRunning: false, opsPerSecond: 10, leftMs: 0, written: 60, failed: 0 });
    expect(new Set(regions.flatMap(({ asked }) => asked)).size).toBe(20);
  });

  test('[DEMO9] ends when it is told to, and counts anew when it is started', async () => {
    const load = new WorldLoad([regionThat('berlin', () => Promise.reject(new Error('down')))], new NodeClock());
    load.start({ opsPerSecond: 5, seconds: 600 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(load.view).toMatchObject({ written: 0, failed: 5 });
    load.stop();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(load.view).toMatchObject({ isRunning: false, failed: 5 });
    load.start({ opsPerSecond: 5, seconds: 600 });
    expect(load.view).toMatchObject({ isRunning: true, failed: 0 });
    load.stop();
  });

  test('[DEMO9] leaves writes out when too many of a region wait for an answer', async () => {
    const [silent, answering] = [regionThat('tokyo', () => new Promise(() => {})), regionThat('berlin', () => Promise.resolve())];
    const load = new WorldLoad([silent, answering], new NodeClock());
    load.start({ opsPerSecond: 60, seconds: 10 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(silent.asked.length).toBe(100);
    expect(answering.asked.length).toBeGreaterThan(200);
    expect(load.view.written).toBe(answering.asked.length);
    expect(load.view.failed).toBeGreaterThan(100);
  });

  test.each([
    [[], 'body'],
    [{ opsPerSecond: 0, seconds: 1 }, 'opsPerSecond'],
    [{ opsPerSecond: 61, seconds: 1 }, 'opsPerSecond'],
    [{ opsPerSecond: 1, seconds: 601 }, 'seconds'],
    [{ opsPerSecond: 1 }, 'seconds'],
    [{ opsPerSecond: 1, seconds: 1, region: 'berlin' }, 'region'],
  ])('[DEMO9] refuses the plan %j for its %s', (body, member) => {
    expect(() => parseLoadPlan(body)).toThrow(expect.objectContaining({ code: 'value_invalid', details: { member } }));
  });
});
