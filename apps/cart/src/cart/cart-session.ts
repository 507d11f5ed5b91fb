// One cart on one device: what the customer does with it, how far each of these writes is, and what others did meanwhile.
//
//   act ---------> document.edit --> shown at once --> activity, with the state of the write
//   document ----> change of another region --> met own edits? --> notes
//   client ------> writes from before, or of another tab, that wait --> activities
//
// Invariant 1: `snapshot` is one object until something changes.

import type { AnabranchError, Client, ClientDocument, DocumentChange, Write } from '@anabranch/client';
import type { CartView, ShopCollections } from '../sync/collections.ts';
import { actionText } from './action-text.ts';
import { actionOf, type CartAction, opsOf } from './cart-edits.ts';
import { answeredBy, type ConflictNote, conflictsIn, newOrders, notesAfterOrder } from './conflict-notes.ts';
import { OwnEdits } from './own-edits.ts';

export interface Activity {
  readonly id: number;
  readonly text: string;
  readonly action: CartAction;
  readonly write: Write;
  /** The region that took it, once one has. */
  readonly region: string | undefined;
}

export interface CartSnapshot {
  readonly cart: CartView;
  /** Newest first. */
  readonly activities: readonly Activity[];
  /** Newest first. */
  readonly notes: readonly ConflictNote[];
}

export interface CartSessionParts {
  readonly client: Pick<Client<ShopCollections>, 'status' | 'onRefused' | 'pendingWrites'>;
  readonly document: ClientDocument<CartView>;
  readonly nowMs: () => number;
}

const activitiesMax = 12;
const notesMax = 8;

export class CartSession {
  readonly #parts: CartSessionParts;
  readonly #own: OwnEdits;
  readonly #listeners = new Set<() => void>();
  readonly #ends: Array<() => void>;
  #snapshot: CartSnapshot;
  #lastId = 0;

  constructor(parts: CartSessionParts) {
    this.#parts = parts;
    const { client, document } = parts;
    this.#own = new OwnEdits(parts.nowMs);
    this.#snapshot = { cart: document.value, activities: [], notes: [] };
    this.#ends = [
      document.subscribe((change) => this.#changed(change)),
      client.onRefused((write) => {
        if (write.described.some((described) => described.document === document.name)) this.#refused(write.error);
      }),
    ];
  }

  /** Whose cart it is. */
  get customer(): string {
    return this.#parts.document.id;
  }

  get snapshot(): CartSnapshot {
    return this.#snapshot;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Does it at once. @throws AnabranchError as {@link ClientDocument.edit}. */
  act(action: CartAction): void {
    const { document } = this.#parts;
    const ops = opsOf(action, document.value);
    if (ops.length === 0) return;
    const write = document.edit(ops);
    this.#own.add(action, write);
    const activity = this.#activityOf(action, write);
    this.#show({
      cart: document.value,
      activities: withActivity(activity, this.#snapshot.activities),
      notes: this.#snapshot.notes.filter(({ topic }) => topic !== answeredBy(action)),
    });
    this.#watch(activity);
  }

  /** Shows what waits from before this session, too, and tells when others meet it. */
  async takeUp(): Promise<void> {
    const { client, document } = this.#parts;
    const pending = await client.pendingWrites();
    let before: readonly Activity[] = [];
    for (const write of pending) {
      const described = write.described.find((one) => one.document === document.name);
      const action = described === undefined || this.#own.has(write.id) ? undefined : actionOf(described.ops, document.value);
      if (action === undefined) continue;
      this.#own.add(action, write);
      before = withActivity(this.#activityOf(action, write), before);
    }
    this.#show({ activities: [...this.#snapshot.activities, ...before].slice(0, activitiesMax) });
    for (const activity of before) this.#watch(activity);
  }

  /** An order of this device, before it is placed: to be told from those of others. */
  expectOrder(id: string): void {
    this.#own.addOrder(id);
  }

  dismiss(topic: string): void {
    this.#show({ notes: this.#snapshot.notes.filter((note) => note.topic !== topic) });
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
    this.#listeners.clear();
  }

  #activityOf(action: CartAction, write: Write): Activity {
    this.#lastId += 1;
    return { id: this.#lastId, text: actionText(action), action, write, region: undefined };
  }

  #changed(change: DocumentChange<CartView>): void {
    const orders = newOrders(change);
    this.#own.ordered(orders);
    const kept = orders.length === 0 ? this.#snapshot.notes : notesAfterOrder(this.#snapshot.notes);
    const notes = change.isLocal ? [] : conflictsIn(change, this.#own.doings(), kept);
    this.#show({ cart: this.#parts.document.value, notes: merged(notes, kept) });
  }

  #watch({ id, write }: Activity): void {
    const end = write.subscribe(() => {
      if (write.state === 'saved') return;
      end();
      const { region } = this.#parts.client.status;
      this.#show({ activities: this.#snapshot.activities.map((other) => (other.id === id ? { ...other, region } : other)) });
    });
  }

  #refused(error: AnabranchError | undefined): void {
    const text = `A change was refused and taken back: ${error?.message ?? 'no region took it'}.`;
    this.#show({ cart: this.#parts.document.value, notes: merged([{ topic: 'refused', text }], this.#snapshot.notes) });
  }

  #show(changes: Partial<CartSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...changes };
    for (const listener of [...this.#listeners]) listener();
  }
}

/** Every stroke in the note is a write; it is shown as one thing that goes on. */
function withActivity(activity: Activity, activities: readonly Activity[]): readonly Activity[] {
  const [latest, ...older] = activities;
  const kept = activity.action.type === 'note' && latest?.action.type === 'note' ? older : activities;
  return [activity, ...kept].slice(0, activitiesMax);
}

/** The new notes before the old ones; one of each topic. */
function merged(added: readonly ConflictNote[], kept: readonly ConflictNote[]): readonly ConflictNote[] {
  if (added.length === 0) return kept;
  const topics = new Set(added.map(({ topic }) => topic));
  return [...added, ...kept.filter(({ topic }) => !topics.has(topic))].slice(0, notesMax);
}
