import { LinkProxy } from '@anabranch/netfault';
import { NodeClock, NodeRandom } from '@anabranch/system';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorldLink } from './world-link.ts';

describe('WorldLink', () => {
  const plan = { a: 'berlin', b: 'new-york', delayMs: 40 } as const;
  let proxy: LinkProxy;

  beforeEach(async () => {
    const target = { host: '127.0.0.1', port: 1 };
    proxy = await LinkProxy.listen({ clock: new NodeClock(), random: new NodeRandom(), listenPort: 0, target });
  });

  afterEach(() => proxy.close());

  test('[DEMO2] directions are those of the asker, whichever region dials', () => {
    const fromBerlin = new WorldLink(plan, proxy);
    const fromNewYork = new WorldLink(plan, proxy, true);
    fromNewYork.change({ direction: 'a-to-b', conditions: { delayMs: 70 } });
    fromNewYork.cut('a-to-b');

    expect(fromNewYork.view()).toMatchObject({ a: 'new-york', b: 'berlin', state: 'one-way' });
    expect(fromNewYork.view().aToB).toMatchObject({ state: 'cut', delayMs: 70 });
    expect(fromNewYork.view().bToA).toMatchObject({ state: 'up', delayMs: 0 });
    expect(fromBerlin.view()).toMatchObject({ a: 'berlin', b: 'new-york', state: 'one-way' });
    expect(fromBerlin.view().bToA).toMatchObject({ state: 'cut', delayMs: 70 });
    expect(proxy.conditions('b-to-a').state).toBe('cut');

    fromBerlin.heal('b-to-a');
    expect(fromNewYork.view().state).toBe('up');
    fromBerlin.cut();
    expect(fromNewYork.view().state).toBe('cut');
  });
});
