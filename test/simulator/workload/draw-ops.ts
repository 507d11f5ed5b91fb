// One edit of a client, drawn for the view it saw last: mostly sound, sometimes stale by the time it arrives.

import type { JsonObject } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import type { SeededRandom } from '../seeded-random.ts';
import { isDepot } from '../world/collections.ts';

export const opKinds = ['counter', 'register', 'set', 'flag', 'list', 'text', 'map', 'remove', 'clear', 'several'] as const;
export type OpKind = (typeof opKinds)[number];

/** The characters of texts: each is written once in a run, so that a model can tell them apart. */
const firstChar = 0x3400;
const chars = 0xd7ff - firstChar;
const skus = ['a', 'b', 'c'];

export class OpDraw {
  readonly #random: SeededRandom;
  readonly #kinds: readonly OpKind[];
  readonly #bulkBytes: number;
  #written = 0;

  constructor(random: SeededRandom, kinds: readonly OpKind[], bulkBytes: number) {
    this.#random = random;
    this.#kinds = kinds;
    this.#bulkBytes = bulkBytes;
  }

  draw(document: string, view: JsonObject | undefined): readonly DocumentOp[] {
    if (isDepot(document)) return this.#tradeOps();
    return this.#ops(this.#random.pick(this.#kinds), view ?? {});
  }

  /** Moves units from one depot to another. */
  drawMove(): readonly [from: readonly DocumentOp[], to: readonly DocumentOp[]] {
    const by = 1 + this.#random.below(4);
    return [
      [
        { op: 'decrement', path: '/stock', by },
        { op: 'increment', path: '/moved', by: -by },
      ],
      [
        { op: 'increment', path: '/stock', by },
        { op: 'increment', path: '/moved', by },
      ],
    ];
  }

  #tradeOps(): readonly DocumentOp[] {
    const random = this.#random;
    const way = random.below(10);
    if (way < 2) return [{ op: 'increment', path: '/stock', by: 1 + random.below(20) }];
    if (way < 6) return [{ op: 'decrement', path: '/stock', by: 1 + random.below(6) }];
    if (way < 8) return [{ op: 'increment', path: '/level', by: random.pick([-12, -5, -1, 1, 5, 12]) }];
    return [{ op: 'increment', path: `/items/${random.pick(skus)}/left`, by: random.pick([6, 3, -1, -2, -4]) }];
  }

  #ops(kind: OpKind, view: JsonObject): readonly DocumentOp[] {
    const random = this.#random;
    const key = `/items/${random.pick(skus)}`;
    const isTop = random.chance(0.4);
    switch (kind) {
      case 'counter':
        return [{ op: 'increment', path: isTop ? '/stock' : `${key}/qty`, by: random.pick([1, 1, 1, 2, 5, -1, -3, 1000]) }];
      case 'register':
        return [{ op: 'set', path: random.pick(['/status', '/all', `${key}/name`]), value: this.#registerValue() }];
      case 'set':
        return [{ op: random.pick(['add', 'add', 'remove']), path: isTop ? '/tags' : `${key}/tags`, value: random.below(4) }];
      case 'flag':
        return [{ op: random.pick(['enable', 'enable', 'disable']), path: isTop ? '/gift' : `${key}/gift` }];
      case 'list':
        return this.#listOps(view);
      case 'text':
        return this.#textOps(view);
      case 'map':
        return [
          { op: 'increment', path: `${key}/qty`, by: 1 + random.below(3) },
          { op: 'set', path: `${key}/name`, value: `item ${random.below(100)}` },
        ];
      case 'remove':
        return [{ op: 'remove', path: random.chance(0.1) ? '' : key }];
      case 'clear':
        return [{ op: 'clear', path: random.pick(['/stock', '/status', '/all', '/lines', '/tags', '/note', `${key}/qty`]) }];
      case 'several':
        return [
          { op: 'increment', path: `${key}/qty`, by: 2 },
          { op: 'remove', path: key },
          { op: 'increment', path: `${key}/qty`, by: random.below(5) - 2 },
          { op: 'add', path: `${key}/tags`, value: random.below(4) },
        ];
    }
  }

  #registerValue(): number | string {
    const value = this.#random.below(1000);
    return this.#bulkBytes > 0 ? `${value} `.padEnd(this.#bulkBytes, 'bulk') : value;
  }

  #listOps(view: JsonObject): readonly DocumentOp[] {
    const random = this.#random;
    const lines = Array.isArray(view['lines']) ? view['lines'].length : 0;
    const way = lines === 0 ? 0 : random.below(4);
    if (way === 1) return [{ op: 'move', path: '/lines', from: random.below(lines), to: random.below(lines) }];
    if (way === 2) return [{ op: 'remove', path: '/lines', index: random.below(lines) }];
    return [{ op: 'insert', path: '/lines', index: random.below(lines + 1), value: random.below(1_000_000) }];
  }

  #textOps(view: JsonObject): readonly DocumentOp[] {
    const random = this.#random;
    const length = typeof view['note'] === 'string' ? view['note'].length : 0;
    if (length > 0 && random.chance(0.35)) {
      const index = random.below(length);
      return [{ op: 'delete', path: '/note', index, length: Math.min(1 + random.below(3), length - index) }];
    }
    this.#written += 1;
    return [
      { op: 'insert', path: '/note', index: random.below(length + 1), text: String.fromCharCode(firstChar + (this.#written % chars)) },
    ];
  }
}
