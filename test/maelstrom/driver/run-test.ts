// One test from start to verdict.
//
//   start nodes --> clients and nemesis work --time or operations are up--> heal --all nodes agree, or time is up-->
//   final reads --> stop nodes --> check
//
// Invariant 1: what a client was not told is recorded as `info`, never as `fail`; its process does nothing more.
// Invariant 2: a node that fails (node-group.ts), or answers what is no reply, makes the test fail, whatever was read.

import { type Clock, canonicalJson, type JsonValue } from '@anabranch/base';
import { SeededRandom } from '../../simulator/seeded-random.ts';
import type { Entry, Outcome, Verdict } from '../checkers/history.ts';
import { isDefinite } from '../wire/error-reply.ts';
import type { Body } from '../wire/message.ts';
import { Client } from './client.ts';
import { Network } from './network.ts';
import { NodeGroup } from './node-group.ts';
import { drawPartition } from './partitions.ts';
import { RecordedHistory } from './recorded-history.ts';
import type { TestOptions } from './test-options.ts';
import { type Ask, WorkloadPlan } from './workload-plan.ts';

export interface TestReport extends Verdict {
  readonly history: readonly Entry[];
}

/** Between looks at whether all nodes agree. */
const pollMs = 100;

/** Runs a test; what went wrong is among the problems of the report. */
export async function runTest(options: TestOptions, clock: Clock): Promise<TestReport> {
  const test = new MaelstromTest(options, clock);
  await test.run();
  return test.report();
}

class MaelstromTest {
  readonly #options: TestOptions;
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #network: Network;
  readonly #nodes: NodeGroup;
  readonly #plan: WorkloadPlan;
  readonly #history: RecordedHistory;
  /** One for each node. */
  readonly #clients: ReadonlyArray<{ readonly client: Client; readonly node: string }>;
  #nextProcess = 0;
  #operations = 0;
  #partitions = 0;
  #messagesWhileWorking = 0;

  constructor(options: TestOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.#random = new SeededRandom(options.seed);
    const network = new Network({ ...options, clock, random: this.#random.fork('network') });
    this.#network = network;
    this.#nodes = new NodeGroup({ options, network, clock });
    this.#plan = new WorkloadPlan(options.workload, this.#random.fork('operations'));
    this.#history = new RecordedHistory(clock);
    this.#clients = this.#nodes.ids.map((node, index) => ({ node, client: new Client(`c${index}`, network, clock) }));
  }

  async run(): Promise<void> {
    try {
      await this.#nodes.start();
      if (this.#nodes.failures.length > 0) return;
      await this.#work();
      await this.#recover();
      await Promise.all(this.#clients.map(({ client, node }) => this.#perform(client, this.#plan.read(), this.#actor(node, true))));
    } finally {
      await this.#nodes.stop();
    }
  }

  report(): TestReport {
    const { sentBetweenNodes, lostBetweenNodes, lostOfClients } = this.#network;
    const verdict = this.#plan.check(this.#history.entries, this.#nodes.ids);
    return {
      history: this.#history.entries,
      problems: [...this.#nodes.failures, ...verdict.problems],
      figures: {
        ...verdict.figures,
        partitions: this.#partitions,
        'messages between nodes': sentBetweenNodes,
        'of these lost': lostBetweenNodes,
        'messages of clients lost': lostOfClients,
        'messages between nodes per operation': Math.round((10 * this.#messagesWhileWorking) / Math.max(1, this.#operations)) / 10,
      },
    };
  }

  async #work(): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + this.#options.timeLimitMs;
    const sentBefore = this.#network.sentBetweenNodes;
    this.#network.clientLoss = this.#options.clientLoss;
    const whenDone = Promise.all(this.#clients.map(({ client, node }) => this.#workClient(client, node, untilMs)));
    if (this.#options.hasPartitions && this.#clients.length > 1) await this.#workNemesis(untilMs, whenDone);
    await whenDone;
    this.#network.clientLoss = 0;
    this.#messagesWhileWorking = this.#network.sentBetweenNodes - sentBefore;
  }

  /** Waits until all nodes show the same; what they show is for the checker to judge. */
  async #recover(): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + this.#options.recoveryMsMax;
    while (this.#clock.monotonicMs() < deadlineMs && this.#nodes.failures.length === 0 && !(await this.#agree())) await this.#pause(pollMs);
  }

  async #workClient(client: Client, node: string, untilMs: number): Promise<void> {
    const random = this.#random.fork(client.id);
    const meanMs = (1000 * this.#clients.length) / this.#options.rate;
    let actor = this.#actor(node);
    for (;;) {
      await this.#pause(2 * meanMs * (random.u32() / 2 ** 32));
      const isOver = this.#clock.monotonicMs() >= untilMs || this.#operations >= this.#options.operationsMax;
      if (isOver || this.#nodes.failures.length > 0) return;
      this.#operations++;
      const outcome = await this.#perform(client, this.#plan.next(), actor);
      if (outcome === 'info') actor = this.#actor(node);
    }
  }

  async #workNemesis(untilMs: number, whenDone: Promise<unknown>): Promise<void> {
    const { nemesisIntervalMs } = this.#options;
    const random = this.#random.fork('nemesis');
    let isDone = false;
    void whenDone.then(() => {
      isDone = true;
    });
    while (!isDone && this.#clock.monotonicMs() < untilMs) {
      await this.#pause(nemesisIntervalMs / 2, whenDone);
      if (isDone) break;
      this.#network.cut(drawPartition(this.#nodes.ids, random).directions);
      this.#partitions++;
      await this.#pause(nemesisIntervalMs, whenDone);
      this.#network.heal();
    }
  }

  /** A new process that works on a node. */
  #actor(node: string, isFinal = false): Pick<Entry, 'process' | 'node' | 'isFinal'> {
    return { process: this.#nextProcess++, node, isFinal };
  }

  async #perform(client: Client, ask: Ask, actor: Pick<Entry, 'process' | 'node' | 'isFinal'>): Promise<Outcome> {
    const fact = { ...actor, f: ask.f };
    this.#history.add({ ...fact, type: 'invoke', value: ask.value });
    const reply = await client.call(actor.node, ask.body, this.#options.timeoutMs);
    const { outcome, value = ask.value } = this.#judge(reply, ask);
    this.#history.add({ ...fact, type: outcome, value });
    return outcome;
  }

  #judge(reply: Body | undefined, { f, body }: Ask): { outcome: Outcome; value?: unknown } {
    if (reply === undefined) return { outcome: 'info' };
    if (reply.type === 'error') return { outcome: isDefinite(Number(reply['code'])) ? 'fail' : 'info' };
    const value = f === 'read' ? this.#plan.valueRead(reply) : undefined;
    if (reply.type === `${body.type}_ok` && (f === 'write' || value !== undefined)) return { outcome: 'ok', value };
    this.#nodes.fail(`${body.type} was answered with ${JSON.stringify(reply)}`);
    return { outcome: 'info' };
  }

  async #agree(): Promise<boolean> {
    const ask = this.#plan.read();
    const shown = await Promise.all(
      this.#clients.map(async ({ client, node }) => {
        const { outcome, value } = this.#judge(await client.call(node, ask.body, this.#options.timeoutMs), ask);
        return outcome === 'ok' ? canonicalJson(value as JsonValue) : undefined;
      }),
    );
    return shown.every((text) => text !== undefined && text === shown[0]);
  }

  /** Waits, at most until `end`. */
  #pause(ms: number, end: Promise<unknown> = new Promise(() => {})): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.setTimer(ms, resolve);
      void end.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
