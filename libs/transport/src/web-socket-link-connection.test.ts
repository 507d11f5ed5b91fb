// The contract of a LinkConnection, run in both directions over a real socket, and what only a real socket can do wrong.

import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import { type ErrorCode, silentLogger } from '@anabranch/base';
import type { LinkConnection } from '@anabranch/engine';
import { frameBytesMax } from '@anabranch/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { acceptLinks } from './accept-links.ts';
import { webSocketDial } from './link-dial.ts';
import { type LinkPair, openWebSocketPair } from './testing/link-pair.ts';
import { type LoopbackServer, realClock, startServer } from './testing/loopback.ts';
import { RecordingListener } from './testing/recording-listener.ts';
import { WebSocketLinkConnection } from './web-socket-link-connection.ts';

const cleanups: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

/** Bytes that do not compress. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = length + 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

function listen(connection: LinkConnection): RecordingListener {
  const listener = new RecordingListener();
  connection.listen(listener);
  return listener;
}

async function openPair(): Promise<LinkPair> {
  const pair = await openWebSocketPair();
  cleanups.push(pair.close);
  return pair;
}

describe.each(['dialer', 'acceptor'] as const)('a connection whose %s sends', (side) => {
  const otherSide = side === 'dialer' ? 'acceptor' : 'dialer';

  test('delivers frames of every size whole and in order', async () => {
    const pair = await openPair();
    const received = listen(pair[otherSide]);
    listen(pair[side]);
    const sizes = [0, 1, 95, 96, 125, 126, 65_535, 65_536, 300_000, 2, 4_000_000, 3];
    for (const size of sizes) pair[side].send(noise(size));
    await received.until(() => received.frames.length === sizes.length);
    expect(received.frames.map((frame) => frame.length)).toEqual(sizes);
    expect(received.frames.every((frame, i) => Buffer.compare(frame, noise(sizes[i] ?? -1)) === 0)).toBe(true);
  });

  test('keeps what arrives before anybody listens', async () => {
    const pair = await openPair();
    listen(pair[side]);
    for (let i = 0; i < 10; i++) pair[side].send(Uint8Array.of(i));
    const received = listen(pair[otherSide]);
    await received.until(() => received.frames.length === 10);
    expect(received.frames.map((frame) => frame[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('delivers what was sent before a close, and tells both ends once', async () => {
    const pair = await openPair();
    const sent = listen(pair[side]);
    const received = listen(pair[otherSide]);
    pair[side].send(noise(100_000));
    pair[side].close('link_duplicate', 'the other link stays');
    pair[side].close('internal_error', 'a second close changes nothing');
    pair[side].send(Uint8Array.of(1));
    expect(await received.whenClosed()).toBe('link_duplicate: the other link stays');
    expect(await sent.whenClosed()).toBe('link_duplicate: the other link stays');
    expect(received.frames.map((frame) => frame.length)).toEqual([100_000]);
    pair[otherSide].close('normal', 'too late');
    pair[otherSide].send(Uint8Array.of(1));
    expect([sent.closedReasons.length, received.closedReasons.length]).toEqual([1, 1]);
  });

  test('delivers nothing after its own close', async () => {
    const pair = await openPair();
    const closing = listen(pair[otherSide]);
    listen(pair[side]);
    pair[otherSide].close('normal', 'enough');
    for (let i = 0; i < 100; i++) pair[side].send(noise(1000));
    await closing.whenClosed();
    expect(closing.frames).toEqual([]);
  });

  test('reports the bytes that wait, and drained once they are few', async () => {
    const pair = await openPair();
    const sender = listen(pair[side]);
    const frame = noise(1 << 20);
    for (let i = 0; i < 8; i++) pair[side].send(frame);
    expect(pair[side].bufferedBytes).toBeGreaterThan(4 << 20);
    expect(sender.drainedCount).toBe(0);
    const received = listen(pair[otherSide]);
    await sender.until(() => sender.drainedCount > 0);
    expect(pair[side].bufferedBytes).toBeLessThan(WebSocketLinkConnection.bufferedBytesLow);
    await received.until(() => received.frames.length === 8);
    expect(sender.drainedCount).toBe(1);
  });

  test.each(['frame_invalid', 'mesh_key_mismatch', 'region_duplicate', 'link_silent', 'normal'] satisfies Array<ErrorCode | 'normal'>)(
    'carries the code %s to the peer',
    async (code) => {
      const pair = await openPair();
      listen(pair[side]);
      const received = listen(pair[otherSide]);
      pair[side].close(code, 'ü'.repeat(100));
      expect(await received.whenClosed()).toBe(`${code}: ${'ü'.repeat(61)}`);
    },
  );
});

describe('a connection with a peer that breaks the rules', () => {
  interface RawPeer {
    readonly socket: Socket;
    readonly listener: RecordingListener;
    readonly connection: LinkConnection;
  }

  /** A TCP client that upgrades like a link, sends whatever it likes, and hangs up when it is sent a close frame. */
  async function openRawPeer({ extensions = '', answersClose = true } = {}): Promise<RawPeer> {
    let take: (peer: Omit<RawPeer, 'socket'>) => void = () => {};
    const whenAttached = new Promise<Omit<RawPeer, 'socket'>>((resolve) => {
      take = resolve;
    });
    const replica = {
      attachLink: (connection: LinkConnection) => {
        take({ connection, listener: listen(connection) });
        return { whenClosed: new Promise<never>(() => {}), isEstablished: true, close: () => {} };
      },
    };
    const acceptor = acceptLinks({ replica, logger: silentLogger });
    const server = await startServer((http) => http.on('upgrade', (...args) => acceptor.handleUpgrade(...args)));
    cleanups.push(() => server.close());
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      if (answersClose && chunk.includes(closeFrameByte)) socket.end();
    });
    socket.write(
      `GET /v1/link HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Protocol: anabranch.link.1\r\n${extensions}\r\n`,
    );
    return { socket, ...(await whenAttached) };
  }

  /** A client frame with an all-zero mask. */
  function frameOf(firstByte: number, payload: Uint8Array, claimedLength = payload.length): Buffer {
    const header = Buffer.alloc(14);
    header[0] = firstByte;
    header[1] = 0x80 | 127;
    header.writeBigUInt64BE(BigInt(claimedLength), 2);
    return Buffer.concat([header, payload]);
  }

  const binary = 0x82;
  const text = 0x81;
  const compressedBinary = 0xc2;
  const closeFrameByte = 0x88;

  test('[LINK9] a frame above the limit ends it before the frame has arrived', async () => {
    const { socket, listener } = await openRawPeer();
    socket.write(frameOf(binary, new Uint8Array(0), frameBytesMax + 1));
    expect(await listener.whenClosed()).toBe('frame_invalid: Max payload size exceeded');
    expect(listener.frames).toEqual([]);
  });

  test('[LINK9] a frame of the limit passes', async () => {
    const { socket, listener } = await openRawPeer();
    socket.write(frameOf(binary, new Uint8Array(frameBytesMax)));
    await listener.until(() => listener.frames.length === 1);
    expect(listener.frames[0]?.length).toBe(frameBytesMax);
  });

  test('[LINK9] [GUARD4] a compressed frame that would inflate beyond the limit ends it, without being inflated', async () => {
    const { socket, listener } = await openRawPeer({ extensions: 'Sec-WebSocket-Extensions: permessage-deflate\r\n' });
    const bomb = deflateRawSync(new Uint8Array(200 << 20));
    expect(bomb.length).toBeLessThan(frameBytesMax);
    const startMs = performance.now();
    const heapBefore = process.memoryUsage().rss;
    socket.write(frameOf(compressedBinary, bomb));
    expect(await listener.whenClosed()).toBe('frame_invalid: Max payload size exceeded');
    expect(performance.now() - startMs).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - heapBefore).toBeLessThan(64 << 20);
    expect(listener.frames).toEqual([]);
  });

  test('a text frame ends it with frame_invalid', async () => {
    const { socket, listener } = await openRawPeer();
    const answered: Buffer[] = [];
    socket.on('data', (chunk) => answered.push(chunk));
    socket.write(frameOf(text, Buffer.from('hello')));
    expect(await listener.whenClosed()).toBe('frame_invalid: a link carries binary frames only');
    expect(Buffer.concat(answered).includes(Buffer.from([4001 >> 8, 4001 & 255]))).toBe(true);
  });

  test('bytes that are no frame end it with frame_invalid', async () => {
    const { socket, listener } = await openRawPeer();
    socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(await listener.whenClosed()).toMatch(/^frame_invalid: /);
  });

  test('many small fragments end it', async () => {
    const { socket, listener } = await openRawPeer();
    const start = frameOf(0x02, Uint8Array.of(1));
    const more = frameOf(0x00, Uint8Array.of(1));
    socket.write(Buffer.concat([start, ...Array.from({ length: 200 }, () => more)]));
    expect(await listener.whenClosed()).toMatch(/^frame_invalid: /);
    expect(listener.frames).toEqual([]);
  });

  test('a reset is a lost connection', async () => {
    const { socket, listener } = await openRawPeer();
    socket.resetAndDestroy();
    expect(await listener.whenClosed()).toMatch(/^lost: /);
  });

  test('a peer that never answers a close is cut off after the deadline', async () => {
    const { connection, listener } = await openRawPeer({ answersClose: false });
    const startMs = performance.now();
    connection.close('link_silent', 'nothing heard');
    expect(await listener.whenClosed()).toBe('link_silent: nothing heard');
    expect(performance.now() - startMs).toBeLessThan(4_000);
  });
});

describe('dialling', () => {
  async function dialTo(server: LoopbackServer): Promise<unknown> {
    return webSocketDial(realClock)(server.url, new AbortController().signal).catch((error: unknown) => error);
  }

  async function serve(configure: Parameters<typeof startServer>[0]): Promise<LoopbackServer> {
    const server = await startServer(configure);
    cleanups.push(() => server.close());
    return server;
  }

  test('fails at a server that does not upgrade', async () => {
    const server = await serve((http) => http.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n')));
    expect(await dialTo(server)).toMatchObject({ message: 'Unexpected server response: 404' });
  });

  test('fails at a server that speaks another subprotocol', async () => {
    const server = await serve((http) =>
      http.on('upgrade', (request, socket) => {
        const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        const accept = createHash('sha1').update(key).digest('base64');
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
      }),
    );
    expect(await dialTo(server)).toMatchObject({ message: 'Server sent no subprotocol' });
  });

  test('can be aborted while nobody answers', async () => {
    const server = await serve((http) => http.on('upgrade', () => {}));
    const stopping = new AbortController();
    const dialled = webSocketDial(realClock)(server.url, stopping.signal).catch((error: unknown) => error);
    stopping.abort();
    expect(await dialled).toMatchObject({ message: 'the dial was aborted' });
  });
});
