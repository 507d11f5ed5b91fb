// How often a document is asked for that a region does not send.

import { parseDocumentId } from '@anabranch/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore, schema } from '../index.ts';
import { platformOf, ScriptedRegion, type ScriptedSession } from '../testing/scripted-regions.ts';

const collections = { carts: { library: 'yjs', schema: schema.object({ qty: schema.counter() }) } } as const;
const ann = parseDocumentId('carts/ann');

/** A client that follows one document, and the timers for asking again: they run when the test says so. */
async function follow() {
  const berlin = new ScriptedRegion('berlin');
  const platform = platformOf([berlin]);
  const timers = new Map<() => void, number>();
  const setTimer = (afterMs: number, callback: () => void) => {
    if (afterMs !== 2_000 && afterMs !== 60_000) return platform.clock.setTimer(afterMs, callback);
    const timer = (): void => callback();
    timers.set(timer, afterMs);
    return { cancel: () => void timers.delete(timer) };
  };
  const clock = { ...platform.clock, setTimer };
  const options = { regions: [{ name: 'berlin', url: berlin.url }], collections };
  const client = await Client.create(options, { platform: { ...platform, clock }, store: new MemoryStore() });
  onTestFinished(() => client.close());
  void client.open('carts', 'ann').catch(() => {});
  const asked = async (sessions: number, times: number): Promise<ScriptedSession> => {
    await vi.waitFor(() => expect(berlin.sessions).toHaveLength(sessions), 4_000);
    await vi.waitFor(() => expect(timesAsked(berlin.sessions.at(-1))).toBe(times), 4_000);
    return berlin.sessions.at(-1) as ScriptedSession;
  };
  const runTimers = (): void => {
    for (const timer of [...timers.keys()]) if (timers.delete(timer)) timer();
  };
  return { client, timers, runTimers, asked };
}

function timesAsked(session: ScriptedSession | undefined): number {
  return session?.of('follow').flatMap(({ documents }) => documents).length ?? 0;
}

const refuse = (session: ScriptedSession, code: string): void =>
  session.send({ type: 'unavailable', document: ann, code, message: 'not now' });

test('[CLIENT24] a document is asked for again once, however many sessions were refused it', async () => {
  const { timers, runTimers, asked } = await follow();
  for (let sessions = 1; sessions <= 3; sessions++) {
    const session = await asked(sessions, 1);
    refuse(session, 'overloaded');
    refuse(session, 'overloaded');
    expect([...timers.values()]).toEqual([2_000]);
    if (sessions < 3) session.sendBytes(new Uint8Array());
    else runTimers();
  }
  const session = await asked(3, 2);
  refuse(session, 'overloaded');
  expect(timers.size).toBe(1);
});

test('[CLIENT24] a document that a region has damaged is asked for seldom, and no more when it is forgotten', async () => {
  const { client, timers, asked } = await follow();
  refuse(await asked(1, 1), 'record_damaged');
  expect([...timers.values()]).toEqual([60_000]);
  await client.forget('carts', 'ann');
  expect(timers.size).toBe(0);
});

test('[CLIENT24] a document that waits for the region to have what was seen is asked for as soon as it has', async () => {
  const { timers, asked } = await follow();
  const session = await asked(1, 1);
  refuse(session, 'overloaded');
  session.send({ type: 'covering' });
  expect([timesAsked(session), timers.size]).toEqual([1, 1]);
  session.sendBytes(new Uint8Array());
  const next = await asked(2, 1);
  refuse(next, 'not_yet_visible');
  next.send({ type: 'covering' });
  await asked(2, 2);
  expect(timers.size).toBe(0);
});

test('[CLIENT24] nothing is asked for when the client is closed', async () => {
  const { client, timers, asked } = await follow();
  refuse(await asked(1, 1), 'overloaded');
  await client.close();
  expect(timers.size).toBe(0);
});

test('[CLIENT25] a region that goes on with a document that was forgotten when nobody could be told is told then, once', async () => {
  const berlin = new ScriptedRegion('berlin');
  const store = new MemoryStore();
  await store.open(() => 'device0000000000');
  // The device forgot it without a session, and ended.
  await store.commit([{ type: 'session', session: { seen: [], required: [], resumeKey: new Uint8Array(16), followSerial: 3 } }]);
  berlin.welcome = { followSerial: 3 };
  const options = { regions: [{ name: 'berlin', url: berlin.url }], collections };
  const client = await Client.create(options, { platform: platformOf([berlin]), store });
  onTestFinished(() => client.close());
  await vi.waitFor(() => expect(client.status.connection).toBe('online'));
  const session = berlin.session as ScriptedSession;
  const writes = [{ document: ann, update: new Uint8Array([0, 0]) }];
  const tell = (seq: number): void =>
    session.send({ type: 'changes', ops: [{ origin: berlin.origin, seq, writes }], told: [[berlin.origin, seq]] });
  tell(1);
  tell(2);
  session.send({ type: 'state', document: ann, isResync: false, state: new Uint8Array([0, 0]) });
  expect(session.of('unfollow')).toEqual([{ type: 'unfollow', serial: 4, documents: [ann] }]);
  // Followed again, it is not renounced.
  void client.open('carts', 'ann').catch(() => {});
  await vi.waitFor(() => expect(session.of('follow')).toHaveLength(1));
  tell(3);
  expect(session.of('unfollow')).toHaveLength(1);
});
