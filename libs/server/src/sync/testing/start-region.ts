import { onTestFinished } from 'vitest';
import type { SyncLimits } from '../sync-limits.ts';
import { FrameClient, type FrameClientOptions } from './frame-client.ts';
import { TestRegion } from './test-region.ts';

/** A region that stops when the test has ended. */
export async function startRegion(region = 'berlin', limits: Partial<SyncLimits> = {}): Promise<TestRegion> {
  const started = await TestRegion.start({ region, limits });
  onTestFinished(() => started.stop());
  return started;
}

/** An embedded client's session, closed when the test has ended. */
export async function openClient(region: TestRegion, options?: FrameClientOptions): Promise<FrameClient> {
  const client = await FrameClient.open(region, options);
  onTestFinished(() => client.close());
  return client;
}
