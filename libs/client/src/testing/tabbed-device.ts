// One device for tests: its tabs on one store, one region, and stores that fail or end at a chosen moment.

import { AnabranchError } from '@anabranch/base';
import { YjsDocument } from '@anabranch/crdt/yjs';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { expect, onTestFinished, vi } from 'vitest';
import { Courier } from '../courier/courier.ts';
import { Client, MemoryStore, schema } from '../index.ts';
import { aloneTabs } from '../ports.ts';
import type { ClientStore, NewWrite, StoreChange } from '../store/client-store.ts';
import { platformOf, ScriptedRegion, type ScriptedSession } from './scripted-regions.ts';
import { TabGroup } from './tab-group.ts';

const shape = schema.object({ qty: schema.counter() });
const collections = { carts: { library: 'yjs', schema: shape }, notes: { library: 'yjs', schema: 'freeform' } } as const;
export const ann: DocumentId = parseDocumentId('carts/ann');
export const one = [{ op: 'increment', path: '/qty', by: 1 }] as const;

/** A device whose tabs a test opens, one region, and the session with it. */
export function device() {
  const [berlin, store, group] = [new ScriptedRegion('berlin'), new MemoryStore(), new TabGroup()];
  const { clock, ...platform } = platformOf([berlin]);
  const looks: Array<() => void> = [];
  const setTimer = (afterMs: number, callback: () => void) => {
    if (afterMs !== Courier.lookMs) return clock.setTimer(afterMs, callback);
    looks.push(callback);
    return { cancel: () => void looks.splice(looks.indexOf(callback), 1) };
  };
  const options = { regions: [{ name: 'berlin', url: berlin.url }], collections };
  const open = async (of: ClientStore = store, isAlone = false) => {
    const tabs = isAlone ? { ...aloneTabs, kill: () => {} } : group.tab();
    const client = await Client.create(options, { platform: { ...platform, clock: { ...clock, setTimer }, tabs }, store: of });
    onTestFinished(() => client.close());
    return Object.assign(client, { kill: () => tabs.kill() });
  };
  const session = async (count = 1): Promise<ScriptedSession> => {
    await vi.waitFor(() => expect(berlin.sessions).toHaveLength(count));
    await vi.waitFor(() => expect(berlin.session?.of('follow').length).toBeGreaterThan(0));
    return berlin.session as ScriptedSession;
  };
  /** The time has come to look at the store. */
  const look = (): void => {
    for (const act of looks.splice(0)) act();
  };
  return { berlin, store, group, looks, look, open, session };
}

/** A place in a store that others use, too: closing it leaves the store open. */
export class SharedStore extends MemoryStore {
  readonly shared: ClientStore;

  constructor(shared: ClientStore) {
    super();
    this.shared = shared;
  }

  override open = (mint: () => string) => this.shared.open(mint);
  override load = (document: DocumentId) => this.shared.load(document);
  override append = (write: NewWrite) => this.shared.append(write);
  override pendingAfter = (n: number) => this.shared.pendingAfter(n);
  override commit = (changes: readonly StoreChange[]): Promise<void> => this.shared.commit(changes);
  override close = async (): Promise<void> => {};
}

/** A store whose user is killed as soon as it has kept an answer, before it tells anybody. */
export class FatalStore extends SharedStore {
  readonly #fatal: StoreChange['type'];
  #isOver = false;
  kill: () => void = () => {};

  constructor(shared: ClientStore, fatal: StoreChange['type']) {
    super(shared);
    this.#fatal = fatal;
  }

  override commit = async (changes: readonly StoreChange[]): Promise<void> => {
    if (this.#isOver) throw new AnabranchError('store_failed', 'the tab is gone');
    await this.shared.commit(changes);
    this.#isOver = changes.some(({ type }) => type === this.#fatal);
    if (this.#isOver) this.kill();
  };
}

/** How often a session was asked for the cart. */
export const timesAsked = (session: ScriptedSession): number => session.of('follow').flatMap(({ documents }) => documents).length;

export function stateOf(qty: number, yjsClientId = 2 ** 32 + 5, writer = 'berlin.5f0c12ab90de'): Uint8Array {
  const document = new YjsDocument(shape, { yjsClientId, automergeActor: 'ab'.repeat(16) });
  document.edit({ writer, dot: 1, hlc: { ms: 1, counter: 0 } }, [{ op: 'increment', path: '/qty', by: qty }]);
  return document.encodeState();
}
