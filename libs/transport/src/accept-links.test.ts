import { connect } from 'node:net';
import { silentLogger } from '@anabranch/base';
import { parseRegionId } from '@anabranch/causality';
import { afterEach, describe, expect, test } from 'vitest';
import { acceptLinks, type LinkAcceptor, unprovenLinksMax } from './accept-links.ts';
import { dialPeers } from './dial-peers.ts';
import { webSocketDial } from './link-dial.ts';
import { ConnectionCollector, type LoopbackServer, realClock, startServer } from './testing/loopback.ts';
import { RecordingListener } from './testing/recording-listener.ts';

const cleanups: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Door {
  readonly server: LoopbackServer;
  readonly acceptor: LinkAcceptor;
  readonly replica: ConnectionCollector;
}

async function openDoor(): Promise<Door> {
  const replica = new ConnectionCollector();
  const acceptor = acceptLinks({ replica, logger: silentLogger });
  const server = await startServer((http) => http.on('upgrade', (...args) => acceptor.handleUpgrade(...args)));
  cleanups.push(() => server.close());
  return { server, acceptor, replica };
}

/** Sends one upgrade request and returns everything the server answers until it hangs up. */
function answerTo(port: number, headers: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
    socket.write(`GET /v1/link HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${headers}\r\n`);
  });
}

const key = `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n`;

describe('accepting links', () => {
  test('refuses who does not speak the link subprotocol, with the reason', async () => {
    const { server, replica } = await openDoor();
    for (const subprotocol of ['', 'Sec-WebSocket-Protocol: anabranch.link.999\r\n', 'Sec-WebSocket-Protocol: ,,\r\n']) {
      const answer = await answerTo(server.port, `${key}${subprotocol}`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('application/problem+json');
      expect(answer).toContain('"code":"protocol_version_unsupported"');
    }
    expect(replica.connections).toEqual([]);
    expect(server.sockets.size).toBe(0);
  });

  test('refuses what is no WebSocket upgrade', async () => {
    const { server, replica } = await openDoor();
    expect(await answerTo(server.port, 'Sec-WebSocket-Protocol: anabranch.link.1\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(replica.connections).toEqual([]);
  });

  test('strangers cannot take the places of links that work, nor keep newcomers out', async () => {
    const { server, replica } = await openDoor();
    const dial = async (): Promise<RecordingListener> => {
      const connection = await webSocketDial(realClock)(server.url, new AbortController().signal);
      const recording = new RecordingListener();
      connection.listen(recording);
      return recording;
    };
    const working = await dial();
    replica.isEstablished = (at) => at === 0 || at === unprovenLinksMax + 2;
    const strangers: RecordingListener[] = [];
    for (let i = 0; i < unprovenLinksMax + 1; i++) strangers.push(await dial());
    expect(await strangers[0]?.whenClosed()).toMatch(/^lost/);
    const newcomer = await dial();
    expect(await strangers[1]?.whenClosed()).toMatch(/^lost/);
    for (let i = 0; i < unprovenLinksMax; i++) strangers.push(await dial());
    await replica.until(() => replica.ends.length === unprovenLinksMax + 1);
    expect([...working.closedReasons, ...newcomer.closedReasons]).toEqual([]);
    expect(server.sockets.size).toBe(unprovenLinksMax + 2);
  });

  test('stopping closes every link, tells the peer, and takes no more', async () => {
    const { server, acceptor, replica } = await openDoor();
    const peer = new ConnectionCollector();
    const random = { u32: () => 0, bytes: (length: number) => new Uint8Array(length) };
    const peers = [{ region: parseRegionId('berlin'), url: server.url }];
    const dialler = dialPeers({ replica: peer, peers, clock: realClock, random, logger: silentLogger });
    await replica.until(() => replica.connections.length === 1);
    await acceptor.stop();
    await peer.until(() => peer.ends.length === 1);
    expect(peer.ends[0]).toMatchObject({ code: 'normal', reason: 'the region is stopping' });
    expect(await answerTo(server.port, `${key}Sec-WebSocket-Protocol: anabranch.link.1\r\n`)).toMatch(/^HTTP\/1\.1 503 /);
    await dialler.stop();
  });

  test('[LINK6] a dialler finds its peer again after each loss', async () => {
    const { server, replica } = await openDoor();
    const peer = new ConnectionCollector();
    const random = { u32: () => 0, bytes: (length: number) => new Uint8Array(length) };
    const peers = [{ region: parseRegionId('berlin'), url: server.url }];
    const dialler = dialPeers({ replica: peer, peers, clock: realClock, random, logger: silentLogger });
    for (let round = 1; round <= 3; round++) {
      await replica.until(() => replica.connections.length === round);
      for (const socket of server.sockets) socket.resetAndDestroy();
    }
    await replica.until(() => replica.connections.length === 4);
    await dialler.stop();
    await replica.until(() => replica.ends.length === 4);
    expect(server.sockets.size).toBe(0);
  });
});
