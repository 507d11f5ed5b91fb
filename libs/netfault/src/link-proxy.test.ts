import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import type { Clock, Random } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LinkProxy, type LinkProxyOptions } from './index.ts';
import { ConnectionEnd } from './testing/connection-end.ts';

const random: Random = { u32: () => 2 ** 31, bytes: (length) => new Uint8Array(length) };
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 2 });

describe('LinkProxy', () => {
  let clock: ManualClock;
  let target: Server;
  let targetEnds: ConnectionEnd[];
  let clientEnds: ConnectionEnd[];
  let proxies: LinkProxy[];

  beforeEach(async () => {
    clock = new ManualClock();
    targetEnds = [];
    clientEnds = [];
    proxies = [];
    target = createServer({ allowHalfOpen: true }, (socket) => targetEnds.push(new ConnectionEnd(socket)));
    await once(target.listen(0, '127.0.0.1'), 'listening');
  });

  afterEach(async () => {
    await Promise.all(proxies.map((proxy) => proxy.close()));
    for (const end of [...clientEnds, ...targetEnds]) end.socket.destroy();
    await new Promise((resolve) => target.close(resolve));
  });

  function targetPort(): number {
    const address = target.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async function startProxy(options: Partial<LinkProxyOptions> = {}): Promise<LinkProxy> {
    const defaults = { clock, random, listenPort: 0, target: { host: '127.0.0.1', port: targetPort() } };
    const proxy = await LinkProxy.listen({ ...defaults, ...options });
    proxies.push(proxy);
    return proxy;
  }

  async function dial(proxy: LinkProxy): Promise<ConnectionEnd> {
    const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
    const end = new ConnectionEnd(socket);
    clientEnds.push(end);
    await once(socket, 'connect');
    return end;
  }

  /** A connection that has reached the target: a dials, b is the target's end of it. */
  async function open(proxy: LinkProxy): Promise<{ a: ConnectionEnd; b: ConnectionEnd }> {
    const expected = targetEnds.length + 1;
    const a = await dial(proxy);
    await until(() => expect(targetEnds).toHaveLength(expected));
    const b = targetEnds[expected - 1];
    if (b === undefined) throw new Error('the target accepted nothing');
    return { a, b };
  }

  async function held(proxy: LinkProxy, way: 'a-to-b' | 'b-to-a', bytes: number): Promise<void> {
    await until(() => expect(proxy.heldBytes(way)).toBe(bytes));
  }

  test('[NET1] bytes are delayed each way by the delay of that way', async () => {
    const proxy = await startProxy();
    proxy.change('a-to-b', { delayMs: 40 });
    proxy.change('b-to-a', { delayMs: 110 });
    const { a, b } = await open(proxy);
    a.socket.write('ping');
    b.socket.write('pong');
    await held(proxy, 'a-to-b', 4);
    await held(proxy, 'b-to-a', 4);

    clock.advance(39);
    expect([proxy.heldBytes('a-to-b'), proxy.heldBytes('b-to-a')]).toEqual([4, 4]);
    clock.advance(1);
    expect([proxy.heldBytes('a-to-b'), proxy.heldBytes('b-to-a')]).toEqual([0, 4]);
    await until(() => expect(b.text).toBe('ping'));
    clock.advance(69);
    expect(proxy.heldBytes('b-to-a')).toBe(4);
    clock.advance(1);
    await until(() => expect(a.text).toBe('pong'));
  });

  test('[NET1] on a real clock nothing arrives before the delay', async () => {
    const realClock: Clock = {
      wallMs: () => Date.now(),
      monotonicMs: () => performance.now(),
      setTimer: (afterMs, callback) => {
        const handle = setTimeout(callback, afterMs);
        return { cancel: () => clearTimeout(handle) };
      },
    };
    const proxy = await startProxy({ clock: realClock, conditions: { delayMs: 30 } });
    const { a, b } = await open(proxy);
    b.socket.on('data', (chunk: Buffer) => b.socket.write(chunk));
    const sentAtMs = performance.now();
    a.socket.write('echo');
    await once(a.socket, 'data');
    expect(performance.now() - sentAtMs).toBeGreaterThanOrEqual(60);
  });

  test('[NET1] the order of bytes survives changing delays and jitter', async () => {
    const proxy = await startProxy();
    const { a, b } = await open(proxy);
    let sent = '';
    let heldNow = 0;
    for (const [index, delayMs] of [500, 0, 80, 3, 200, 1, 0].entries()) {
      proxy.change('a-to-b', { delayMs, jitterMs: delayMs / 2 });
      heldNow = proxy.heldBytes('a-to-b');
      const message = `<${index}>`;
      a.socket.write(message);
      sent += message;
      // Either it is held behind the others, or everything went through at once.
      await until(() => expect(proxy.heldBytes('a-to-b') > heldNow || proxy.deliveredBytes('a-to-b') === sent.length).toBe(true));
      clock.advance(7);
    }
    clock.advance(1000);
    await until(() => expect(b.text).toBe(sent));
  });

  test('[NET1] a bandwidth limit lets bytes through at its rate', async () => {
    const proxy = await startProxy({ conditions: { bytesPerSecondMax: 1000 } });
    const { a, b } = await open(proxy);
    a.socket.write(Buffer.alloc(500, 'x'));
    await until(() => expect(proxy.heldBytes('a-to-b') + proxy.deliveredBytes('a-to-b')).toBe(500));
    const atStart = proxy.deliveredBytes('a-to-b');
    clock.advance(200);
    expect(proxy.deliveredBytes('a-to-b') - atStart).toBeGreaterThanOrEqual(190);
    expect(proxy.deliveredBytes('a-to-b') - atStart).toBeLessThanOrEqual(210);
    clock.advance(400);
    await until(() => expect(b.received).toHaveLength(500));
  });

  test('[NET2] a cut is a blackhole: nothing flows, nothing closes, and the heal delivers', async () => {
    const proxy = await startProxy({ conditions: { delayMs: 10 } });
    const { a, b } = await open(proxy);
    proxy.cut();
    a.socket.write('one');
    b.socket.write('two');
    a.socket.end();
    await held(proxy, 'a-to-b', 3);
    await held(proxy, 'b-to-a', 3);
    clock.advance(3_600_000);
    expect([proxy.heldBytes('a-to-b'), proxy.heldBytes('b-to-a')]).toEqual([3, 3]);
    expect([a.text, a.hasEnded, b.text, b.hasEnded]).toEqual(['', false, '', false]);
    expect(proxy.connectionCount).toBe(1);

    proxy.heal();
    expect(proxy.heldBytes('a-to-b')).toBe(3);
    clock.advance(10);
    await until(() => expect([a.text, b.text, b.hasEnded]).toEqual(['two', 'one', true]));
    b.socket.end();
    await until(() => {
      clock.advance(10);
      expect(a.hasEnded).toBe(true);
    });
  });

  test('[NET2] a cut of one way lets the other way flow', async () => {
    const proxy = await startProxy();
    const { a, b } = await open(proxy);
    proxy.cut('a-to-b');
    a.socket.write('lost for now');
    await held(proxy, 'a-to-b', 12);
    b.socket.write('heard');
    await until(() => expect(a.text).toBe('heard'));
    expect(b.text).toBe('');
    proxy.heal('a-to-b');
    await until(() => expect(b.text).toBe('lost for now'));
  });

  test('[NET2] a connection made during a cut of either way is accepted and goes nowhere until the heal', async () => {
    const proxy = await startProxy();
    proxy.cut('b-to-a');
    const a = await dial(proxy);
    a.socket.write('hello');
    await held(proxy, 'a-to-b', 5);
    proxy.cut('a-to-b');
    proxy.heal('b-to-a');
    expect(targetEnds).toHaveLength(0);
    proxy.heal();
    await until(() => expect(targetEnds[0]?.text).toBe('hello'));
  });

  test('[NET2] a cut in the middle of a message keeps the rest for the heal', async () => {
    const proxy = await startProxy({ conditions: { bytesPerSecondMax: 10_000 } });
    const { a, b } = await open(proxy);
    const message = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));
    a.socket.write(message);
    await until(() => expect(proxy.heldBytes('a-to-b') + proxy.deliveredBytes('a-to-b')).toBe(1000));
    clock.advance(40);
    proxy.cut();
    const delivered = proxy.deliveredBytes('a-to-b');
    expect(delivered).toBeGreaterThan(0);
    expect(delivered).toBeLessThan(1000);
    clock.advance(60_000);
    await until(() => expect(b.received).toEqual(message.subarray(0, delivered)));
    proxy.heal();
    clock.advance(1000);
    await until(() => expect(b.received).toEqual(message));
  });

  test('[NET1] at the bound of held bytes the sender is paused, and nothing is dropped', async () => {
    const heldBytesMax = 64 * 1024;
    const proxy = await startProxy({ heldBytesMax });
    const { a, b } = await open(proxy);
    proxy.cut();
    // More than every kernel buffer on the way, so that the sender must feel the bound.
    const message = Buffer.alloc(24 * 1024 * 1024, Buffer.from(Array.from({ length: 4099 }, (_, index) => (index * 7) % 256)));
    let isFlushed = false;
    a.socket.write(message, () => {
      isFlushed = true;
    });
    await until(() => expect(proxy.heldBytes('a-to-b')).toBeGreaterThanOrEqual(heldBytesMax));
    expect(isFlushed).toBe(false);
    expect(proxy.heldBytes('a-to-b')).toBeLessThan(2 * heldBytesMax);
    proxy.heal();
    await until(() => expect(b.receivedBytes).toBe(message.length));
    expect(b.received.equals(message)).toBe(true);
    expect(isFlushed).toBe(true);
  });

  test('[NET1] a half-closed connection still carries the other way', async () => {
    const proxy = await startProxy();
    const { a, b } = await open(proxy);
    a.socket.end('question');
    await until(() => expect([b.text, b.hasEnded]).toEqual(['question', true]));
    b.socket.end('answer');
    await until(() => expect([a.text, a.hasEnded]).toEqual(['answer', true]));
    await until(() => expect(proxy.connectionCount).toBe(0));
  });

  test('[NET2] the death of one side reaches the other after the heal, behind what it had sent', async () => {
    const proxy = await startProxy();
    const { a, b } = await open(proxy);
    proxy.cut();
    b.socket.write('last words');
    await held(proxy, 'b-to-a', 10);
    b.socket.resetAndDestroy();
    a.socket.write('are you there?');
    await held(proxy, 'a-to-b', 0);
    expect([a.text, a.isReset]).toEqual(['', false]);
    proxy.heal();
    await until(() => expect([a.text, a.isReset]).toEqual(['last words', true]));
    await until(() => expect(proxy.connectionCount).toBe(0));
  });

  test('[NET1] a target that refuses is seen as a reset, one delay later', async () => {
    const unused = createServer();
    await once(unused.listen(0, '127.0.0.1'), 'listening');
    const address = unused.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    await new Promise((resolve) => unused.close(resolve));
    const proxy = await startProxy({ target: { host: '127.0.0.1', port }, conditions: { delayMs: 25 } });
    const a = await dial(proxy);
    await until(() => expect(clock.pendingCount).toBe(1));
    expect(a.isReset).toBe(false);
    clock.advance(25);
    await until(() => expect(a.isReset).toBe(true));
    await until(() => expect(proxy.connectionCount).toBe(0));
  });

  test('[NET2] reset closes every connection at both ends, also during a cut', async () => {
    const proxy = await startProxy();
    const { a, b } = await open(proxy);
    proxy.cut();
    const waiting = await dial(proxy);
    await until(() => expect(proxy.connectionCount).toBe(2));
    proxy.reset();
    await until(() => expect([a.isReset, b.isReset, waiting.isReset]).toEqual([true, true, true]));
    expect(proxy.connectionCount).toBe(0);
  });

  test('[NET2] a hundred flaps leave no connection, timer or held byte behind', async () => {
    const proxy = await startProxy({ conditions: { delayMs: 5 } });
    for (let flap = 0; flap < 100; flap++) {
      const a = await dial(proxy);
      a.socket.write('x');
      await until(() => expect(proxy.heldBytes('a-to-b')).toBe(1));
      proxy.cut(flap % 2 === 0 ? 'both' : 'a-to-b');
      a.socket.destroy();
      proxy.heal();
      clock.advance(5);
      if (flap % 10 === 0) proxy.reset();
    }
    for (const end of targetEnds) end.socket.end();
    await until(() => {
      clock.advance(5);
      for (const end of targetEnds) end.socket.end();
      expect([proxy.connectionCount, proxy.heldBytes('a-to-b'), clock.pendingCount]).toEqual([0, 0, 0]);
    });
    expect(proxy.acceptedCount).toBe(100);
    const connectionsOfTarget = await new Promise((resolve) => target.getConnections((_, count) => resolve(count)));
    expect(connectionsOfTarget).toBe(0);
  });

  test('[NET2] close leaves nothing, with open, waiting and delayed traffic', async () => {
    const proxy = await startProxy({ conditions: { delayMs: 50 } });
    const { a } = await open(proxy);
    a.socket.write('on the way');
    await held(proxy, 'a-to-b', 10);
    proxy.cut();
    await dial(proxy);
    await proxy.close();
    expect([proxy.connectionCount, clock.pendingCount]).toEqual([0, 0]);
    await proxy.close();
    await until(() => expect(a.isReset).toBe(true));
  });

  test('[NET2] conditions out of range, and a taken port, are refused and change nothing', async () => {
    const proxy = await startProxy();
    for (const change of [{ delayMs: -1 }, { delayMs: Number.NaN }, { delayMs: 60_001 }, { jitterMs: -1 }, { bytesPerSecondMax: 0 }]) {
      expect(() => proxy.change('both', change)).toThrow(expect.objectContaining({ code: 'value_invalid' }));
    }
    const expected = { state: 'up', delayMs: 0, jitterMs: 0, bytesPerSecondMax: null };
    expect(proxy.conditions('a-to-b')).toEqual(expected);
    expect(proxy.conditions('b-to-a')).toEqual(expected);
    await expect(startProxy({ listenPort: proxy.port })).rejects.toMatchObject({ code: 'port_taken' });
  });
});
