// The clients of a run, at work from its start until they are told that it is over.

import type { DocumentOp } from '@anabranch/crdt';
import { Device } from '../device/device.ts';
import { DeviceRecorder } from '../device/device-recorder.ts';
import { MarkedEdits } from '../device/marked-edits.ts';
import type { HostileAttempt, ReadSample, SessionAck } from '../history.ts';
import { AutomergeCopy, YjsCopy } from '../workload/client-copy.ts';
import { DoorClient } from '../workload/door-client.ts';
import { OpDraw } from '../workload/draw-ops.ts';
import { HistoryRecorder } from '../workload/history-recorder.ts';
import { ReadSampler } from '../workload/read-sampler.ts';
import { RegionDoor } from '../workload/region-door.ts';
import { SessionClient } from '../workload/session-client.ts';
import { TypedClient } from '../workload/typed-client.ts';
import { Vandal } from '../workload/vandal.ts';
import { depots, typedCollections } from '../world/collections.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';

/** Heads say times in whole milliseconds, at each region on the way. */
const roundingMs = 20;
/** What regions remember of round trips and of times that they were told: as long as a bound, and what they measured before. */
const samplesMs = 30_000;

export interface Workload {
  readonly recorder: HistoryRecorder;
  readonly documents: readonly string[];
  /** One more edit, in a region; true when it was accepted. */
  editOnce(host: RegionHost, document: string, ops: readonly DocumentOp[]): Promise<boolean>;
  /** No operation is begun from here on. */
  end(): void;
  /** Whether the last operation has ended. */
  readonly isIdle: boolean;
  readonly sessionClients: ReadonlyArray<SessionClient | DoorClient>;
  readonly readSamples: readonly ReadSample[];
  readonly sessionAcks: readonly SessionAck[];
  readonly hostileAttempts: readonly HostileAttempt[];
  readonly devices: readonly Device[];
  readonly deviceRecorder: DeviceRecorder;
}

export function startWorkload(world: SimulatedWorld): Workload {
  const { clock, plan, hosts, sometimes, trace } = world;
  const recorder = new HistoryRecorder(() => clock.monotonicMs(), trace);
  const typed = typedCollections.flatMap((collection) => Array.from({ length: plan.documents }, (_, at) => `${collection}/d${at}`));
  const documents = plan.trades ? [...typed, ...depots] : typed;
  const door = new RegionDoor(clock, world.random('door'), world.onDefect);
  const readSampler = new ReadSampler(world.random('read samples'), () => clock.monotonicMs());
  const draw = new OpDraw(world.random('draw'), plan.opKinds, plan.bulkBytes);
  let isOver = false;
  let working = plan.clients.length;
  const clockErrorMs = (): number => clockErrorOf(world);
  const shared = { clock, hosts, documents, door, draw, recorder, readSampler, sometimes, clockErrorMs };
  for (const [at, habits] of plan.clients.entries()) {
    const name = `client-${at}`;
    const client = new TypedClient({
      ...shared,
      name,
      habits,
      random: world.random(name),
      boundsRandom: world.random(`bounds of ${name}`),
    });
    void client
      .work(() => isOver)
      .then(() => {
        working -= 1;
      });
  }
  const lastHabits = { thinkMs: 0, readShare: 0, tokenShare: 0, hopShare: 0, timeoutMs: 5_000, concernShare: 0, boundedShare: 0 };
  const last = new TypedClient({
    ...shared,
    name: 'last',
    habits: lastHabits,
    random: world.random('last'),
    boundsRandom: world.random('last'),
  });
  const sessionAcks: SessionAck[] = [];
  const sessionClients = startSessionClients(world, sessionAcks);
  const hostileAttempts: HostileAttempt[] = [];
  const vandals = Array.from({ length: plan.vandals }, () => {
    return new Vandal({ clock, random: world.random('vandal'), hosts, trace, sometimes, attempts: hostileAttempts });
  });
  const deviceRecorder = new DeviceRecorder(() => clock.monotonicMs(), trace);
  const devices = startDevices(world, deviceRecorder, recorder);
  return {
    recorder,
    documents,
    sessionClients,
    readSamples: readSampler.samples,
    sessionAcks,
    hostileAttempts,
    devices,
    deviceRecorder,
    editOnce: (host, document, ops) => last.editOnce(host, document, ops),
    end: () => {
      isOver = true;
      for (const client of [...sessionClients, ...devices, ...vandals]) client.end();
    },
    get isIdle() {
      return working === 0;
    },
  };
}

/** Half of the shortest round trip that a link has seen, at each region on the way (docs/limitations.md), at most. */
function clockErrorOf({ transits, hosts }: SimulatedWorld): number {
  return roundingMs + ((hosts.length - 1) * transits.longestRoundTripMs(samplesMs)) / 2;
}

/** By turns on both libraries; clients of one library work on one document. */
function startSessionClients(world: SimulatedWorld, acks: SessionAck[]): Array<SessionClient | DoorClient> {
  const { clock, hosts, trace, sometimes, onDefect, plan } = world;
  const doorClients = Array.from({ length: plan.doorClients }, (_, at) => {
    const name = `door-${at}`;
    const random = world.random(name);
    return new DoorClient({ name, document: 'notes/n', copy: new YjsCopy(random), clock, random, hosts, trace, sometimes });
  });
  const sessionClients = Array.from({ length: plan.sessionClients }, (_, at) => {
    const name = `session-${at}`;
    const random = world.random(name);
    const isYjs = at % 2 === 0;
    const copy = isYjs ? new YjsCopy(random) : new AutomergeCopy(random);
    const document = isYjs ? 'notes/n' : 'notes-automerge/n';
    return new SessionClient({ name, document, copy, clock, random, hosts, trace, sometimes, acks, onDefect });
  });
  return [...doorClients, ...sessionClients];
}

function startDevices(world: SimulatedWorld, recorder: DeviceRecorder, history: HistoryRecorder): readonly Device[] {
  const edits = new MarkedEdits(world.random('marked edits'));
  const devices = world.plan.devices.map((habits, at) => new Device({ name: `device-${at}`, world, habits, recorder, edits, history }));
  world.whenSetBack.add(() => {
    for (const device of devices) device.regionSetBack();
  });
  return devices;
}
