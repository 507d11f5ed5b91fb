// A device: a store that outlives processes, a network that comes and goes, and at most one process with the real client on
// both. Its application opens documents, changes them, forgets them, and its user switches, moves and restarts it.
//
//   down --start--> starting --client made--> up --closed, killed--> down
//
// Invariant 1: a process is told nothing after its end (SimulatedProcess).
// Invariant 2: the device draws from streams of its own: what others do stays as it is without it.

import { isAnabranchError, type JsonObject } from '@anabranch/base';
import { aloneTabs, Client, type ClientDocument, type Collections, type Write } from '@anabranch/client';
import type { Vector } from '../history.ts';
import type { Enter } from '../network/simulated-connection.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { HistoryRecorder } from '../workload/history-recorder.ts';
import { simulatedCollections } from '../world/collections.ts';
import { RegionClock } from '../world/region-clock.ts';
import { SimulatedProcess } from '../world/simulated-process.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';
import { Application, deviceDocuments } from './application.ts';
import { DeviceDisk, DeviceStore, keepMsMax } from './device-disk.ts';
import type { DeviceHabits } from './device-habits.ts';
import { DeviceNetwork } from './device-network.ts';
import type { DeviceRecorder } from './device-recorder.ts';
import type { MarkedEdits } from './marked-edits.ts';
import { Submitter } from './submitter.ts';

export interface DeviceParts {
  readonly name: string;
  readonly world: SimulatedWorld;
  readonly habits: DeviceHabits;
  readonly recorder: DeviceRecorder;
  readonly edits: MarkedEdits;
  /** Of what regions are asked. */
  readonly history: HistoryRecorder;
}

/** What runs while a device is up. */
interface RunningClient {
  readonly process: SimulatedProcess;
  readonly client: Client;
  readonly documents: Map<string, ClientDocument<JsonObject>>;
}

const openMsMax = 15_000;
/** A kill that waits for a moment of its kind comes in any case after so long. */
const momentMsMax = 8_000;
const copyEveryMs = 15_000;
/** How often a write finds the disk of the device full, while anything goes. */
const fullShare = 0.004;
/** How often a commit of its store fails; and how long, at most, until its user starts the application again. */
const failShare = 0.004;
const restartMsMax = 10_000;
/** How many writes there are to one submission. */
const writesPerSubmission = 6;

export class Device {
  readonly name: string;
  readonly #parts: DeviceParts;
  readonly #random: SeededRandom;
  readonly #disk: DeviceDisk;
  readonly #application: Application;
  readonly #submitter: Submitter;
  readonly #network: DeviceNetwork;
  readonly #copies: ReturnType<DeviceDisk['copy']>[] = [];
  readonly #onlineListeners = new Set<() => void>();
  #process: SimulatedProcess | undefined;
  #running: RunningClient | undefined;
  #incarnations = 0;
  #known: Record<string, number> = {};
  #isOver = false;

  constructor(parts: DeviceParts) {
    this.name = parts.name;
    this.#parts = parts;
    const { world, recorder } = parts;
    this.#random = world.random(parts.name);
    this.#application = new Application({ ...parts, random: this.#random });
    this.#disk = new DeviceDisk((writeId) => recorder.kept(writeId));
    const submissions = this.#random.fork('submissions');
    this.#submitter = new Submitter({ name: parts.name, clock: world.clock, random: submissions, recorder, sometimes: world.sometimes });
    this.#network = new DeviceNetwork({
      device: parts.name,
      history: parts.history,
      clock: world.clock,
      random: this.#random.fork('network'),
      hosts: world.hosts,
      onDefect: world.onDefect,
      observer: {
        acknowledged: (region, updates, covered) => {
          world.sometimes.hit('device_write_acknowledged');
          recorder.acknowledged(region, updates, Object.fromEntries(covered));
        },
        told: (vector) => {
          for (const [origin, seq] of vector) this.#known[origin] = Math.max(seq, this.#known[origin] ?? 0);
        },
      },
    });
    this.#start();
    this.#now(parts.habits.thinkMs, () => this.#write());
    this.#now(writesPerSubmission * parts.habits.thinkMs, () => this.#submit(), submissions);
    this.#now(parts.habits.troubleMs, () => this.#trouble());
    if (Number.isFinite(parts.habits.troubleMs)) this.#copyDisk();
  }

  /** The disk of a region has gone back in time. */
  regionSetBack(): void {
    this.#parts.recorder.note(this.name, { kind: 'region_set_back', known: { ...this.#known } satisfies Vector });
  }

  /** Nothing more is written, and nothing befalls the device: it comes back, and goes on to exchange. */
  end(): void {
    this.#isOver = true;
    this.#network.breakSilence();
    this.#restoreNetwork();
    this.#start();
    this.#goOn();
  }

  /** Connected to a region that has all that was shown here, with nothing to send, and every document open, which a region has sent. */
  get isSettled(): boolean {
    const running = this.#running;
    if (running === undefined) return false;
    const { connection, lacksHere, pendingWrites } = running.client.status;
    const held = [...running.documents.values()].filter(({ isHeld }) => isHeld);
    return connection === 'online' && !lacksHere && pendingWrites === 0 && held.length === deviceDocuments.length;
  }

  noteEnd(): void {
    const running = this.#running;
    const documents = new Map([...(running?.documents ?? [])].map(([name, { value }]) => [name, value] as const));
    const pendingWrites = running?.client.status.pendingWrites ?? 0;
    const lastError = running?.client.status.lastError?.code;
    this.#parts.recorder.note(this.name, { kind: 'ended', isSettled: this.isSettled, pendingWrites, lastError, documents });
  }

  /** Does something again and again, until it is over. */
  #now(meanMs: number, act: () => void, random: SeededRandom = this.#random): void {
    if (!Number.isFinite(meanMs)) return;
    this.#parts.world.clock.setTimer(-Math.log(1 - random.u32() / 2 ** 32) * meanMs, () => {
      if (this.#isOver) return;
      act();
      this.#now(meanMs, act, random);
    });
  }

  #start(): void {
    if (this.#process !== undefined) return;
    this.#incarnations += 1;
    const { world } = this.#parts;
    const process = new SimulatedProcess(this.#incarnations, (error) => {
      world.onDefect(`${this.name} threw: ${stackOf(error)}`);
      this.#kill();
    });
    this.#process = process;
    world.trace.note(`${this.name} process ${process.incarnation} starts`);
    process.enter(() => {
      this.#open(process).catch((error: unknown) => world.onDefect(`${this.name} does not start: ${stackOf(error)}`));
    });
  }

  async #open(process: SimulatedProcess): Promise<void> {
    const { world, recorder, habits } = this.#parts;
    const clock = new RegionClock(world.clock).of(process);
    const random = this.#random.fork(`process ${process.incarnation}`);
    const isInTrouble = Number.isFinite(habits.troubleMs) && !this.#isOver;
    const store = new DeviceStore({
      ...{ disk: this.#disk, clock, random: random.fork('store'), fullShare: isInTrouble ? fullShare : 0 },
      failShare: isInTrouble ? failShare : 0,
      onFailed: () => this.#storeFailed(process),
      onAppend: ({ id, updates }) => recorder.appended(id, updates),
    });
    const platform = {
      ...{ clock, random, tabs: aloneTabs },
      connect: this.#network.connectFor(process.enter),
      sendHttp: this.#network.sendHttpFor(process.enter),
      onOnline: (listener: () => void): (() => void) => this.#onOnline(process.enter, listener),
    };
    const regions = world.hosts.map(({ region }) => ({ name: region, url: `http://${region}` }));
    const collections: Collections = Object.fromEntries(simulatedCollections);
    const client = await Client.create({ regions, collections }, { platform, store });
    const running: RunningClient = { process, client, documents: new Map() };
    this.#running = running;
    client.onRefused((write) => this.#refused(write));
    for (const name of deviceDocuments) this.#openDocument(running, name);
  }

  /** Until it is open, or the process is gone. */
  #openDocument(running: RunningClient, name: string): void {
    const { client, process, documents } = running;
    const [collection = '', id = ''] = name.split('/');
    const options = this.#random.chance(0.4) ? { startEmpty: true } : { waitMs: openMsMax };
    const again = (): void => {
      this.#parts.world.clock.setTimer(500 + this.#random.below(1_500), () => {
        if (this.#running === running && !documents.has(name)) process.enter(() => this.#openDocument(running, name));
      });
    };
    client.open(collection, id, options).then((document) => {
      if (this.#running !== running) return;
      const opened: ClientDocument<JsonObject> = document;
      documents.set(name, opened);
      this.#shown(opened);
      opened.subscribe(() => this.#shown(opened));
    }, again);
  }

  #shown({ name, value, isHeld }: ClientDocument<JsonObject>): void {
    this.#parts.recorder.shown(this.name, name, value, isHeld);
  }

  #write(): void {
    const running = this.#running;
    running?.process.enter(() => this.#application.write(running.client, [...running.documents.values()]));
  }

  #submit(): void {
    const running = this.#running;
    running?.process.enter(() => {
      this.#submitter
        .submit(running.client, () => this.#running !== running)
        .catch((error: unknown) => {
          this.#parts.world.onDefect(`${this.name} threw at a submission: ${stackOf(error)}`);
        });
    });
  }

  #refused(write: Write): void {
    this.#parts.world.sometimes.hit(write.error?.code === 'store_full' ? 'device_full' : 'device_write_refused');
    this.#parts.recorder.refused(write.id, write.error?.code ?? 'internal_error');
  }

  /** What befalls a device in the hands of its user. */
  #trouble(): void {
    const random = this.#random;
    const kind = random.pick([
      'switch',
      'switch',
      'move',
      'move',
      'forget',
      'close',
      'kill',
      'kill',
      'kill',
      'put back',
      'cut',
      'cut',
    ] as const);
    const running = this.#running;
    const { trace, sometimes, hosts } = this.#parts.world;
    trace.note(`${this.name} in trouble: ${kind}`);
    if (kind === 'kill') return this.#killAtSomeMoment(() => {});
    if (kind === 'put back') return this.#killAtSomeMoment(() => this.#putBack());
    if (kind === 'cut') return this.#cutNetwork();
    if (running === undefined) return;
    running.process.enter(() => {
      const { client } = running;
      if (kind === 'switch') {
        if (client.status.isOffline) client.goOnline();
        else client.goOffline();
        sometimes.hit('device_switched');
      } else if (kind === 'move') {
        client.moveTo(random.pick(['nearest', ...hosts.map(({ region }) => region)]));
        sometimes.hit('device_moved');
      } else if (kind === 'forget') {
        this.#forget(running, random.pick(deviceDocuments));
      } else {
        this.#close(running);
      }
    });
  }

  #forget(running: RunningClient, name: string): void {
    if (!running.documents.delete(name)) return;
    const { recorder, world } = this.#parts;
    recorder.note(this.name, { kind: 'forgot', document: name });
    world.sometimes.hit('device_forgot');
    const [collection = '', id = ''] = name.split('/');
    const afterMs = this.#random.below(3_000);
    const reopen = (): void =>
      void world.clock.setTimer(afterMs, () => {
        if (this.#running === running && !running.documents.has(name)) running.process.enter(() => this.#openDocument(running, name));
      });
    // When its store fails the device keeps the document still.
    running.client.forget(collection, id).then(reopen, (error: unknown) => {
      if (!isAnabranchError(error, 'store_failed')) world.onDefect(`${this.name} did not forget ${name}: ${stackOf(error)}`);
      reopen();
    });
  }

  /** The client speaks with no region any more, and says why: it is closed, by force, and begun again. */
  #storeFailed(process: SimulatedProcess): void {
    const { sometimes, trace, clock } = this.#parts.world;
    sometimes.hit('device_store_failed');
    trace.note(`${this.name} store fails`);
    clock.setTimer(this.#random.below(restartMsMax), () => {
      if (this.#process !== process) return;
      this.#kill();
      this.#startLater();
    });
  }

  /** Closed by its application, which waits until all is saved. */
  #close(running: RunningClient): void {
    const { sometimes } = this.#parts.world;
    this.#running = undefined;
    void running.client.close().then(() => {
      if (this.#process !== running.process) return;
      sometimes.hit('device_closed');
      this.#kill();
      this.#startLater();
    });
  }

  /** Between any two events: now, after some more of the process, or while something is on its way to the store. */
  #killAtSomeMoment(then: () => void): void {
    const process = this.#process;
    if (process === undefined) return;
    const kill = (): void => {
      if (this.#process !== process || this.#isOver) return;
      this.#parts.world.sometimes.hit('device_killed');
      this.#kill();
      then();
      this.#startLater();
    };
    const { clock } = this.#parts.world;
    const moment = this.#random.pick(['now', 'entries', 'store', 'store'] as const);
    const afterMs = (this.#random.u32() / 2 ** 32) * keepMsMax;
    if (moment === 'now') return kill();
    if (moment === 'entries') process.afterEntries(1 + this.#random.below(40), () => void clock.setTimer(0, kill));
    else this.#disk.onNextStep = () => void clock.setTimer(afterMs, kill);
    clock.setTimer(momentMsMax, kill);
  }

  #kill(): void {
    this.#process?.end();
    this.#process = undefined;
    this.#running = undefined;
    this.#onlineListeners.clear();
    this.#network.reset();
    this.#disk.crash(this.#random);
  }

  #startLater(): void {
    this.#parts.world.clock.setTimer(this.#random.below(4_000), () => {
      this.#start();
      if (this.#isOver) this.#goOn();
    });
  }

  #copyDisk(): void {
    this.#copies.push(this.#disk.copy());
    if (this.#copies.length > 4) this.#copies.shift();
    if (!this.#isOver) this.#parts.world.clock.setTimer(copyEveryMs, () => this.#copyDisk());
  }

  #putBack(): void {
    if (this.#copies.length === 0) return;
    this.#disk.restore(this.#random.pick(this.#copies));
    this.#parts.recorder.putBack(this.name, this.#disk.writeIds());
    this.#parts.world.sometimes.hit('device_put_back');
  }

  #cutNetwork(): void {
    const { clock, sometimes } = this.#parts.world;
    sometimes.hit('device_cut');
    this.#network.cut(this.#random.chance(0.4));
    clock.setTimer(this.#random.below(15_000), () => this.#restoreNetwork());
  }

  #restoreNetwork(): void {
    this.#network.restore();
    for (const listener of [...this.#onlineListeners]) listener();
  }

  #onOnline(enter: Enter, listener: () => void): () => void {
    const entered = (): void => enter(listener);
    this.#onlineListeners.add(entered);
    return () => this.#onlineListeners.delete(entered);
  }

  /** Its user wants it connected. */
  #goOn(): void {
    const running = this.#running;
    running?.process.enter(() => {
      running.client.moveTo('nearest');
      running.client.goOnline();
    });
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
