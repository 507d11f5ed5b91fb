// The examples of docs/client.md: they stand in a program that is run here.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { collections, startAgain, walkThrough } from './client-guide.ts';
import { afterThisTest, connectTo, patience, startMesh } from './client-mesh.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Without the indentation, which differs between a guide and a function. */
const plain = (code: string): string => code.replace(/^ +/gm, '').trim();

test('[CLIENT21] every example of the guide stands in the program', () => {
  const blocks = [...read('../../docs/client.md').matchAll(/^```tsx?\n(.*?)^```/gms)].map(([, code = '']) => plain(code));
  expect(blocks.length).toBeGreaterThan(10);
  const program = plain(read('./client-guide.ts') + read('./cart-page.tsx'));
  for (const block of blocks) expect(program).toContain(block);
});

test('[CLIENT21] the program does what the guide says', async () => {
  const mesh = await startMesh(3, { collections });
  const regions = mesh.regions.map(({ name, url }) => ({ name, url }));
  const folder = mkdtempSync(join(tmpdir(), 'anabranch-guide-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  await walkThrough(regions, folder, async (present) => {
    const { presence } = await (await connectTo(mesh, 'berlin', { collections })).open('notes', 'n1');
    presence.set({ name: 'Bob' });
    presence.subscribe(() => {});
    await vi.waitFor(() => expect(present).toEqual([{ name: 'Bob' }]), patience);
    await vi.waitFor(() => expect([...presence.others.values()]).toEqual([{ name: 'Ann', caret: 5 }]), patience);
  });
  await startAgain(regions, folder);
});
