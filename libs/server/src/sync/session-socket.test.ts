import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AnabranchError, type Clock, silentLogger } from '@anabranch/base';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { RateBudget } from './rate-budget.ts';
import { SessionSocket } from './session-socket.ts';
import { defaultSyncLimits, type SyncLimits } from './sync-limits.ts';
import { RawClient } from './testing/raw-client.ts';
import { until } from './testing/until.ts';

interface Opened {
  readonly socket: SessionSocket;
  readonly client: RawClient;
  readonly received: number[];
  advance(ms: number): void;
}

/** A session over a real socket, in a time that passes when the test says so. Message 66 is refused. */
async function open(limits: Partial<SyncLimits> = {}): Promise<Opened> {
  let nowMs = 0;
  const clock: Clock = { wallMs: () => nowMs, monotonicMs: () => nowMs, setTimer: () => ({ cancel: () => {} }) };
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const whenAccepted = new Promise<WebSocket>((resolve) => server.once('connection', resolve));
  const client = new RawClient(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  onTestFinished(() => {
    client.close();
    http.close();
  });
  const received: number[] = [];
  const listener = {
    receive: (message: Uint8Array) => {
      if (message[0] === 66) throw new AnabranchError('update_invalid', 'refused');
      received.push(message[0] ?? -1);
    },
    keepAlive: () => {},
    drained: () => {},
    closed: () => {},
  };
  const parts = { clock, logger: silentLogger, limits: { ...defaultSyncLimits, ...limits } };
  const socket = new SessionSocket(await whenAccepted, listener, parts);
  await client.whenOpen;
  return {
    socket,
    client,
    received,
    advance: (ms) => {
      nowMs += ms;
      socket.sweep(nowMs);
    },
  };
}

/** Long enough for a message on the loopback interface, if it is read at all. */
async function someTurns(): Promise<void> {
  for (let i = 0; i < 200; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('the socket of a session', () => {
  test('is not read while the time spent on its questions is beyond what it may ask for', async () => {
    const { socket, client, received, advance } = await open({ questionMsPerSecondMax: 100 });
    socket.working(() => advance(700));
    await client.send(Uint8Array.of(1));
    await someTurns();
    expect(received).toEqual([]);
    advance(6_000);
    await until(() => received.length === 1, 'read later');
  });

  test('is not read while too many of its updates wait for durability', async () => {
    const { socket, client, received } = await open({ ingestBytesMax: 1_000 });
    socket.beginIngest(600);
    socket.beginIngest(600);
    await client.send(Uint8Array.of(1));
    await someTurns();
    expect(received).toEqual([]);
    socket.endIngest(600);
    await until(() => received.length === 1, 'read later');
  });

  test('delivers nothing after a refused message, and closes with its code once', async () => {
    const { socket, client, received } = await open();
    for (const byte of [1, 66, 2, 66]) await client.send(Uint8Array.of(byte));
    expect(await client.whenClosed).toEqual({ code: 4422, reason: 'update_invalid' });
    expect(received).toEqual([1]);
    socket.close('internal_error', 'too late');
    socket.send(Uint8Array.of(1));
    expect(client.messages).toEqual([]);
  });

  test('closes with 1011 on a defect, and says nothing of it', async () => {
    const { socket, client } = await open();
    socket.fail(new TypeError('the secret of the document'));
    expect(await client.whenClosed).toEqual({ code: 1011, reason: 'internal_error' });
  });
});

describe('a rate budget', () => {
  test('gives two seconds at once, then so much per second, and may be overdrawn by one', () => {
    const budget = new RateBudget(10, 0);
    budget.take(20, 0);
    expect(budget.isOverdrawn(0)).toBe(false);
    budget.take(15, 0);
    expect(budget.isOverdrawn(0)).toBe(true);
    expect(budget.isOverdrawn(1_400)).toBe(true);
    expect(budget.isOverdrawn(1_600)).toBe(false);
    budget.take(0, 1_000_000);
    budget.take(21, 1_000_000);
    expect(budget.isOverdrawn(1_000_000)).toBe(true);
  });
});
