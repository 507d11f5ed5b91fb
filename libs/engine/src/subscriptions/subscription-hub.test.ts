import { type OriginId, VersionVector } from '@anabranch/causality';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { describe, expect, test } from 'vitest';
import { Following } from './following.ts';
import { LiveSubscription as Live, type LiveSubscription } from './subscription.ts';
import { type DeliveredOp, SubscriptionHub } from './subscription-hub.ts';

const berlin = 'berlin.5f0c12ab90de' as OriginId;
const [ann, ben] = [parseDocumentId('carts/ann'), parseDocumentId('carts/ben')];

class Region {
  durable = VersionVector.empty;
  readonly hub = new SubscriptionHub({ durable: () => this.durable, readAfter: () => ({ ...ended, version: this.durable }) });

  /** A client that is told of what happens from now on. */
  follow(...documents: DocumentId[]): LiveSubscription {
    const subscription = this.hub.open(this.durable, () => {});
    for (const document of documents) subscription.add(document);
    subscription.take(1_000);
    return subscription;
  }

  write(document: DocumentId): void {
    const seq = this.durable.get(berlin) + 1;
    this.durable = this.durable.with(berlin, seq);
    const op: DeliveredOp['op'] = { writes: [{ document, library: 'yjs', update: Uint8Array.of(seq) }] };
    this.hub.deliver({ op, origin: berlin, seq }, undefined);
  }
}

const ended = { next: () => undefined, close: () => {} };

function documentsTold(subscription: LiveSubscription | undefined): DocumentId[] {
  return subscription?.take(1_000)?.ops.flatMap(({ writes }) => writes.map(({ document }) => document)) ?? [];
}

describe('[DOCS2] what a client follows that went away', () => {
  test('is told to nobody, and to the subscription that takes it up from then on', () => {
    const region = new Region();
    const [before, other] = [region.follow(ann), region.follow(ann, ben)];
    const following = before.detach();
    region.write(ann);
    expect(documentsTold(before)).toEqual([]);
    expect(documentsTold(other)).toEqual([ann]);
    const after = region.follow(ben);
    if (following !== undefined) after.takeUp(following);
    expect([...after.documents()]).toEqual([ann]);
    for (const document of [ann, ben]) region.write(document);
    expect(documentsTold(after)).toEqual([ann]);
    expect(documentsTold(other)).toEqual([ann, ben]);
  });

  test('is not changed any more by the subscription that followed it', () => {
    const region = new Region();
    const before = region.follow(ann);
    const following = before.detach();
    before.remove(ann);
    before.add(ben);
    before.close();
    expect(before.size).toBe(0);
    expect([...(following?.documents() ?? [])]).toEqual([ann]);
    expect(before.detach()).toBeUndefined();
  });

  test('is let go of when it is released, or taken up by one that has ended', () => {
    const region = new Region();
    const [first, second] = [region.follow(ann), region.follow(ann)];
    const following = first.detach();
    second.close();
    if (following !== undefined) second.takeUp(following);
    expect(following?.size).toBe(0);
    const last = region.follow(ann);
    region.write(ann);
    expect(documentsTold(last)).toEqual([ann]);
  });

  test('is looked at for none of its documents when it is kept and taken up', () => {
    let touched = 0;
    const touch = (): void => {
      touched += 1;
    };
    const following = new Following({ add: touch, remove: touch });
    const source = { durable: () => VersionVector.empty, readAfter: () => ({ ...ended, version: VersionVector.empty }) };
    const first = new Live({ ...source, following }, VersionVector.empty, () => {});
    for (let n = 0; n < 1_000; n++) first.add(parseDocumentId(`carts/c${n}`));
    expect(touched).toBe(1_000);
    const kept = first.detach();
    const second = new Live({ ...source, following: new Following({ add: touch, remove: touch }) }, VersionVector.empty, () => {});
    if (kept !== undefined) second.takeUp(kept);
    expect(second.size).toBe(1_000);
    expect(touched).toBe(1_000);
  });
});
