// Presence that is first asked for when its document is open no longer.

import { ManualClock } from '@anabranch/base/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore } from '../index.ts';
import { platformOf, ScriptedRegion } from '../testing/scripted-regions.ts';

test.each(['forgotten', 'closed with its client'])(
  '[CLIENT25] of a document that was %s nothing is shown, and no timer is left',
  async (how) => {
    const berlin = new ScriptedRegion('berlin');
    const clock = new ManualClock();
    const platform = { ...platformOf([berlin]), clock };
    const collections = { notes: { library: 'yjs', schema: 'freeform' } } as const;
    const client = await Client.create(
      { regions: [{ name: 'berlin', url: berlin.url }], collections },
      { platform, store: new MemoryStore() },
    );
    onTestFinished(() => client.close());
    const note = await client.open('notes', 'n', { startEmpty: true });
    await vi.waitFor(() => expect(client.status.connection).toBe('online'));
    const [session] = berlin.sessions;
    if (how === 'forgotten') await client.forget('notes', 'n');
    else await client.close();
    const before = clock.pendingCount;
    note.presence.set({ name: 'Ann' });
    note.presence.subscribe(() => {});
    expect([clock.pendingCount, session?.of('presence')]).toEqual([before, []]);
  },
);
