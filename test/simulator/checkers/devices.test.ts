import type { JsonObject } from '@anabranch/base';
import { expect, test } from 'vitest';
import type { DeviceEvent, DeviceWrite } from '../device/device-history.ts';
import type { RegionDump, RegionEvent, RunRecord } from '../history.ts';
import { simulatedCollections } from '../world/collections.ts';
import { checkDevices } from './devices.ts';

const origin = 'berlin.00000000000a';
const document = 'carts/e0';
const empty: JsonObject = { all: [], gift: false, items: {}, lines: [], note: '', status: null, stock: 0, tags: [] };
/** What a document shows that holds so many of the writes. */
const viewOf = (count: number): JsonObject => ({ ...empty, stock: count, tags: ['a-1', 'a-2', 'a-3'].slice(0, count) });

const ack = { timeMs: 5, region: 'berlin', covered: { [origin]: 1 } };

function writeOf(nth: number, more: Partial<DeviceWrite> = {}): DeviceWrite {
  const edits = [{ document, ops: [{ op: 'increment', path: '/stock', by: 1 } as const], shown: viewOf(nth - 1) }];
  const fate = { isSaved: true, isDurable: true, refusal: undefined, ack, isForgotten: false };
  return { device: 'a', mark: `a-${nth}`, timeMs: nth, edits, id: `id-${nth}`, ...fate, ...more };
}

const shown = (timeMs: number, json: JsonObject, isHeld = true): DeviceEvent => ({
  ...{ kind: 'shown', timeMs, device: 'a', document, json, isHeld },
});
const ended = (json: JsonObject, isSettled = true): DeviceEvent => ({
  ...{ kind: 'ended', timeMs: 90, device: 'a', isSettled, pendingWrites: 0, lastError: undefined },
  documents: new Map([[document, json]]),
});

function dump(region: string, json: JsonObject): RegionDump {
  const documents = new Map([[document, { digest: '', json }]]);
  return { region, timeMs: 99, origin, version: {}, documents, quarantinedOrigins: [] };
}

interface Run {
  readonly writes: readonly DeviceWrite[];
  readonly events?: readonly DeviceEvent[];
  readonly held?: JsonObject;
  readonly regionEvents?: readonly RegionEvent[];
}

function messages({ writes, events = [], held = viewOf(writes.length), regionEvents = [] }: Run): string[] {
  const finalDumps = [dump('berlin', held), dump('tokyo', held)];
  const lists = { history: [], dumps: [], regionEvents, finalDumps, collections: simulatedCollections };
  const record: RunRecord = { seed: 1, ...lists, deviceWrites: writes, deviceEvents: events };
  return checkDevices(record).map(({ message }) => message);
}

const setBack = (timeMs: number): RegionEvent => ({ timeMs, region: 'berlin', kind: 'rollback', held: { [origin]: 1 }, left: {} });

test('[SIM35] a device that loses nothing, shows what was written and ends as its regions do keeps its promises', () => {
  const events = [shown(1, viewOf(0)), shown(2, viewOf(1)), shown(3, viewOf(2)), ended(viewOf(2))];
  expect(messages({ writes: [writeOf(1), writeOf(2)], events })).toEqual([]);
});

test('[SIM35] a write that was acknowledged and is nowhere is found, unless the disk of that region went back below it', () => {
  const writes = [writeOf(1), writeOf(2)];
  const lost = 'a write that a region acknowledged to a device is lost';
  expect(messages({ writes, held: viewOf(1) })).toEqual([lost]);
  expect(messages({ writes, held: viewOf(1), regionEvents: [setBack(4)] })).toEqual([lost]);
  expect(messages({ writes, held: viewOf(1), regionEvents: [setBack(6)] })).toEqual([]);
});

test('[SIM35] a write that the device kept and nobody refused is found when no region has it, unless the device was put back', () => {
  const kept = writeOf(1, { ack: undefined, isDurable: false });
  expect(messages({ writes: [kept], held: viewOf(0) })).toEqual(['a write that a device kept never reached the regions']);
  for (const fate of [{ isForgotten: true }, { isSaved: false }, { refusal: 'store_full' }]) {
    expect(messages({ writes: [{ ...kept, ...fate }], held: viewOf(0) })).toEqual([]);
  }
});

test('[SIM35] refusals without a cause, and refused writes in a region, are found', () => {
  const refused = writeOf(1, { ack: undefined, isDurable: false, refusal: 'update_invalid' });
  expect(messages({ writes: [refused], held: viewOf(0) })).toEqual(['a sound write was refused']);
  expect(messages({ writes: [{ ...refused, refusal: 'store_full' }] })).toEqual(['a write that was refused is in a region']);
});

test('[SIM35] a write that the client calls durable before a region does is found, and one that a region holds in part', () => {
  expect(messages({ writes: [writeOf(1, { ack: undefined })] })).toEqual(['a device said durable what no region had acknowledged']);
  const [edit] = writeOf(1).edits;
  const both = edit === undefined ? [] : [edit, { ...edit, document: 'carts/e1' }];
  expect(messages({ writes: [writeOf(1, { edits: both })] })).toEqual(['a region holds a part of what a device wrote']);
});

test('[SIM35] a device that shows less than before is found, unless it was put back, was refused, or began the document anew', () => {
  const writes = [writeOf(1), writeOf(2)];
  const [more, less] = [shown(2, viewOf(2)), shown(7, viewOf(1))];
  const found = ['a device showed less than before'];
  expect(messages({ writes, events: [more, less] })).toEqual(found);
  expect(messages({ writes, events: [more, { kind: 'put_back', timeMs: 6, device: 'a' }, less] })).toEqual([]);
  const forgot: DeviceEvent = { kind: 'forgot', timeMs: 6, device: 'a', document };
  expect(messages({ writes, events: [more, forgot, less] })).toEqual(found);
  expect(messages({ writes, events: [more, forgot, shown(7, viewOf(1), false), shown(8, viewOf(2))] })).toEqual([]);
  const refused = [writeOf(1), writeOf(2, { ack: undefined, isDurable: false, refusal: 'store_full' })];
  expect(messages({ writes: refused, events: [more, less], held: viewOf(1) })).toEqual([]);
});

test('[SIM35] a view that its marks do not explain is found, in a device and in a region', () => {
  const writes = [writeOf(1), writeOf(2)];
  const wrong = { ...viewOf(2), stock: 3 };
  expect(messages({ writes, events: [shown(2, wrong)] })).toEqual(['a device shows what was not written']);
  const inRegions = 'a region shows what devices did not write';
  expect(messages({ writes, held: wrong })).toEqual([inRegions, inRegions]);
});

test('[SIM35] a device that ends otherwise than its regions, or never comes to rest, is found, unless it knew what a disk lost', () => {
  const writes = [writeOf(1), writeOf(2)];
  const other = 'a device shows other content than a region';
  expect(messages({ writes, events: [ended(viewOf(1))] })).toEqual([other, other]);
  expect(messages({ writes, events: [ended(viewOf(1), false)] })).toEqual(['a device does not come to rest']);
  const knew: DeviceEvent = { kind: 'region_set_back', timeMs: 6, device: 'a', known: { [origin]: 1 } };
  expect(messages({ writes, events: [knew, ended(viewOf(1), false)], regionEvents: [setBack(6)] })).toEqual([]);
});
