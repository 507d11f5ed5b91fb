import { createServer } from 'node:net';
import { NodeRandom } from '@anabranch/system';
import { expect, test } from 'vitest';
import { PortClaim } from './loopback-ports.ts';

/** Draws these numbers one after the other. */
function drawing(...numbers: number[]) {
  const random = new NodeRandom();
  return Object.assign(random, { u32: () => numbers.shift() ?? 0 });
}

test('[DEMO12] ports that are claimed are nobody else’s until they are given back, also while nothing uses them', async () => {
  const held = await PortClaim.take(4, drawing(700));
  const other = await PortClaim.take(4, drawing(700, 701));
  expect(other.first).toBe(held.first + 8);
  await held.release();
  const again = await PortClaim.take(4, drawing(700));
  expect(again.first).toBe(held.first);
  await Promise.all([again.release(), other.release()]);
});

test('[DEMO12] ports are not claimed while one of them is in use', async () => {
  const claim = await PortClaim.take(4, drawing(800));
  await claim.release();
  const user = createServer();
  await new Promise<void>((resolve) => user.listen(claim.first + 3, '127.0.0.1', resolve));
  const other = await PortClaim.take(4, drawing(800, 801));
  expect(other.first).toBe(claim.first + 8);
  await other.release();
  await new Promise<void>((resolve) => user.close(() => resolve()));
  const again = await PortClaim.take(4, drawing(800));
  expect(again.first).toBe(claim.first);
  await again.release();
});
