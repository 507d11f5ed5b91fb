// The application on a device: it changes the documents that are open, each write under a mark of its own.

import type { JsonObject } from '@anabranch/base';
import type { Client, ClientDocument, DocumentWrite, Write } from '@anabranch/client';
import type { SeededRandom } from '../seeded-random.ts';
import type { DeviceRecorder } from './device-recorder.ts';
import type { MarkedEdits } from './marked-edits.ts';

/** What devices edit: no other client does, but for the freeform one. */
export const deviceDocuments = ['carts/e0', 'carts-automerge/e0', 'notes/n'] as const;
const freeform = 'notes/n';

export interface ApplicationParts {
  /** Of the device. */
  readonly name: string;
  readonly random: SeededRandom;
  readonly recorder: DeviceRecorder;
  readonly edits: MarkedEdits;
}

type OpenDocument = ClientDocument<JsonObject>;

export class Application {
  readonly #parts: ApplicationParts;
  #marks = 0;

  constructor(parts: ApplicationParts) {
    this.#parts = parts;
  }

  /** One write, to one of the documents or to both typed ones. */
  write(client: Client, documents: readonly OpenDocument[]): void {
    if (documents.length === 0) return;
    const [first, ...others] = this.#chosen(documents);
    if (first === undefined) return;
    if (first.name === freeform) this.#writeFreeform(first);
    else this.#writeTyped(client, [first, ...others]);
  }

  #chosen(documents: readonly OpenDocument[]): readonly OpenDocument[] {
    const { random } = this.#parts;
    const document = random.pick(documents);
    const typed = documents.filter(({ name }) => name !== freeform);
    return document.name !== freeform && typed.length === 2 && random.chance(0.15) ? typed : [document];
  }

  #writeTyped(client: Client, documents: readonly OpenDocument[]): void {
    const { recorder, edits } = this.#parts;
    const mark = this.#nextMark();
    const drawn = documents.map(({ name, value }) => ({ document: name, ops: edits.draw(value, mark), shown: value }));
    const record = recorder.begin(this.#parts.name, mark, drawn);
    const writes = documents.map(
      (document, at): DocumentWrite => ({
        document,
        ops: [...(drawn[at]?.ops ?? []), { op: 'add', path: '/tags', value: mark }],
      }),
    );
    const write = client.transact(writes);
    recorder.named(record, write.id);
    this.#follow(write, record);
  }

  /** As an editor does: the client hears of it from the library. Its write has no handle: it is named by what the store is given. */
  #writeFreeform(document: OpenDocument): void {
    const { yjs } = document;
    if (yjs === undefined) return;
    const mark = this.#nextMark();
    const record = this.#parts.recorder.begin(this.#parts.name, mark, [{ document: document.name, ops: [], shown: document.value }]);
    this.#parts.recorder.nextAppended = record;
    yjs.transact(() => {
      yjs.getMap('marks').set(mark, 1);
      const body = yjs.getText('body');
      body.insert(this.#parts.random.below(body.length + 1), 'd');
    });
  }

  #follow(write: Write, record: ReturnType<DeviceRecorder['begin']>): void {
    const note = (): void => {
      if (write.state === 'durable' || write.state === 'majority' || write.state === 'all') record.isDurable = true;
    };
    write.subscribe(note);
    note();
  }

  #nextMark(): string {
    this.#marks += 1;
    return `${this.#parts.name}-${this.#marks}`;
  }
}
