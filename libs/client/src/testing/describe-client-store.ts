// What every store of a client does; the test of each adapter calls this.

import { concatBytes, encodeUtf8 } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ClientStore, NewWrite, StoreChange } from '../store/client-store.ts';
import { StoreImage } from '../store/store-image.ts';

export interface StoreUnderTest {
  /** A store on what is kept under this name; opened by the test. */
  readonly make: () => ClientStore;
  /** False for one that keeps nothing beyond the process. */
  readonly isKept: boolean;
}

const berlin = 'berlin.5f0c12ab90de' as OriginId;
const [ann, bob, notes] = ['carts/ann', 'carts/bob', 'notes/n1'].map(parseDocumentId) as [DocumentId, DocumentId, DocumentId];
const names = [ann, bob, notes];
const bytes = (text: string): Uint8Array => encodeUtf8(text);

function writeOf(id: string, documents: readonly DocumentId[] = [ann]): NewWrite {
  const updates = documents.map((document) => ({ document, update: bytes(`${id} ${document}`) }));
  return { id, writer: 'device.1', updates, described: documents.map((document) => ({ document, ops: '[]' })) };
}

/** All that a store tells, in a form that can be compared: of updates what they say together, not how they are cut. */
async function contentsOf(store: ClientStore) {
  const { device, session, followed, refusals, pendingCount } = await store.open(() => 'minted');
  const documents = await Promise.all(
    names.map(async (name) => {
      const { isFollowed, isHeld, updates, pending } = await store.load(name);
      return { name, isFollowed, isHeld, text: concatBytes(updates.map((update) => update.bytes)), pending };
    }),
  );
  const sorted = [...followed].sort((a, b) => (a.document < b.document ? -1 : 1));
  return { device, session, followed: sorted, refusals, documents, pendingCount, pending: await store.pendingAfter(0) };
}

// Mostly of one, so that much happens to it.
const document = fc.constantFrom(ann, ann, ann, ...names);
const someBytes = fc.uint8Array({ minLength: 1, maxLength: 6 });
const session = fc.record({
  seen: fc.constant([[berlin, 7]] as const),
  required: fc.constant([[berlin, 9]] as const),
  resumeKey: fc.constantFrom(new Uint8Array(), new Uint8Array(16)),
  followSerial: fc.nat(9),
});
const place = fc.nat(12);
const refused = fc.record({
  id: fc.constantFrom('w1', 'w2'),
  documents: fc.uniqueArray(document),
  described: fc.array(fc.record({ document, ops: fc.string({ maxLength: 4 }) }), { maxLength: 2 }),
  refusal: fc.record({ code: fc.constant('update_invalid'), message: fc.string({ maxLength: 4 }), details: fc.constant({ at: 1 }) }),
});
const change: fc.Arbitrary<StoreChange> = fc.oneof(
  fc.record({ type: fc.constant('session' as const), session }),
  fc.record({ type: fc.constantFrom('follow' as const, 'forget' as const, 'unhold' as const), document }),
  fc.record({ type: fc.constant('state' as const), document, state: someBytes }),
  fc.record({ type: fc.constant('update' as const), document, update: someBytes }),
  fc.record({ type: fc.constant('refusals' as const), refusals: fc.array(refused, { maxLength: 2 }) }),
  fc.record({ type: fc.constantFrom('settle' as const, 'drop' as const), n: place }),
);
type Step =
  | { readonly append: NewWrite }
  | { readonly commit: readonly StoreChange[] }
  /** Loads a document; a later `fold` takes the place of the updates up to one of those. */
  | { readonly load: DocumentId; readonly skipped: number }
  | { readonly fold: Uint8Array }
  | { readonly reopen: true };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    append: fc
      .tuple(fc.string({ maxLength: 8 }), fc.uniqueArray(document, { minLength: 1 }))
      .map(([id, documents]) => writeOf(id, documents)),
  }),
  { weight: 2, arbitrary: fc.record({ commit: fc.array(change, { maxLength: 4 }) }) },
  fc.record({ load: document, skipped: fc.nat(2) }),
  fc.record({ fold: someBytes }),
  fc.record({ reopen: fc.constant(true as const) }),
);

export function describeClientStore(name: string, setup: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a store of a client`, () => {
    test('[STORE20] names its device once, and keeps what was appended and committed', async () => {
      const { make, isKept } = await setup();
      const store = make();
      expect((await store.open(() => 'one')).device).toBe('one');
      expect((await store.open(() => 'two')).device).toBe('one');
      const n = await store.append(writeOf('w1', [ann, notes]));
      await store.commit([
        { type: 'follow', document: ann },
        { type: 'state', document: ann, state: bytes('state') },
        { type: 'follow', document: bob },
        { type: 'session', session: { seen: [[berlin, 7]], required: [[berlin, 8]], resumeKey: new Uint8Array(16), followSerial: 3 } },
      ]);
      await store.close();
      if (!isKept) return;
      const again = make();
      const kept = await contentsOf(again);
      expect(kept.device).toBe('one');
      expect(kept.session).toEqual({ seen: [[berlin, 7]], required: [[berlin, 8]], resumeKey: new Uint8Array(16), followSerial: 3 });
      expect(kept.followed).toEqual([
        { document: ann, isHeld: true },
        { document: bob, isHeld: false },
      ]);
      expect(kept.pending).toEqual([{ ...writeOf('w1', [ann, notes]), n }]);
      expect(kept.documents[0]?.pending).toEqual(kept.pending);
      await again.close();
    });

    test('[STORE21] a settled write joins its documents, a dropped one leaves nothing', async () => {
      const { make } = await setup();
      const store = make();
      await store.open(() => 'one');
      await store.commit([
        { type: 'follow', document: ann },
        { type: 'state', document: ann, state: bytes('s') },
      ]);
      const [first, second] = [await store.append(writeOf('w1')), await store.append(writeOf('w2'))];
      expect(second).toBeGreaterThan(first);
      await store.commit([
        { type: 'settle', n: first },
        { type: 'drop', n: second },
      ]);
      const { updates, pending } = await store.load(ann);
      expect(updates.map((update) => update.bytes)).toEqual([bytes('s'), bytes(`w1 ${ann}`)]);
      expect(pending).toEqual([]);
      expect(await store.pendingAfter(0)).toEqual([]);
      await store.close();
    });

    testSentWhole(setup);
    testOwnBytes(setup);
    test('[STORE22] a fold takes the place of what it holds, and of nothing later', async () => {
      const { make } = await setup();
      const store = make();
      await store.open(() => 'one');
      await store.commit([{ type: 'follow', document: ann }]);
      for (const text of ['a', 'b', 'c']) await store.commit([{ type: 'update', document: ann, update: bytes(text) }]);
      const upTo = (await store.load(ann)).updates[1]?.at ?? 0;
      await store.commit([{ type: 'update', document: ann, update: bytes('d') }]);
      await store.commit([{ type: 'fold', document: ann, upTo, state: bytes('ab') }]);
      expect((await store.load(ann)).updates.map((update) => update.bytes)).toEqual([bytes('ab'), bytes('c'), bytes('d')]);
      await store.close();
    });

    test('[STORE23] does what the model of it does, whatever comes in whatever order, also over restarts', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 30, size: 'max' }), async (steps) => {
          await followModel(await setup(), steps);
        }),
        { numRuns: name === 'memory' ? 100 : 40 },
      );
    });
  });

  describe(`${name} under load`, () => {
    test('[STORE24] takes many appends at once, in their order', async () => {
      const { make } = await setup();
      const store = make();
      await store.open(() => 'one');
      const places = await Promise.all(Array.from({ length: 100 }, (_, at) => store.append(writeOf(`w${at}`))));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      expect((await store.pendingAfter(places[49] ?? 0)).map(({ id }) => id)).toEqual(Array.from({ length: 50 }, (_, at) => `w${at + 50}`));
      await store.close();
    });
  });
}

function testSentWhole(setup: () => Promise<StoreUnderTest>): void {
  test('[STORE21] a document that is sent whole takes nothing away of what the device had of it', async () => {
    const { make } = await setup();
    const store = make();
    await store.open(() => 'one');
    await store.commit([{ type: 'follow', document: ann }]);
    // Acknowledged before the document came: the state may be of the moment before.
    await store.commit([{ type: 'settle', n: await store.append(writeOf('w1')) }]);
    await store.commit([{ type: 'state', document: ann, state: bytes('state') }]);
    const { updates, isHeld } = await store.load(ann);
    expect([isHeld, updates.map((update) => update.bytes)]).toEqual([true, [bytes(`w1 ${ann}`), bytes('state')]]);
    await store.close();
  });

  test('[STORE21] a document that is held no more keeps what the device has of it, one that is not kept is not taken up', async () => {
    const { make } = await setup();
    const store = make();
    await store.open(() => 'one');
    await store.commit([
      { type: 'follow', document: ann },
      { type: 'state', document: ann, state: bytes('state') },
      { type: 'unhold', document: ann },
      { type: 'unhold', document: bob },
    ]);
    const { isFollowed, isHeld, updates } = await store.load(ann);
    expect([isFollowed, isHeld, updates.map((update) => update.bytes)]).toEqual([true, false, [bytes('state')]]);
    expect((await store.open(() => 'two')).followed).toEqual([{ document: ann, isHeld: false }]);
    await store.close();
  });

  test('[STORE21] a document that was forgotten while it was sent whole is not taken up again', async () => {
    const { make } = await setup();
    const store = make();
    await store.open(() => 'one');
    await store.commit([
      { type: 'follow', document: ann },
      { type: 'forget', document: ann },
    ]);
    await store.commit([{ type: 'state', document: ann, state: bytes('state') }]);
    expect(await store.load(ann)).toEqual({ isFollowed: false, isHeld: false, updates: [], pending: [] });
    await store.close();
  });
}

async function followModel({ make, isKept }: StoreUnderTest, steps: readonly Step[]): Promise<void> {
  let store = make();
  const model = new StoreImage();
  model.device = (await store.open(() => 'minted')).device;
  let loaded: LoadedPlace | undefined;
  for (const taken of steps) {
    if ('append' in taken) {
      expect(await store.append(taken.append)).toBe(model.append(taken.append));
    } else if ('commit' in taken) {
      await store.commit(taken.commit);
      for (const one of taken.commit) model.apply(one);
    } else if ('load' in taken) {
      loaded = (await loadPlace(store, model, taken)) ?? loaded;
    } else if ('fold' in taken) {
      if (loaded !== undefined) await fold(store, model, loaded, taken.fold);
    } else if (isKept) {
      await store.close();
      store = make();
    }
    await expectEqual(store, model);
  }
  await store.close();
}

/** A place among the updates of a document, as the store and the model of it name it. */
interface LoadedPlace {
  readonly document: DocumentId;
  readonly upTo: number;
  readonly upToOfModel: number;
}

type LoadStep = Extract<Step, { readonly load: DocumentId }>;
async function loadPlace(store: ClientStore, model: StoreImage, { load, skipped }: LoadStep): Promise<LoadedPlace | undefined> {
  const upTo = (await store.load(load)).updates.at(-1 - skipped)?.at;
  const upToOfModel = model.load(load).updates.at(-1 - skipped)?.at;
  return upTo === undefined || upToOfModel === undefined ? undefined : { document: load, upTo, upToOfModel };
}

async function fold(store: ClientStore, model: StoreImage, { document, upTo, upToOfModel }: LoadedPlace, state: Uint8Array) {
  await store.commit([{ type: 'fold', document, upTo, state }]);
  model.apply({ type: 'fold', document, upTo: upToOfModel, state });
}

async function expectEqual(store: ClientStore, model: StoreImage): Promise<void> {
  const found = await contentsOf(store);
  const documents = names.map((name) => {
    const { updates, ...rest } = model.load(name);
    return { name, text: concatBytes(updates.map((update) => update.bytes)), ...rest };
  });
  expect(found.documents).toEqual(documents);
  expect(found.pending).toEqual(model.pendingAfter(0));
  expect(found.session).toEqual(model.opening.session);
}

function testOwnBytes(setup: () => Promise<StoreUnderTest>): void {
  test('[STORE37] keeps of bytes that lie in a larger buffer, as in a frame of a region, no more than themselves', async () => {
    const { make } = await setup();
    const store = make();
    await store.open(() => 'one');
    const frame = new Uint8Array(65_536).fill(7);
    const view = (at: number): Uint8Array => frame.subarray(at, at + 3);
    await store.append({ ...writeOf('w1'), updates: [{ document: ann, update: view(4) }] });
    await store.commit([{ type: 'follow', document: ann }]);
    await store.commit([{ type: 'state', document: ann, state: view(1) }]);
    const [first] = (await store.load(ann)).updates;
    await store.commit([
      { type: 'update', document: ann, update: view(2) },
      { type: 'fold', document: ann, upTo: first?.at ?? 0, state: view(3) },
      { type: 'session', session: { seen: [], required: [], resumeKey: view(5), followSerial: 1 } },
    ]);
    const { updates, pending } = await store.load(ann);
    const kept = [...updates.map((update) => update.bytes), ...pending.flatMap((write) => write.updates.map(({ update }) => update))];
    const { resumeKey } = (await store.open(() => 'two')).session ?? {};
    expect([...kept, resumeKey].map((each) => each?.buffer.byteLength)).toEqual([3, 3, 3, 3]);
    await store.close();
  });
}
