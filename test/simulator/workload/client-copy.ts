// The copy of a freeform document that a client holds: the library's own document, edited as an application edits it.

import * as Automerge from '@automerge/automerge';
import * as Y from 'yjs';
import type { SeededRandom } from '../seeded-random.ts';

export interface ClientCopy {
  /** Makes a change, and answers the update that tells of it. */
  edit(random: SeededRandom): Uint8Array;
  merge(update: Uint8Array): void;
  /** Everything the copy holds, as one update. */
  whole(): Uint8Array;
  /** What it shows. */
  json(): unknown;
}

export class YjsCopy implements ClientCopy {
  readonly #doc: Y.Doc;

  constructor(random: SeededRandom) {
    this.#doc = new Y.Doc();
    this.#doc.clientID = 1 + random.u32();
  }

  edit(random: SeededRandom): Uint8Array {
    const before = Y.encodeStateVector(this.#doc);
    const [body, fields, list] = [this.#doc.getText('body'), this.#doc.getMap('fields'), this.#doc.getArray('list')];
    const way = random.below(5);
    if (way === 0) fields.set(random.pick(['a', 'b', 'c']), random.below(1_000));
    else if (way === 1 && list.length > 0) list.delete(random.below(list.length));
    else if (way === 2) list.insert(random.below(list.length + 1), [random.below(1_000)]);
    else if (way === 3 && body.length > 2) body.delete(random.below(body.length - 1), 1 + random.below(2));
    else body.insert(random.below(body.length + 1), String.fromCharCode(97 + random.below(26)));
    return Y.encodeStateAsUpdate(this.#doc, before);
  }

  merge(update: Uint8Array): void {
    Y.applyUpdate(this.#doc, update);
  }

  stateVector(): Uint8Array {
    return Y.encodeStateVector(this.#doc);
  }

  /** What a copy with this state vector lacks. */
  since(stateVector: Uint8Array): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc, stateVector);
  }

  whole(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc);
  }

  json(): unknown {
    return {
      body: this.#doc.getText('body').toString(),
      fields: this.#doc.getMap('fields').toJSON(),
      list: this.#doc.getArray('list').toJSON(),
    };
  }
}

type Content = Record<string, unknown>;

export class AutomergeCopy implements ClientCopy {
  #doc: Automerge.Doc<Content>;

  constructor(random: SeededRandom) {
    this.#doc = Automerge.init<Content>({ actor: Buffer.from(random.bytes(16)).toString('hex') });
  }

  edit(random: SeededRandom): Uint8Array {
    this.#doc = Automerge.change(this.#doc, { time: 0 }, (content) => {
      const list = content['list'];
      if (!Array.isArray(list)) content['list'] = [];
      else if (list.length > 0 && random.chance(0.2)) list.splice(random.below(list.length), 1);
      else if (random.chance(0.5)) list.push(random.below(1_000));
      content[random.pick(['a', 'b', 'c'])] = random.below(1_000);
    });
    return Automerge.getLastLocalChange(this.#doc) ?? new Uint8Array();
  }

  merge(update: Uint8Array): void {
    this.#doc = Automerge.loadIncremental(this.#doc, update);
  }

  whole(): Uint8Array {
    return Buffer.concat(Automerge.getAllChanges(this.#doc));
  }

  json(): unknown {
    return Automerge.toJS(this.#doc);
  }
}
