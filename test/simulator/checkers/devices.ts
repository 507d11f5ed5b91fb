// What devices were promised, for all that their users, networks and processes do to them:
//
//   writes   one that a region acknowledged, or that the device kept and nobody refused, is in all regions at the end, whole and
//            with one effect; one that was refused is in none; a sound one is not refused
//   views    what a device has shown it goes on to show, also when it opened the document anew; each view is what the reference
//            model says of the writes whose marks it holds (device-model.ts)
//   the end  every device comes to rest, and shows what regions show
//
// Invariant 1: an acknowledged write is excused by the disk of the region that acknowledged it, when it went back below it.
// Invariant 2: a device that knew of ops which a disk going back made doubtful (Losses.lastingPart) is judged by what it showed
//              before that, and by what was acknowledged: its copy may hold what no region will ever have.
// Invariant 3: what its own store has not kept, or was put back behind, a device may lose; what it was refused it must.

import type { DeviceEvent, DeviceWrite } from '../device/device-history.ts';
import { marksIn } from '../device/device-history.ts';
import type { RunRecord } from '../history.ts';
import { DeviceModels, sameContent } from './device-models.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

type Shown = Extract<DeviceEvent, { kind: 'shown' }>;
type Ended = Extract<DeviceEvent, { kind: 'ended' }>;

export function checkDevices(record: RunRecord): Violation[] {
  const findings = new Findings('devices');
  const run = indexOf(record);
  const { deviceWrites = [], deviceEvents = [] } = record;
  if (run.plantedOrigins.size > 0) return [];
  const doubtful = doubtfulSince(run, deviceEvents);
  const isDoubtful = (device: string, timeMs: number): boolean => (doubtful.get(device) ?? Number.POSITIVE_INFINITY) <= timeMs;
  const isEverDoubtful = (device: string): boolean => doubtful.has(device);
  checkWrites(run, findings, deviceWrites, isEverDoubtful);
  for (const device of new Set(deviceEvents.map((event) => event.device))) {
    const events = deviceEvents.filter((event) => event.device === device && !isDoubtful(device, event.timeMs));
    checkShown(findings, deviceWrites, events);
    for (const event of events) if (event.kind === 'ended') checkEnd(record, findings, event);
  }
  checkViews(record, findings, deviceWrites, deviceEvents);
  return findings.found;
}

/** From when on a device knew of ops whose names may stand for others, or that are gone. */
function doubtfulSince(run: RunIndex, events: readonly DeviceEvent[]): Map<string, number> {
  const since = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== 'region_set_back' || since.has(event.device)) continue;
    if (run.losses.lastingPart(event.known, event.timeMs) !== event.known) since.set(event.device, event.timeMs);
  }
  return since;
}

interface Judged {
  readonly write: DeviceWrite;
  readonly isNowhere: boolean;
  readonly isDoubtful: boolean;
  /** A write of the device found its disk full: what builds on it is incomplete. */
  readonly foundFull: boolean;
}

function checkWrites(run: RunIndex, findings: Findings, writes: readonly DeviceWrite[], isDoubtful: (device: string) => boolean): void {
  const marks = run.record.finalDumps.map(({ region, documents }) => ({
    region,
    has: new Set([...documents].flatMap(([document, { json }]) => marksIn(json).map((mark) => `${document} ${mark}`))),
  }));
  const full = new Set(writes.flatMap(({ device, refusal }) => (refusal === 'store_full' ? [device] : [])));
  for (const write of writes) {
    const { device, mark } = write;
    const details = { device, mark, write: { ...write, edits: write.edits.map(({ document, ops }) => ({ document, ops })) } };
    const places = marks.map(({ region, has }) => ({ region, held: write.edits.filter(({ document }) => has.has(`${document} ${mark}`)) }));
    const partial = places.filter(({ held }) => held.length > 0 && held.length < write.edits.length).map(({ region }) => region);
    if (partial.length > 0) findings.add('a region holds a part of what a device wrote', { ...details, regions: partial });
    if (write.isDurable && write.ack === undefined) findings.add('a device said durable what no region had acknowledged', details);
    const isNowhere = places.every(({ held }) => held.length === 0);
    const judged = { write, isNowhere, isDoubtful: isDoubtful(device), foundFull: full.has(device) };
    const problem = write.refusal === undefined ? problemOfTaken(run, judged) : problemOfRefused(judged, write.refusal);
    if (problem !== undefined) findings.add(problem, details);
  }
}

function problemOfRefused({ isNowhere, isDoubtful, foundFull }: Judged, refusal: string): string | undefined {
  if (isDoubtful) return undefined;
  if (!isNowhere) return 'a write that was refused is in a region';
  const isCaused = refusal === 'store_full' || (refusal === 'update_incomplete' && foundFull);
  return isCaused ? undefined : 'a sound write was refused';
}

function problemOfTaken(run: RunIndex, { write, isNowhere, isDoubtful }: Judged): string | undefined {
  if (!isNowhere) return undefined;
  if (write.ack !== undefined) return isExcused(run, write.ack) ? undefined : 'a write that a region acknowledged to a device is lost';
  const mustArrive = write.isSaved && !write.isForgotten && !isDoubtful;
  return mustArrive ? 'a write that a device kept never reached the regions' : undefined;
}

function isExcused({ losses }: RunIndex, { region, timeMs, covered }: NonNullable<DeviceWrite['ack']>): boolean {
  return Object.entries(covered).some(([origin, seq]) => losses.lostAt(region, { origin, seq }, timeMs) !== undefined);
}

/** What a device has shown of a document it shows from then on. */
function checkShown(findings: Findings, writes: readonly DeviceWrite[], events: readonly DeviceEvent[]): void {
  const byMark = new Map(writes.map((write) => [write.mark, write]));
  const mayVanish = (mark: string): boolean => {
    const write = byMark.get(mark);
    return write === undefined || write.refusal !== undefined || (!write.isSaved && write.ack === undefined);
  };
  const shown = new Map<string, Set<string>>();
  const forgotten = new Set<string>();
  for (const event of events) {
    if (event.kind === 'put_back') shown.clear();
    if (event.kind === 'forgot') forgotten.add(event.document);
    if (event.kind !== 'shown') continue;
    const { document, json, isHeld } = event;
    const before = shown.get(document) ?? new Set<string>();
    const now = new Set(marksIn(json));
    if (isHeld) forgotten.delete(document);
    const missing = forgotten.has(document) ? [] : [...before].filter((mark) => !now.has(mark) && !mayVanish(mark));
    if (missing.length > 0) findings.add('a device showed less than before', { ...placeOf(event), missing });
    // What was said once is enough.
    shown.set(document, missing.length > 0 ? now : new Set([...before, ...now]));
  }
}

function checkEnd(record: RunRecord, findings: Findings, event: Ended): void {
  const { device, timeMs, isSettled, pendingWrites, lastError, documents } = event;
  if (!isSettled) {
    findings.add('a device does not come to rest', { device, timeMs, pendingWrites, lastError, documents: [...documents.keys()] });
    return;
  }
  for (const { region, documents: held } of record.finalDumps) {
    for (const [document, shown] of documents) {
      const other = held.get(document)?.json;
      if (other === undefined && marksIn(shown).length === 0) continue;
      if (other !== undefined && sameContent(shown, other)) continue;
      findings.add('a device shows other content than a region', { device, region, document, shown, held: other });
    }
  }
}

/** Views with their marks, against the model: those of regions at the end, and some of those that devices showed. */
function checkViews(record: RunRecord, findings: Findings, writes: readonly DeviceWrite[], events: readonly DeviceEvent[]): void {
  const models = new DeviceModels(record, writes);
  for (const { region, documents } of record.finalDumps) {
    for (const [document, { json }] of documents) {
      const problem = models.problem(document, json);
      if (problem !== undefined) findings.add('a region shows what devices did not write', { region, document, shown: json, problem });
    }
  }
  const shown = events.filter((event): event is Shown => event.kind === 'shown');
  for (const event of models.sample(shown)) {
    const problem = models.problem(event.document, event.json);
    if (problem !== undefined) findings.add('a device shows what was not written', { ...placeOf(event), shown: event.json, problem });
  }
}

function placeOf({ device, document, timeMs }: Shown): Record<string, unknown> {
  return { device, document, timeMs };
}
