// What applications on devices write: one sound edit of a document as the device shows it, beside its mark.

import type { JsonObject } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import type { SeededRandom } from '../seeded-random.ts';

/** The characters of texts: each is written once in a run, so that a model can tell them apart. */
const firstChar = 0x4e00;
const chars = 0x5000;

export class MarkedEdits {
  readonly #random: SeededRandom;
  #written = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Operations on a document with the fields of carts. Items of lists bear the mark. */
  draw(view: JsonObject, mark: string): readonly DocumentOp[] {
    const random = this.#random;
    const key = `/items/${random.pick(['a', 'b', 'c'])}`;
    switch (random.below(9)) {
      case 0:
        return [{ op: 'increment', path: '/stock', by: random.pick([1, 2, 5, -3]) }];
      case 1:
      case 2:
        return [{ op: 'increment', path: `${key}/qty`, by: 1 + random.below(4) }];
      case 3:
        return [{ op: 'remove', path: key }];
      case 4:
        return [{ op: random.pick(['enable', 'enable', 'disable']), path: random.chance(0.5) ? '/gift' : `${key}/gift` }];
      case 5:
        return [{ op: 'set', path: '/all', value: random.below(1_000) }];
      case 6:
        return this.#listOps(view, mark);
      default:
        return this.#textOps(view);
    }
  }

  #listOps({ lines }: JsonObject, mark: string): readonly DocumentOp[] {
    const random = this.#random;
    const length = Array.isArray(lines) ? lines.length : 0;
    if (length > 0 && random.chance(0.3)) return [{ op: 'move', path: '/lines', from: random.below(length), to: random.below(length) }];
    return [{ op: 'insert', path: '/lines', index: random.below(length + 1), value: mark }];
  }

  #textOps({ note }: JsonObject): readonly DocumentOp[] {
    const random = this.#random;
    const length = typeof note === 'string' ? note.length : 0;
    if (length > 0 && random.chance(0.35)) return [{ op: 'delete', path: '/note', index: random.below(length), length: 1 }];
    this.#written += 1;
    const text = String.fromCharCode(firstChar + (this.#written % chars));
    return [{ op: 'insert', path: '/note', index: random.below(length + 1), text }];
  }
}
