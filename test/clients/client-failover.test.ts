// What a client goes through: regions that die, devices that are offline, stores that were put back.

import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { afterThisTest, connect, patience, startMesh } from './client-mesh.ts';

const tea = (by: number) => ({ op: 'increment', path: '/items/tea/qty', by }) as const;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anabranch-device-'));
  afterThisTest(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe('a client', () => {
  test('[CLIENT10] that may choose goes to another region when its own dies, and loses and doubles nothing', async () => {
    const mesh = await startMesh();
    const client = await connect(mesh);
    const cart = await client.open('carts', 'ann');
    let shown = 0;
    cart.subscribe(({ value }) => {
      const qty = value.items['tea']?.qty ?? 0;
      expect(qty).toBeGreaterThanOrEqual(shown);
      shown = qty;
    });
    const writes = [];
    for (let round = 0; round < 6; round++) {
      for (let count = 0; count < 10; count++) writes.push(cart.edit([tea(1)]));
      const { region } = client.status;
      if (region !== undefined && round % 2 === 1) await mesh.restartRegion(region);
      await vi.waitFor(() => expect(client.status.connection).toBe('online'), patience);
    }
    mesh.heal();
    await Promise.all(writes.map((write) => write.when('durable')));
    expect(cart.value.items['tea']?.qty).toBe(60);
    for (const region of mesh.regions)
      await vi.waitFor(async () => expect(await region.read('carts/ann')).toMatchObject({ items: { tea: { qty: 60 } } }), patience);
  });

  test('[CLIENT11] works offline, and is taken up again where it was', async () => {
    const mesh = await startMesh(2);
    const folder = await newFolder();
    const device = await connect(mesh, 'berlin', { folder });
    const cart = await device.open('carts', 'ann');
    await cart.edit([tea(1)]).when('durable');
    device.goOffline();
    await vi.waitFor(() => expect(device.status.connection).toBe('offline'), patience);
    const offline = cart.edit([tea(2)]);
    await offline.when('saved');
    await device.close();

    // A cold start without any region: what was kept is there, and may be changed.
    await mesh.stopRegion('berlin');
    await mesh.stopRegion('new-york');
    const again = await connect(mesh, 'berlin', { folder });
    const kept = await again.open('carts', 'ann');
    expect(kept.value.items['tea']?.qty).toBe(3);
    await kept.edit([tea(4)]).when('saved');
    await expect(again.open('carts', 'bob', { waitMs: 1 })).rejects.toMatchObject({ code: 'document_unavailable' });
    const restock = [{ document: 'depots/d', ops: [{ op: 'increment', path: '/stock', by: 5 }] }] as const;
    expect(await again.submit(restock, { timeoutMs: 1 }).catch(({ code }) => code)).toBe('region_unreachable');
    const fresh = await again.open('carts', 'new', { startEmpty: true });
    await fresh.edit([tea(8)]).when('saved');
    await again.close();
    const third = await connect(mesh, 'berlin', { folder });
    expect((await third.open('carts', 'new')).value.items['tea']?.qty).toBe(8);
    const pending = await third.pendingWrites();
    expect(pending.map(({ id, state, described }) => [id === offline.id, state, described[0]?.document])).toEqual([
      [true, 'saved', 'carts/ann'],
      [false, 'saved', 'carts/ann'],
      [false, 'saved', 'carts/new'],
    ]);
    expect(await third.pendingWrites()).toEqual(pending);

    await mesh.startRegion('berlin');
    await vi.waitFor(
      async () => expect(await mesh.region('berlin').read('carts/ann')).toMatchObject({ items: { tea: { qty: 7 } } }),
      patience,
    );
    await vi.waitFor(() => expect(third.status.pendingWrites).toBe(0), patience);
    await Promise.all(pending.map((write) => write.when('durable')));
    expect(await third.pendingWrites()).toEqual([]);
  });

  test('[CLIENT12] moved to a region that lacks what it has seen shows nothing older, and its writes come after what it saw', async () => {
    const mesh = await startMesh(2);
    const client = await connect(mesh, 'new-york');
    const cart = await client.open('carts', 'ann');
    await mesh.cut();
    await cart.edit([tea(5)]).when('durable');
    client.moveTo('berlin');
    await vi.waitFor(() => expect(client.status).toMatchObject({ region: 'berlin', lacksHere: true }), patience);
    expect(cart.value.items['tea']?.qty).toBe(5);
    const write = cart.edit([tea(1)]);
    const fresh = client.open('carts', 'fresh');
    // Both wait: berlin has not what was shown here.
    expect(await Promise.race([write.when('durable'), fresh, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe('waits');
    expect(await mesh.region('berlin').read('carts/ann')).toMatchObject({ items: {} });
    mesh.heal();
    await write.when('all');
    expect((await fresh).value.items).toEqual({});
    await vi.waitFor(() => expect(client.status.lacksHere).toBe(false), patience);
    expect(await mesh.region('berlin').read('carts/ann')).toMatchObject({ items: { tea: { qty: 6 } } });
  });

  test('[CLIENT13] whose store was put back to an older copy loses nothing that regions had, and breaks nobody', async () => {
    const mesh = await startMesh(2);
    const [folder, copy] = [await newFolder(), await newFolder()];
    const watcher = await connect(mesh, 'new-york');
    const watched = await watcher.open('carts', 'ann');
    const device = await connect(mesh, 'berlin', { folder });
    const cart = await device.open('carts', 'ann');
    await cart.edit([tea(1), { op: 'insert', path: '/note', index: 0, text: 'one ' }]).when('all');
    await device.close();
    await cp(folder, copy, { recursive: true });

    const later = await connect(mesh, 'berlin', { folder });
    const newer = await later.open('carts', 'ann');
    await newer.edit([tea(10), { op: 'insert', path: '/note', index: 4, text: 'two ' }]).when('all');
    await later.close();

    // The copy writes before it has heard of anything that the device wrote since.
    await mesh.cut();
    const restored = await connect(mesh, 'berlin', { folder: copy });
    restored.goOffline();
    const old = await restored.open('carts', 'ann');
    expect(old.value.items['tea']?.qty).toBe(1);
    await old.edit([tea(100), { op: 'insert', path: '/note', index: 4, text: 'three ' }]).when('saved');
    restored.goOnline();
    mesh.heal();
    await vi.waitFor(() => expect([old.value.items['tea']?.qty, watched.value.items['tea']?.qty]).toEqual([111, 111]), patience);
    for (const word of ['one', 'two', 'three']) expect(watched.value.note).toContain(word);
    await vi.waitFor(() => expect(old.value).toEqual(watched.value), patience);
    expect(await mesh.region('berlin').digest('carts/ann')).toBe(await mesh.region('new-york').digest('carts/ann'));
  });

  test('[CLIENT13] put back to when it followed more, it follows that again', async () => {
    const mesh = await startMesh(1);
    const [folder, copy] = [await newFolder(), await newFolder()];
    const other = await (await connect(mesh)).open('carts', 'bob');
    const device = await connect(mesh, 'new-york', { folder });
    await device.open('carts', 'bob');
    await (await device.open('carts', 'ann')).edit([tea(1)]).when('all');
    await device.close();
    await cp(folder, copy, { recursive: true });
    const later = await connect(mesh, 'new-york', { folder });
    await vi.waitFor(() => expect(later.status.connection).toBe('online'), patience);
    await later.forget('carts', 'bob');
    await (await later.open('carts', 'cleo')).edit([tea(1)]).when('all');
    await later.close();
    await other.edit([tea(5)]).when('all');
    const restored = await connect(mesh, 'new-york', { folder: copy });
    const bob = await restored.open('carts', 'bob');
    await vi.waitFor(() => expect(bob.value.items['tea']?.qty).toBe(5), patience);
  });

  test('[CLIENT13] and its copy, used at the same time, both go on', async () => {
    const mesh = await startMesh(1);
    const [folder, copy] = [await newFolder(), await newFolder()];
    const device = await connect(mesh, 'new-york', { folder });
    await (await device.open('carts', 'ann')).edit([tea(1)]).when('all');
    await device.close();
    await cp(folder, copy, { recursive: true });
    const [one, two] = [await connect(mesh, 'new-york', { folder }), await connect(mesh, 'new-york', { folder: copy })];
    const [here, there] = [await one.open('carts', 'ann'), await two.open('carts', 'ann')];
    here.edit([tea(10)]);
    there.edit([tea(100)]);
    await vi.waitFor(() => expect([here, there].map(({ value }) => value.items['tea']?.qty)).toEqual([111, 111]), patience);
    // Neither takes the other's place again and again.
    await vi.waitFor(() => expect([one, two].map(({ status }) => status.connection)).toEqual(['online', 'online']), patience);
    let interruptions = 0;
    for (const client of [one, two])
      client.onStatus(() => {
        if (client.status.connection !== 'online') interruptions += 1;
      });
    for (let count = 0; count < 20; count++) await Promise.all([here, there].map((cart) => cart.edit([tea(1)]).when('durable')));
    expect(interruptions).toBe(0);
  });

  test('[CLIENT14] follows what it kept after its region has forgotten it, and after a restart of its own', async () => {
    const mesh = await startMesh(1);
    const folder = await newFolder();
    const [device, other] = [await connect(mesh, 'new-york', { folder }), await connect(mesh, 'new-york')];
    const [carts, others] = [[], []] as [Awaited<ReturnType<typeof open>>[], Awaited<ReturnType<typeof open>>[]];
    const open = (client: typeof device, id: number) => client.open('carts', `c${id}`);
    for (let id = 0; id < 20; id++) {
      carts.push(await open(device, id));
      others.push(await open(other, id));
    }
    await device.close();
    for (const cart of others) cart.edit([tea(1)]);
    await mesh.restartRegion('new-york');
    await Promise.all(others.map((cart) => cart.edit([tea(1)]).when('durable')));
    const again = await connect(mesh, 'new-york', { folder });
    for (let id = 0; id < 20; id++) {
      const cart = await open(again, id);
      await vi.waitFor(() => expect(cart.value.items['tea']?.qty).toBe(2), patience);
    }
  });
});
