// What a test is told. Names and defaults follow Maelstrom's own where it has them.

import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isWorkload, type Workload, workloads } from '../wire/workload.ts';

export interface TestOptions {
  readonly workload: Workload;
  readonly library: string;
  readonly nodeCount: number;
  readonly timeLimitMs: number;
  /** After so many the clients stop, also before the time limit. */
  readonly operationsMax: number;
  /** Operations per second, of all clients together. */
  readonly rate: number;
  /** Of messages between nodes: the mean, exponentially distributed. */
  readonly latencyMs: number;
  /** The share of messages between nodes that is lost. */
  readonly loss: number;
  /** The share of messages between clients and nodes that is lost: these operations end in doubt. */
  readonly clientLoss: number;
  readonly hasPartitions: boolean;
  readonly nemesisIntervalMs: number;
  readonly timeoutMs: number;
  readonly recoveryMsMax: number;
  readonly seed: number;
  /** The node program. */
  readonly bin: string;
  readonly historyPath: string | undefined;
  readonly showsStderr: boolean;
}

const ownNode = fileURLToPath(new URL('../../../bin/node.mjs', import.meta.url));

export const testUsage: string = `npm run maelstrom -- --workload ${workloads.join('|')} [options]

Runs nodes as processes, carries their messages, and checks what their clients saw. Exits with 0 when all held, 1 when not.

  --library NAME             yjs or automerge (yjs)
  --nodes N                  nodes, and clients (5)
  --time-limit SECONDS       of operations (10)
  --operations N             end sooner, after so many of them (no limit)
  --rate N                   operations per second, of all clients together (50)
  --latency MS               mean delay between nodes, exponentially distributed (20)
  --loss P                   share of messages between nodes that is lost (0)
  --client-loss P            share of messages between clients and nodes that is lost (0)
  --nemesis partition        cut the network now and then: halves, one way only, or around a bridge
  --nemesis-interval SECONDS between cutting and healing (2)
  --timeout SECONDS          after which a client gives up on a reply (2)
  --recovery SECONDS         the longest wait for the nodes to agree at the end (10)
  --seed N                   of operations, delays and faults; the processes' own timing stays theirs (random)
  --bin FILE                 another node program, given the same arguments
  --history FILE             write the history there, one JSON line an entry
  --log-stderr               show what nodes log
`;

/** @throws Error for an argument that makes no sense. */
export function readTestOptions(args: readonly string[], randomSeed: number): TestOptions | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ workload: text, library: text, nodes: text, 'time-limit': text, operations: text },
      ...{ rate: text, latency: text, loss: text },
      ...{ 'client-loss': text, nemesis: text, 'nemesis-interval': text, timeout: text, recovery: text, seed: text },
      ...{ bin: text, history: text, 'log-stderr': { type: 'boolean' } as const, help: { type: 'boolean' } as const },
    },
  });
  const { workload = '', nemesis } = values;
  if (values.help === true) return 'help';
  if (!isWorkload(workload)) throw new Error(`--workload names one of ${workloads.join(', ')}`);
  if (nemesis !== undefined && nemesis !== 'partition') throw new Error('the only nemesis is partition');
  return {
    workload,
    library: values.library ?? 'yjs',
    nodeCount: numberOf('nodes', values.nodes ?? '5', [1, 50]),
    timeLimitMs: 1000 * numberOf('time-limit', values['time-limit'] ?? '10', [0.1, 3600]),
    operationsMax: numberOf('operations', values.operations ?? '1e9', [1, 1e9]),
    rate: numberOf('rate', values.rate ?? '50', [0.1, 10_000]),
    latencyMs: numberOf('latency', values.latency ?? '20', [0, 10_000]),
    loss: numberOf('loss', values.loss ?? '0', [0, 0.9]),
    clientLoss: numberOf('client-loss', values['client-loss'] ?? '0', [0, 0.9]),
    hasPartitions: nemesis === 'partition',
    nemesisIntervalMs: 1000 * numberOf('nemesis-interval', values['nemesis-interval'] ?? '2', [0.1, 3600]),
    timeoutMs: 1000 * numberOf('timeout', values.timeout ?? '2', [0.1, 600]),
    recoveryMsMax: 1000 * numberOf('recovery', values.recovery ?? '10', [0, 600]),
    seed: numberOf('seed', values.seed ?? String(randomSeed), [0, 2 ** 32 - 1]),
    bin: values.bin ?? ownNode,
    historyPath: values.history,
    showsStderr: values['log-stderr'] ?? false,
  };
}

function numberOf(name: string, text: string, [low, high]: readonly [number, number]): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (!(value >= low && value <= high)) throw new Error(`--${name} is a number from ${low} to ${high}`);
  return value;
}
