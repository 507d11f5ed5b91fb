// The local world as a program: starts the regions and the pages, says where they are, and takes everything down again on a
// signal. Exit codes: 0 after one, 1 when the world does not start or does not stop, 2 for wrong usage.

import { once } from 'node:events';
import { join } from 'node:path';
import { isAnabranchError } from '@anabranch/base';
import { usage } from '../start-options.mjs';
import { type DemoOptions, parseDemoOptions } from './demo-options.ts';
import { endSignals, onOutputLost } from './end-signals.ts';
import { PageServer } from './page-server.ts';
import { readyText } from './ready-text.ts';
import { RegionLogs } from './region-logs.ts';
import { stockShelves } from './shop-shelves.ts';
import { World, type WorldOptions } from './world.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseDemoOptions(args, process.cwd());
    if (options.isHelp) process.stdout.write(usage);
    else await runWorld(options, signalled());
    return 0;
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    if (error.code !== 'config_invalid') return 1;
    process.stderr.write('See --help.\n');
    return 2;
  }
}

/** Resolves when the world has ended, as `signal` asked for. */
async function runWorld(options: DemoOptions, signal: AbortSignal): Promise<void> {
  const logFolder = join(options.dataDir, 'logs');
  const logs = new RegionLogs({ folder: logFolder, isVerbose: options.isVerbose, print: (line) => process.stdout.write(`${line}\n`) });
  const world = await startWorld(options, { signal, log: (name, line) => logs.take(name, line) });
  if (world === undefined) return;
  let page: PageServer | undefined;
  try {
    await stockShelves(world);
    // With free ports, too, the port below the regions is left to the page.
    page = await PageServer.listen(world, world.portBase, (error) => process.stderr.write(`page: ${describe(error)}\n`));
    process.stdout.write(readyText({ pageUrl: page.url, regions: world.regions, dataDir: options.dataDir, logFolder }));
    if (!signal.aborted) await once(signal, 'abort');
    process.stdout.write(`${signal.reason}: the regions finish what they do\n`);
  } finally {
    // Together: a region that a terminal's Ctrl-C has reached as well must not be started again meanwhile.
    await Promise.all([world.stop(), page?.stop()]);
  }
  process.stdout.write(`stopped  every region has ended; what they hold is kept in ${options.dataDir}\n`);
}

/** Undefined when the signal came first. */
async function startWorld(options: DemoOptions, watch: Required<Pick<WorldOptions, 'signal' | 'log'>>): Promise<World | undefined> {
  try {
    return await World.start({ ...options, ...watch });
  } catch (error) {
    if (watch.signal.aborted) return undefined;
    throw error;
  }
}

/**
 * Aborted by the first signal that asks for an end, or when nothing can be printed any more. A second signal ends this process at once,
 * and the regions with it.
 */
function signalled(): AbortSignal {
  const controller = new AbortController();
  let isSignalled = false;
  for (const signal of endSignals) {
    process.on(signal, () => {
      if (isSignalled) process.exit(1);
      isSignalled = true;
      controller.abort(signal);
    });
  }
  onOutputLost(() => controller.abort('output lost'));
  return controller.signal;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
