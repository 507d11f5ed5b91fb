import type { Clock } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import { NodeClock } from '@anabranch/system';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RegionProcess } from './region-process.ts';

// A program that says which process it is, counts, ends by itself when it is told to, and takes SIGTERM with exit code 0.
const endless = "console.log('started'); setInterval(() => console.log('tick'), 5); process.on('SIGTERM', () => process.exit(0))";
const shortLived = "console.log('started'); process.exit(3)";

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 5 });

describe('RegionProcess', () => {
  let started: RegionProcess | undefined;

  afterEach(() => started?.stop());

  function create(program: string, clock: Clock = new NodeClock()): { region: RegionProcess; lines: string[] } {
    const lines: string[] = [];
    const region = new RegionProcess({ name: 'tokyo', command: ['-e', program], clock, log: (line) => lines.push(line) });
    started = region;
    return { region, lines };
  }

  async function startEndless(): Promise<{ region: RegionProcess; lines: string[] }> {
    const { region, lines } = create(endless);
    await region.start();
    await until(() => expect(lines).toContain('tick'));
    return { region, lines };
  }

  test('[DEMO6] stop ends the process the way it wants to end', async () => {
    const { region } = await startEndless();
    const { pid } = region.view;
    await region.stop();
    expect(region.view).toMatchObject({ state: 'down', pid: undefined, lastExit: 'exit code 0' });
    expect(() => process.kill(pid ?? 0, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
  });

  test('[DEMO2] a killed process stays down until it is told to start', async () => {
    const { region } = await startEndless();
    const { pid } = region.view;
    await region.kill();
    expect(region.view).toMatchObject({ state: 'down', lastExit: 'SIGKILL', restartCount: 0 });
    await expect(region.kill()).rejects.toMatchObject({ code: 'region_state_conflict' });
    await region.restart();
    expect(region.view.state).toBe('running');
    expect(region.view.pid).not.toBe(pid);
  });

  test('[DEMO2] a process that dies by itself is started again, ever later', async () => {
    const { region, lines } = create(shortLived);
    await region.start();
    await until(() => expect(region.view.restartCount).toBe(1));
    await until(() => expect(lines).toContain('ended by itself (exit code 3); starts again in 1000 ms'));
    expect(lines).toContain('ended by itself (exit code 3); starts again in 500 ms');
    expect(region.view.state).toBe('waiting');
    await region.stop();
    expect(region.view.state).toBe('down');
  });

  test('[DEMO2] one that waits to be started again stays down when it is killed', async () => {
    const clock = new ManualClock();
    const { region } = create(shortLived, clock);
    await region.start();
    await until(() => expect(region.view.state).toBe('waiting'));
    await region.kill();
    expect(region.view.state).toBe('down');
    expect(clock.pendingCount).toBe(0);
    await expect(region.kill()).rejects.toMatchObject({ code: 'region_state_conflict' });
  });

  test('[DEMO2] [DEMO6] one that cannot be started is tried again, and can be stopped', async () => {
    const { execPath } = process;
    process.execPath = '/nowhere/node';
    const { region, lines } = create(endless);
    try {
      await region.start();
      await until(() => expect(region.view.state).toBe('waiting'));
    } finally {
      process.execPath = execPath;
    }
    expect(lines).toContain('signal or start failed: spawn /nowhere/node ENOENT');
    await until(() => expect(lines).toContain('tick'));
    expect(region.view).toMatchObject({ state: 'running', restartCount: 1 });
    await region.stop();
    expect(region.view).toMatchObject({ state: 'down', pid: undefined });
  });

  test('[DEMO2] a paused process does nothing, and goes on when it is resumed', async () => {
    const { region, lines } = await startEndless();
    await expect(region.resume()).rejects.toMatchObject({ code: 'region_state_conflict' });
    await region.pause();
    expect(region.view.state).toBe('paused');
    await expect(region.pause()).rejects.toMatchObject({ code: 'region_state_conflict' });
    await region.resume();
    const ticks = lines.length;
    await until(() => expect(lines.length).toBeGreaterThan(ticks));
  });

  test('[DEMO6] a paused process can be stopped', async () => {
    const { region } = await startEndless();
    await region.pause();
    await region.stop();
    expect(region.view.lastExit).toBe('exit code 0');
  });
});
