// The `anabranch` command, and the one place where the parts of a region are put together.
//
//   start:  store -> replica -> doors -> listener -> links -> ready when writable
//   stop:   readiness 503 -> sessions and streams end -> requests finish, or their time is up -> links, replica, store
//
// A failed commit ends the process as soon as the writes that wait were refused, an unhandled error or a second signal at
// once: what was acknowledged is on disk, and nothing else may be.

import { readFileSync } from 'node:fs';
import { AnabranchError, type Logger } from '@anabranch/base';
import { Replica } from '@anabranch/engine';
import { createSyncDoors, defaultServerLimits, RegionServer, type UpgradeHandler } from '@anabranch/server';
import { openLmdbStore } from '@anabranch/storage';
import { inflateRaw, NodeClock, NodeHash, NodeRandom, PinoLogger, PromMetrics } from '@anabranch/system';
import { acceptLinks, dialPeers, linkPath } from '@anabranch/transport';
import { type Command, commandHelp, parseCommandLine } from './command-line.ts';
import { describeConfig, loadRegionConfig, type RegionConfig } from './region-config.ts';
import { regionHelp } from './settings.ts';
import { WorkerExaminer } from './worker-examiner.ts';

const exitCodes = { stopped: 0, startFailed: 1, usage: 2, failed: 70 } as const;

/** What a region whose store has failed takes at most to tell those who wait. */
const refusalMsMax = 1_000;

interface RunningRegion {
  /** Resolves with the cause when a commit has failed. */
  readonly whenFailed: Promise<Error>;
  /** Answers what waits, takes nothing more, and stores nothing. */
  refuse(): Promise<void>;
  stop(): Promise<void>;
}

async function startRegion(config: RegionConfig, logger: Logger): Promise<RunningRegion> {
  const [clock, random, hash, metrics] = [new NodeClock(), new NodeRandom(), new NodeHash(), new PromMetrics()];
  const store = await openLmdbStore({ directory: config.dataDirectory, logger });
  const examiner = new WorkerExaminer({ clock, logger, script: new URL('./inspection-worker.js', import.meta.url) });
  const examine = examiner.examine.bind(examiner);
  const replica = await Replica.open({
    ports: { clock, random, hash, logger, metrics, store, inflateRaw, examine },
    region: config.region,
    collections: config.collections,
    meshKey: config.meshKey,
    peers: config.peers.map((peer) => peer.region),
    documentsLoadedMax: config.documentsLoadedMax,
  });
  const sync = createSyncDoors({ replica, clock, random, logger, metrics });
  const links = acceptLinks({ replica, logger });
  const upgrades = new Map<string, UpgradeHandler>(sync.upgrades);
  if (config.meshKey !== undefined) upgrades.set(linkPath, (request, socket, head) => links.handleUpgrade(request, socket, head));
  const { origins } = config;
  const doors = { replica, clock, hash, logger, metrics, limits: defaultServerLimits, writeConcerns: config.writeConcerns };
  const server = new RegionServer({ ...doors, metricsSource: metrics, upgrades, origins, version: softwareVersion() });
  metrics.addGaugeSource(() => server.gauges());
  const { address, port } = await server.listen(config.listen.host, config.listen.port);
  const host = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  logger.info('region.listening', {
    url: `http://${host}`,
    status: `http://${host}/v1/status`,
    yjs: `ws://${host}/v1/sync/yjs/{collection}`,
    hocuspocus: `ws://${host}/v1/sync/hocuspocus`,
    automerge: `ws://${host}/v1/sync/automerge/{collection}`,
  });
  const dialled = config.peers.flatMap(({ region, url }) => (url === undefined ? [] : [{ region, url }]));
  const dials = dialPeers({ replica, peers: dialled, clock, random, logger });
  void replica.whenWritable().then(() => logger.info('region.ready', { origin: replica.origin }));
  return {
    whenFailed: replica.whenFailed,
    refuse: () => server.stop(),
    stop: async () => {
      // What waits for other regions needs the links as long as there is time, and is answered by the replica then.
      await Promise.all([server.drain(), sync.stop()]);
      await Promise.all([server.stop(), dials.stop(), links.stop(), examiner.stop(), replica.stop()]);
    },
  };
}

/** Runs until the process ends. */
async function runRegion(command: Extract<Command, { command: 'region' }>): Promise<void> {
  const config = loadRegionConfig(command.flags, process.env);
  const logger = new PinoLogger({
    level: config.logLevel,
    destination: process.stdout,
    isPretty: process.stdout.isTTY,
    fields: { region: config.region },
  });
  const fail = (event: string) => (error: unknown) => {
    logger.error(event, { error });
    process.exit(exitCodes.failed);
  };
  process.on('unhandledRejection', fail('region.unhandled_rejection'));
  process.on('uncaughtException', fail('region.uncaught_exception'));
  // A full disk of the log is no reason to end; a supervisor that read it and is gone is one.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') fail('region.log_lost')(error);
  });
  let region: RunningRegion | undefined;
  // Before it has started, nothing is acknowledged yet.
  stopOnSignal(async () => region?.stop(), logger);
  logger.info('region.starting', { version: softwareVersion(), pid: process.pid, ...describeConfig(config) });
  try {
    region = await startRegion(config, logger);
  } catch (error) {
    logger.error('region.start_failed', { error, ...(error instanceof AnabranchError && { code: error.code }) });
    process.exit(exitCodes.startFailed);
  }
  const { whenFailed, refuse } = region;
  void whenFailed.then((error) => {
    // Writes that were not made durable are answered 503; then the process ends, however long that takes.
    setTimeout(fail('region.store_failed'), refusalMsMax, error);
    void refuse().then(() => fail('region.store_failed')(error));
  });
}

function stopOnSignal(stopRegion: () => Promise<void>, logger: Logger): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (isStopping) process.exit(exitCodes.failed);
    isStopping = true;
    logger.info('region.stopping', { signal });
    void stopRegion().then(() => {
      logger.info('region.stopped');
      process.exit(exitCodes.stopped);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function softwareVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const version = typeof manifest === 'object' && manifest !== null ? Reflect.get(manifest, 'version') : undefined;
  return typeof version === 'string' ? version : 'unknown';
}

async function main(): Promise<void> {
  try {
    const command = parseCommandLine(process.argv.slice(2));
    if (command.command === 'region') await runRegion(command);
    else if (command.command === 'version') process.stdout.write(`${softwareVersion()}\n`);
    else process.stdout.write(command.command === 'help' ? commandHelp : regionHelp());
  } catch (error) {
    if (!(error instanceof AnabranchError && error.code === 'config_invalid')) throw error;
    process.stderr.write(`anabranch: ${error.message}\nSee anabranch --help and anabranch region --help.\n`);
    process.exitCode = exitCodes.usage;
  }
}

await main();
