// What the clients of each workload ask, how a reply is read, and who judges the history.

import type { SeededRandom } from '../../simulator/seeded-random.ts';
import { checkCounter } from '../checkers/counter-checker.ts';
import type { Entry, Verdict } from '../checkers/history.ts';
import { checkSet } from '../checkers/set-checker.ts';
import type { Body } from '../wire/message.ts';
import { readKeyOf, type Workload } from '../wire/workload.ts';

export interface Ask {
  readonly f: 'write' | 'read';
  readonly value: unknown;
  readonly body: Body;
}

/** Half of the operations are reads, as in Maelstrom. */
const readShare = 0.5;

export class WorkloadPlan {
  readonly #workload: Workload;
  readonly #random: SeededRandom;
  #nextElement = 0;

  constructor(workload: Workload, random: SeededRandom) {
    this.#workload = workload;
    this.#random = random;
  }

  next(): Ask {
    return this.#random.chance(readShare) ? this.read() : this.#write();
  }

  read(): Ask {
    return { f: 'read', value: undefined, body: { type: 'read' } };
  }

  /** What a reply to a read says; undefined when it says nothing of the kind. */
  valueRead(reply: Body): unknown {
    const value = reply[readKeyOf(this.#workload)];
    const isSet = this.#workload === 'broadcast' || this.#workload === 'g-set';
    return (isSet ? Array.isArray(value) : Number.isSafeInteger(value)) ? value : undefined;
  }

  check(history: readonly Entry[], nodes: readonly string[]): Verdict {
    switch (this.#workload) {
      case 'broadcast':
      case 'g-set':
        return checkSet(history, nodes);
      case 'g-counter':
        return checkCounter(history, { nodes, isGrowOnly: true });
      case 'pn-counter':
        return checkCounter(history, { nodes, isGrowOnly: false });
    }
  }

  #write(): Ask {
    switch (this.#workload) {
      case 'broadcast': {
        const value = this.#nextElement++;
        return { f: 'write', value, body: { type: 'broadcast', message: value } };
      }
      case 'g-set': {
        const value = this.#nextElement++;
        return { f: 'write', value, body: { type: 'add', element: value } };
      }
      case 'g-counter':
        return this.#add(this.#random.below(5));
      case 'pn-counter':
        return this.#add(this.#random.below(10) - 5);
    }
  }

  #add(delta: number): Ask {
    return { f: 'write', value: delta, body: { type: 'add', delta } };
  }
}
