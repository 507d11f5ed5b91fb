// Random histories of devices that edit one document through several regions: offline, while regions restart and links are
// cut, closed in the middle and opened again, put back to an older copy of their store. Whatever a device shows is what the
// reference model says of the edits that it has, and in the end all show the same.
//
// Each edit leaves its number in a set of the document, so a view tells which edits it holds.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientDocument, type DocumentOp, type DocumentViewOf, schema, type Write } from '@anabranch/client';
import type { ObjectSchema } from '@anabranch/crdt';
import { ReferenceModel } from '@anabranch/crdt/model';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { afterThisTest, connectTo, patience, startMesh } from './client-mesh.ts';
import type { RegionMesh } from './region-mesh.ts';

const fields = schema.object({
  trace: schema.set<number>(),
  stock: schema.counter(),
  all: schema.allValues<number>(),
  gift: schema.flag(),
  note: schema.text(),
  items: schema.map(schema.object({ qty: schema.counter(), gift: schema.flag() })),
});
const collections = { plain: { library: 'yjs', schema: fields }, marged: { library: 'automerge', schema: fields } } as const;
type CollectionName = keyof typeof collections;
type View = DocumentViewOf<(typeof collections)['plain']>;

type Step =
  | { readonly kind: 'edit'; readonly device: number; readonly what: number; readonly by: number }
  | { readonly kind: 'switch' | 'reopen' | 'copy' | 'put back'; readonly device: number }
  | { readonly kind: 'move'; readonly device: number; readonly region: number }
  | { readonly kind: 'cut' | 'heal' | 'restart'; readonly region: number };

const device = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('edit' as const), device, what: fc.nat(9), by: fc.integer({ min: -3, max: 5 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('switch' as const, 'reopen' as const, 'copy' as const, 'put back' as const), device }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('move' as const), device, region: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'heal' as const, 'restart' as const), region: fc.nat(2) }) },
);

/** All edits so far, and what a document that holds some of them must show. */
class History {
  readonly #model = new ReferenceModel(fields as ObjectSchema);
  readonly #events = new Map<number, string[]>();
  readonly durable = new Set<number>();

  /** An edit in the making: its operations, with its number among them. */
  record(writer: string, view: View, ops: readonly DocumentOp[]): readonly DocumentOp[] {
    const number = this.#events.size + 1;
    const seen = this.#held(view);
    const numbered: DocumentOp[] = [...ops, { op: 'add', path: '/trace', value: number }];
    const ids = numbered.map((op, at) => {
      const id = `${number}.${at}`;
      const deleted = op.op === 'delete' ? { deletedText: view.note.slice(op.index, op.index + op.length) } : {};
      this.#model.record({ id, writer, hlc: { ms: number, counter: at }, op, seen: new Set(seen), ...deleted });
      seen.add(id);
      return id;
    });
    this.#events.set(number, ids);
    return numbered;
  }

  /** Notes that the newest edit is durable in a region, when it is: from then on it may not be lost. A client that ends first cannot say. */
  follow(write: Write): void {
    const number = this.count;
    write.when('durable').then(
      () => this.durable.add(number),
      (error: unknown) => expect(error).toMatchObject({ code: 'client_closed' }),
    );
  }

  get count(): number {
    return this.#events.size;
  }

  expectShown(view: View): void {
    const held = this.#held(view);
    const expected = this.#model.view(held, () => view.note) as View;
    expect(sorted(view)).toEqual(sorted(expected));
    expect(this.#model.checkText(held, ['note'], view.note)).toBeUndefined();
  }

  #held(view: View): Set<string> {
    return new Set(view.trace.flatMap((number) => this.#events.get(number) ?? []));
  }
}

/** Concurrent values are shown in the order of stamps, which the model is not told. */
function sorted(view: View): unknown {
  const byNumber = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
  return { ...view, all: byNumber(view.all), trace: byNumber(view.trace) };
}

class Device {
  readonly name: string;
  readonly #mesh: RegionMesh;
  readonly #collection: CollectionName;
  readonly #root: string;
  #folder = 0;
  #copies = 0;
  #client: Awaited<ReturnType<typeof connectTo<typeof collections>>> | undefined;
  #document: ClientDocument<View> | undefined;

  constructor(name: string, mesh: RegionMesh, collection: CollectionName, root: string) {
    this.name = name;
    this.#mesh = mesh;
    this.#collection = collection;
    this.#root = root;
  }

  async open(): Promise<void> {
    this.#client = await connectTo(this.#mesh, 'nearest', { collections, folder: this.#path(this.#folder) });
    this.#document = await this.#client.open(this.#collection, 'd', { startEmpty: true });
  }

  get document(): ClientDocument<View> {
    if (this.#document === undefined) throw new Error('the device is open');
    return this.#document;
  }

  get client() {
    if (this.#client === undefined) throw new Error('the device is open');
    return this.#client;
  }

  toggle(): void {
    if (this.client.status.isOffline) this.client.goOnline();
    else this.client.goOffline();
  }

  /** The store as it is between two runs; later the device is put back to it. */
  async copy(): Promise<void> {
    await this.client.close();
    this.#copies = this.#folder + 1;
    await cp(this.#path(this.#folder), this.#path(this.#copies), { recursive: true });
    await this.open();
  }

  async putBack(): Promise<void> {
    if (this.#copies === 0) return;
    await this.client.close();
    this.#folder = this.#copies;
    this.#copies = 0;
    await this.open();
  }

  async reopen(): Promise<void> {
    await this.client.close();
    await this.open();
  }

  #path(copy: number): string {
    return join(this.#root, `${this.name}-${copy}`);
  }
}

function opsOf(view: View, { what, by }: { readonly what: number; readonly by: number }, unique: string): DocumentOp[] {
  const key = `/items/${'abc'[Math.abs(by) % 3]}`;
  const options: DocumentOp[][] = [
    [{ op: 'increment', path: '/stock', by: by || 1 }],
    [{ op: 'increment', path: `${key}/qty`, by: by || 2 }],
    [{ op: 'increment', path: `${key}/qty`, by: 1 }],
    [{ op: 'remove', path: key }],
    [{ op: by > 1 ? 'enable' : 'disable', path: '/gift' }],
    [{ op: by > 1 ? 'enable' : 'disable', path: `${key}/gift` }],
    [{ op: 'set', path: '/all', value: by }],
    [{ op: 'insert', path: '/note', index: Math.abs(by) % (view.note.length + 1), text: unique }],
    view.note.length > 0 ? [{ op: 'delete', path: '/note', index: Math.abs(by) % view.note.length, length: 1 }] : [],
    [
      { op: 'increment', path: '/stock', by: 1 },
      { op: 'enable', path: '/gift' },
    ],
  ];
  return options[what % options.length] ?? [];
}

async function take(step: Step, devices: readonly Device[], mesh: RegionMesh, history: History): Promise<void> {
  if ('device' in step) {
    const device = devices[step.device % devices.length];
    if (device === undefined) return;
    const { document, client } = device;
    if (step.kind === 'edit') {
      const unique = String.fromCodePoint(0x4e00 + history.count);
      const write = document.edit(history.record(device.name, document.value, opsOf(document.value, step, unique)));
      history.follow(write);
    } else if (step.kind === 'move') client.moveTo(mesh.regions[step.region]?.name ?? 'nearest');
    else if (step.kind === 'switch') device.toggle();
    else if (step.kind === 'reopen') await device.reopen();
    else if (step.kind === 'copy') await device.copy();
    else await device.putBack();
    history.expectShown(device.document.value);
    return;
  }
  const { name } = mesh.regions[step.region] ?? {};
  if (name === undefined) return;
  if (step.kind === 'restart') await mesh.restartRegion(name);
  else if (step.kind === 'cut') await mesh.cut(name);
  else mesh.heal();
}

test.each(['plain', 'marged'] as const)(
  '[CLIENT20] random devices of a collection (%s) show what the model says, and converge',
  async (collection) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        const mesh = await startMesh(3, { collections });
        const root = await mkdtemp(join(tmpdir(), 'anabranch-devices-'));
        afterThisTest(() => rm(root, { recursive: true, force: true }));
        const devices = ['ann', 'bob', 'cleo', 'dan'].map((name) => new Device(name, mesh, collection, root));
        for (const one of devices) await one.open();
        const history = new History();
        for (const one of devices) one.document.subscribe(({ value }) => history.expectShown(value));
        for (const taken of steps) await take(taken, devices, mesh, history);

        mesh.heal();
        for (const { client } of devices) {
          client.moveTo('nearest');
          client.goOnline();
        }
        const digests = () => Promise.all(mesh.regions.map((region) => region.digest(`${collection}/d`)));
        await vi.waitFor(async () => {
          for (const { client } of devices) expect(client.status.pendingWrites).toBe(0);
          expect(new Set(await digests()).size).toBe(1);
          for (const { document } of devices) expect(document.value).toEqual(devices[0]?.document.value);
          expect(await mesh.regions[0]?.read(`${collection}/d`)).toEqual(devices[0]?.document.value);
        }, patience);
        const shown = devices[0]?.document.value as View;
        history.expectShown(shown);
        for (const number of history.durable) expect(shown.trace).toContain(number);
        for (const { client } of devices) await client.close();
        await mesh.stop();
      }),
      { numRuns: Number(process.env['ANABRANCH_TEST_RUNS'] ?? 6), endOnFailure: true },
    );
  },
  300_000,
);
