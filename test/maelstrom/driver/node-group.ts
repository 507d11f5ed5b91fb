// The nodes of a test as processes on one network, and what is wrong with them.
//
// Invariant 1: a node that ends by itself, or writes what is no message, is a failure of the test, whatever else it did.
// Invariant 2: when `stop` has resolved no process is left.

import type { Clock } from '@anabranch/base';
import type { Body } from '../wire/message.ts';
import { Client } from './client.ts';
import type { Network } from './network.ts';
import { NodeProcess } from './node-process.ts';
import type { TestOptions } from './test-options.ts';

export interface NodeGroupParts {
  readonly options: TestOptions;
  readonly network: Network;
  readonly clock: Clock;
}

/** A node loads the merge libraries before it answers init, on a machine that may be busy. */
const initMsMax = 30_000;

export class NodeGroup {
  readonly ids: readonly string[];
  readonly failures: string[] = [];
  readonly #parts: NodeGroupParts;
  readonly #processes: NodeProcess[] = [];
  readonly #whenFailed: Promise<undefined>;
  #noteFailed: (nothing: undefined) => void = () => {};

  constructor(parts: NodeGroupParts) {
    this.#parts = parts;
    this.ids = Array.from({ length: parts.options.nodeCount }, (_, index) => `n${index}`);
    this.#whenFailed = new Promise((resolve) => {
      this.#noteFailed = resolve;
    });
  }

  /** Starts and initialises all nodes; with broadcast they also get a topology, in which all are neighbours. */
  async start(): Promise<void> {
    const { options, network, clock } = this.#parts;
    const { bin, workload, library, showsStderr } = options;
    for (const id of this.ids) {
      const process = new NodeProcess({
        ...{ id, bin, args: [workload, '--library', library] },
        receive: (message) => network.send(message),
        failed: (reason) => this.fail(reason),
        logged: (text) => {
          if (showsStderr) console.error(`${id}: ${text.trimEnd()}`);
        },
      });
      this.#processes.push(process);
      network.addNode(id, (message) => process.deliver(message, this.ids.includes(message.src)));
    }
    const client = (node: string): Client => new Client(`init-${node}`, network, clock);
    const clients = new Map(this.ids.map((node) => [node, client(node)]));
    await this.#askAll(clients, (node) => ({ type: 'init', node_id: node, node_ids: this.ids }));
    if (workload !== 'broadcast' || this.failures.length > 0) return;
    const topology = Object.fromEntries(this.ids.map((node) => [node, this.ids.filter((other) => other !== node)]));
    await this.#askAll(clients, () => ({ type: 'topology', topology }));
  }

  fail(reason: string): void {
    this.failures.push(reason);
    this.#noteFailed(undefined);
  }

  async stop(): Promise<void> {
    const endings = await Promise.all(this.#processes.map((process) => process.stop()));
    this.failures.push(...endings.filter((ending) => ending !== undefined));
  }

  async #askAll(clients: ReadonlyMap<string, Client>, bodyFor: (node: string) => Body): Promise<void> {
    void this.#whenFailed.then(() => {
      for (const client of clients.values()) client.giveUp();
    });
    const asked = [...clients].map(async ([node, client]) => {
      const body = bodyFor(node);
      const reply = await client.call(node, body, initMsMax);
      const isRight = reply?.type === `${body.type}_ok`;
      if (!isRight && this.failures.length === 0) this.fail(`${node} answered ${body.type} with ${JSON.stringify(reply) ?? 'nothing'}`);
    });
    await Promise.all(asked);
  }
}
