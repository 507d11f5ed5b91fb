// Clients that write to the entries of bounded counters themselves, past the rights they would need.

import { concatBytes } from '@anabranch/base';
import { type DocumentOp, identityOf, type Library } from '@anabranch/crdt';
import type { DocumentSession, DocumentSessionListener } from '@anabranch/engine';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import * as Automerge from '@automerge/automerge';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { codeOf } from './linked-mesh.ts';

const collections = [
  ['yjs', 'depots'],
  ['automerge', 'depots-automerge'],
] as const;
const stock = (by: number): DocumentOp[] => [{ op: 'increment', path: '/stock', by }];
const silent: DocumentSessionListener = { deliver() {}, awareness() {}, ended() {} };

/** Berlin has stocked 5, and Tokyo knows. */
async function stocked(document: DocumentId): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh({ seed: 5, regions: ['berlin', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('berlin', document, stock(5));
  await mesh.untilConverged();
  return mesh;
}

let clients = 0;

/** What a client writes that knows all that the session shows. */
function written(library: Library, session: DocumentSession, entries: Readonly<Record<string, string>>): Uint8Array {
  const state = session.document.encodeState();
  clients += 1;
  if (library === 'yjs') {
    const client = new Y.Doc();
    client.clientID = clients;
    Y.applyUpdate(client, state);
    const before = Y.encodeStateVector(client);
    for (const [key, text] of Object.entries(entries)) client.getMap('f').set(key, text);
    return Y.encodeStateAsUpdate(client, before);
  }
  const client = Automerge.getBackend(Automerge.load(state, { actor: String(clients).padStart(32, 'c') }));
  const [, entriesId] = client.getWithType('_root', 'f') ?? [];
  for (const [key, text] of Object.entries(entries)) client.put(String(entriesId), key, text, 'str');
  client.commit(null, 0);
  return client.getLastLocalChange() ?? new Uint8Array();
}

test.each(collections)(
  '[BOUND9] on %s, a forged grant, decrement or take-over is refused before it is logged',
  async (library, collection) => {
    const document = parseDocumentId(`${collection}/d1`);
    const mesh = await stocked(document);
    const [berlin, tokyo] = [mesh.replica('berlin'), mesh.replica('tokyo')];
    const forgeries = {
      grant: { [`stock/${berlin.origin}/>/${tokyo.origin}`]: '5 0' },
      decrement: { [`stock/${berlin.origin}`]: '5 5' },
      'decrement of this region': { [`stock/${tokyo.origin}`]: '0 3' },
      'take-over': { [`stock/${tokyo.origin}/</${berlin.origin}`]: '5 0' },
      'what it may write, and more': { 'status/client': '0000000000000001-0000-x "x"', [`items/a/left/${tokyo.origin}`]: '9 0' },
    };
    for (const [name, entries] of Object.entries(forgeries)) {
      const ended: string[] = [];
      const session = tokyo.openSession(document, { ...silent, ended: (code) => ended.push(code) });
      const before = { version: tokyo.status().version, digest: (await tokyo.digest(document)).digest };
      expect([name, await codeOf(session.ingest(written(library, session, entries)))]).toEqual([name, 'update_invalid']);
      expect([name, ended]).toEqual([name, []]);
      session.close();
      expect({ version: tokyo.status().version, digest: (await tokyo.digest(document)).digest }).toEqual(before);
    }
    const [counter] = (await tokyo.rights(document)).counters;
    expect(counter?.holders).toMatchObject([{ holder: berlin.origin, down: 5 }]);
    expect(counter?.holders).toHaveLength(1);
    await mesh.edit('berlin', document, stock(-4));
    await mesh.untilConverged();
    expect(await mesh.json('tokyo', document)).toMatchObject({ stock: 1, items: {}, status: null });
    expect(new Set(await mesh.digests(document)).size).toBe(1);
  },
);

test.each(collections)(
  '[BOUND9] on %s, beside a refused forgery nothing is lost, here or in other documents',
  async (library, collection) => {
    const document = parseDocumentId(`${collection}/d1`);
    const mesh = await stocked(document);
    const tokyo = mesh.replica('tokyo');
    const other = parseDocumentId(`${collection}/d2`);
    const ended: string[] = [];
    const bystander = tokyo.openSession(other, { ...silent, ended: (code) => ended.push(code) });
    const session = tokyo.openSession(document, silent);
    const forged = written(library, session, { [`stock/${tokyo.origin}`]: '9 0' });
    // On their way to the disk while the forgery comes.
    const edits = [
      mesh.edit('tokyo', document, [...stock(2), { op: 'set', path: '/status', value: 'open' }]),
      mesh.edit('tokyo', other, stock(7)),
    ];
    const answers = await Promise.all([codeOf(session.ingest(forged)), ...edits.map((edit) => codeOf(edit))]);
    expect(answers).toEqual(['update_invalid', 'none', 'none']);
    expect(ended).toEqual([]);
    expect(bystander.document.json()).toMatchObject({ stock: 7 });
    const next = tokyo.openSession(document, silent);
    expect(await codeOf(next.ingest(written(library, next, { 'items/a/name/client': 'x' })))).toBe('none');
    await mesh.edit('tokyo', document, stock(-2));
    await mesh.untilConverged();
    expect(await mesh.json('berlin', document)).toMatchObject({ stock: 5, status: 'open' });
    expect(await mesh.json('berlin', other)).toMatchObject({ stock: 7 });
    expect(new Set(await mesh.digests(document)).size).toBe(1);
  },
);

test('[BOUND9] a forgery in the middle of a large update, which another thread examines, takes all of it down', async () => {
  const document = parseDocumentId('depots-automerge/d1');
  const mesh = await stocked(document);
  const tokyo = mesh.replica('tokyo');
  const session = tokyo.openSession(document, silent);
  const version = tokyo.status().version;
  const changes = (count: number): Uint8Array[] => {
    const client = Automerge.getBackend(Automerge.load(session.document.encodeState(), { actor: String(++clients).padStart(32, 'c') }));
    const [, entriesId] = client.getWithType('_root', 'f') ?? [];
    return Array.from({ length: count }, (_, nth) => {
      const isForged = count > 1_500 && nth === 1_200;
      client.put(String(entriesId), isForged ? `stock/${tokyo.origin}` : `items/k${nth}/name/client`, '9 0', 'str');
      client.commit(null, 0);
      return client.getLastLocalChange() ?? new Uint8Array();
    });
  };
  expect(await codeOf(session.ingest(concatBytes(changes(1_600))))).toBe('update_invalid');
  expect(tokyo.status().version).toEqual(version);
  expect(await codeOf(session.ingest(concatBytes(changes(1_400))))).toBe('none');
});

test.each(collections)('[BOUND9] on %s, what inspection would miss is undone before it is logged', async (library, collection) => {
  const document = parseDocumentId(`${collection}/d1`);
  const mesh = await stocked(document);
  const tokyo = mesh.replica('tokyo');
  const ended: string[] = [];
  const session = tokyo.openSession(document, { ...silent, ended: (code) => ended.push(code) });
  const forged = written(library, session, { [`stock/${tokyo.origin}`]: '9 0' });
  Object.assign(session.document, { inspect: () => ({ update: forged }) });
  const edit = mesh.edit('tokyo', document, stock(2));
  const version = tokyo.status().version;
  expect(await codeOf(session.ingest(forged))).toBe('update_invalid');
  await edit;
  expect(ended).toEqual(['not_ready']);
  await mesh.untilConverged();
  expect(tokyo.status().version.since(version)).toHaveLength(1);
  for (const region of ['berlin', 'tokyo']) expect(await mesh.json(region, document)).toMatchObject({ stock: 7 });
  expect(new Set(await mesh.digests(document)).size).toBe(1);
});

test('[GUARD13] a client cannot write under the identity of an epoch that its region has not heard of yet', async () => {
  const document = parseDocumentId('depots/d1');
  const mesh = await stocked(document);
  mesh.crash('berlin');
  mesh.path('berlin', 'tokyo').cut('both');
  const berlin = await mesh.start('berlin');
  await mesh.clock.advance(6_000);
  const session = mesh.replica('tokyo').openSession(document, silent);
  const client = new Y.Doc();
  client.clientID = identityOf(berlin.origin, new NodeHash()).yjsClientId;
  Y.applyUpdate(client, session.document.encodeState());
  const before = Y.encodeStateVector(client);
  client.getMap('f').set('items/z/name/x', 'x');
  expect(await codeOf(session.ingest(Y.encodeStateAsUpdate(client, before)))).toBe('update_incomplete');
  mesh.path('berlin', 'tokyo').heal();
  await mesh.edit('berlin', document, stock(2));
  await mesh.untilConverged();
  expect(new Set(await mesh.digests(document)).size).toBe(1);
});
