import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocumentId } from '@anabranch/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, schema } from '../index.ts';
import { QuietPlatform } from '../testing/quiet-platform.ts';
import { FolderStore } from './folder-store.ts';

const collections = { carts: { library: 'yjs', schema: schema.object({ qty: schema.counter() }) } } as const;
const ann = parseDocumentId('carts/ann');

test('[CLIENT45] a program that listens late, or not at all, is told of a refusal when it listens', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'anabranch-refusals-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const store = new FolderStore(folder);
  await store.open(() => 'device0000000000');
  const refusal = { code: 'update_invalid', message: 'no', details: {} };
  await store.commit([{ type: 'refusals', refusals: [{ id: 'x.1', documents: [ann], described: [{ document: ann, ops: '' }], refusal }] }]);
  await store.close();
  const regions = [{ name: 'berlin', url: 'http://127.0.0.1:9' }];
  const start = async () => {
    const client = await Client.create({ regions, collections }, { platform: new QuietPlatform(), store: new FolderStore(folder) });
    onTestFinished(() => client.close());
    await client.open('carts', 'ann', { startEmpty: true });
    return client;
  };
  await (await start()).close();
  const heard: string[] = [];
  const client = await start();
  client.onRefused(({ id }) => heard.push(id));
  await vi.waitFor(() => expect(heard).toEqual(['x.1']));
  await client.close();
  const again = await start();
  again.onRefused(({ id }) => heard.push(id));
  await again.close();
  expect(heard).toEqual(['x.1']);
});
