// One client at one document, over a socket whose buffer is as full as the test says.

import { parseDocumentId } from '@anabranch/protocol';
import * as A from '@automerge/automerge';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AutomergeDocumentSync, type SyncSocket } from './automerge-document-sync.ts';
import { decodeCbor } from './cbor.ts';
import { defaultSyncLimits } from './sync-limits.ts';
import { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

/** Keeps what is sent. */
class FullSocket implements SyncSocket {
  isOpen = true;
  bufferedBytes = 0;
  readonly sent: ReadonlyMap<string, unknown>[] = [];
  readonly failures: unknown[] = [];
  ingestBytes = 0;
  /** What working something out throws. */
  defect: Error | undefined;

  answer(message: Uint8Array): void {
    this.sent.push(decodeCbor(message) as ReadonlyMap<string, unknown>);
  }

  working<Answer>(work: () => Answer): Answer {
    if (this.defect !== undefined) throw this.defect;
    return work();
  }

  beginIngest(bytes: number): void {
    this.ingestBytes += bytes;
  }

  endIngest(bytes: number): void {
    this.ingestBytes -= bytes;
  }

  fail(error: unknown): void {
    this.failures.push(error);
  }

  /** The sync messages sent since the last call. */
  takeSyncs(): Uint8Array[] {
    return this.sent.splice(0).flatMap((message) => {
      const data = message.get('data');
      return data instanceof Uint8Array ? [data] : [];
    });
  }
}

interface Opened {
  readonly region: TestRegion;
  readonly socket: FullSocket;
  readonly sync: AutomergeDocumentSync;
}

async function open(): Promise<Opened> {
  const region = await TestRegion.start();
  onTestFinished(() => region.stop());
  const socket = new FullSocket();
  let turn = Promise.resolve();
  const sync = new AutomergeDocumentSync(parseDocumentId('carts-automerge/c1'), {
    replica: region.replica,
    socket,
    limits: defaultSyncLimits,
    addressed: { senderId: 'server', targetId: 'client' },
    isTyped: true,
    inTurn: (work) => {
      turn = turn.then(work);
      return turn;
    },
    onHeld: () => {},
    onEphemeral: () => {},
    onEnded: () => {},
  });
  onTestFinished(() => sync.close());
  return { region, socket, sync };
}

/** A client that has nothing yet, and takes what it is sent. */
class Client {
  doc = A.init<unknown>();
  #state = A.initSyncState();

  /** The server has said that it has what this client has. */
  get knowsItIsHeld(): boolean {
    return A.getHeads(this.doc).every((head) => this.#state.sharedHeads.includes(head));
  }

  message(): Uint8Array {
    const [state, message] = A.generateSyncMessage(this.doc, this.#state);
    this.#state = state;
    if (message === null) throw new Error('nothing to say');
    return message;
  }

  take(messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      const [doc, state] = A.receiveSyncMessage(this.doc, this.#state, message);
      this.doc = doc;
      this.#state = state;
    }
  }
}

/** A cart that was filled in another region. */
async function createdCart(): Promise<Uint8Array> {
  const elsewhere = await TestRegion.start({ region: 'tokyo' });
  onTestFinished(() => elsewhere.stop());
  await elsewhere.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
  const session = elsewhere.replica.openSession(parseDocumentId('carts-automerge/c1'), {
    deliver: () => {},
    awareness: () => {},
    ended: () => {},
  });
  const state = session.document.encodeState();
  session.close();
  return state;
}

describe('a document for one client', () => {
  test('[SYNC6] while much waits to be sent nothing is made; then one message covers everything', async () => {
    const { region, socket, sync } = await open();
    await region.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
    const client = new Client();
    sync.receive(client.message(), true);
    await until(() => socket.sent.length === 1, 'answered');
    client.take(socket.takeSyncs());
    sync.receive(client.message(), false);
    await until(() => socket.ingestBytes === 0, 'taken');
    client.take(socket.takeSyncs());
    socket.bufferedBytes = defaultSyncLimits.repoUnsentBytesHigh + 1;
    for (let i = 0; i < 20; i++) await region.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
    sync.drained();
    expect(socket.sent).toEqual([]);
    socket.bufferedBytes = 0;
    sync.drained();
    await until(() => socket.sent.length > 0, 'sent');
    expect(socket.sent.length).toBe(1);
    client.take(socket.takeSyncs());
    const session = region.replica.openSession(parseDocumentId('carts-automerge/c1'), {
      deliver: () => {},
      awareness: () => {},
      ended: () => {},
    });
    const saved = A.load(session.document.encodeState());
    expect(A.getHeads(client.doc)).toEqual(A.getHeads(saved));
    session.close();
  });

  test('[SYNC3] a message is sent only when what it shows is durable, and a store that fails ends the session', async () => {
    const { region, socket, sync } = await open();
    let letThrough: () => void = () => {};
    region.store.gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    void region.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
    await until(() => region.replica.status().opsPending > 0, 'it waits for durability');
    sync.receive(new Client().message(), true);
    await until(() => socket.ingestBytes === 0, 'taken');
    expect(socket.sent).toEqual([]);
    letThrough();
    await until(() => socket.sent.length > 0, 'sent once durable');
    let failStore: (error: Error) => void = () => {};
    region.store.gate = new Promise<void>((_resolve, reject) => {
      failStore = reject;
    });
    void region.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 }).catch(() => {});
    sync.receive(new Client().message(), true);
    await until(() => socket.ingestBytes === 0, 'taken');
    failStore(new Error('the disk is gone'));
    await until(() => socket.failures.length > 0, 'told');
  });

  test('a client that sent changes is told that they are held', async () => {
    const { socket, sync } = await open();
    const client = new Client();
    client.doc = A.load((await createdCart()).slice());
    for (let round = 0; round < 4 && !client.knowsItIsHeld; round++) {
      sync.receive(client.message(), false);
      await until(() => socket.ingestBytes === 0 && socket.sent.length > 0, 'answered');
      client.take(socket.takeSyncs());
    }
    expect(client.knowsItIsHeld).toBe(true);
  });

  test('a client that asks for what is not here is told so, once per question', async () => {
    const { socket, sync } = await open();
    sync.receive(new Client().message(), true);
    await until(() => socket.sent.length === 1, 'answered');
    expect(socket.sent[0]?.get('type')).toBe('doc-unavailable');
  });

  test('[SYNC5] a message that cannot be made ends the session that it was for, whenever it is made', async () => {
    const { region, socket, sync } = await open();
    await region.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
    sync.receive(new Client().message(), true);
    await until(() => socket.sent.length === 1, 'answered');
    socket.defect = new Error('the library does not take it');
    await region.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
    await until(() => socket.failures.length === 1, 'told of what others wrote');
    socket.bufferedBytes = defaultSyncLimits.repoUnsentBytesHigh + 1;
    await region.edit('carts-automerge/c1', { op: 'increment', path: '/items/sku-1/qty', by: 1 });
    socket.bufferedBytes = 0;
    sync.drained();
    expect(socket.failures).toEqual([socket.defect, socket.defect]);
  });
});
