// The node program: puts a MaelstromNode together and ties it to standard input and output. Logs go to standard error.
//
// It ends with 0 when its input ends or on SIGTERM, with 70 when its store failed or something threw, with 2 on wrong usage.

import { NodeClock, NodeHash, NodeRandom, PinoLogger } from '@anabranch/system';
import { LineSplitter } from '../wire/line-splitter.ts';
import { encodeMessage } from '../wire/message.ts';
import { MaelstromNode } from './maelstrom-node.ts';
import { type NodeOptions, nodeUsage, readNodeOptions } from './node-options.ts';
import { openRegion } from './region.ts';

const exitCodes = { stopped: 0, usage: 2, failed: 70 } as const;

/** Bytes of output that nobody has read at which packets of links are dropped. */
const congestedBytes = 8 << 20;

function optionsOrExit(): NodeOptions {
  try {
    return readNodeOptions(process.argv.slice(2), process.env);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n${nodeUsage}`);
    process.exit(exitCodes.usage);
  }
}

const { workload, library } = optionsOrExit();
const logger = new PinoLogger({ level: 'info', destination: process.stderr, isPretty: false });
const ports = { clock: new NodeClock(), random: new NodeRandom(), hash: new NodeHash(), logger };

const fail = (event: string) => (error: unknown) => {
  logger.error(event, { error });
  process.exit(exitCodes.failed);
};
process.on('unhandledRejection', fail('node.unhandled_rejection'));
process.on('uncaughtException', fail('node.uncaught_exception'));

const node = new MaelstromNode({
  workload,
  logger,
  outlet: {
    send: (message) => void process.stdout.write(encodeMessage(message)),
    get isCongested() {
      return process.stdout.writableLength > congestedBytes;
    },
  },
  openRegion: (request) => openRegion({ ...request, library, ports }),
  onFailed: (cause) => setImmediate(fail('node.store_failed'), cause),
});

let isStopping = false;
const stop = (): void => {
  if (isStopping) return;
  isStopping = true;
  void node.stop().then(() => process.exit(exitCodes.stopped));
};
process.on('SIGTERM', stop);
const lines = new LineSplitter();
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk: string) => {
  for (const line of lines.push(chunk)) void node.receive(line);
});
process.stdin.on('end', stop);
