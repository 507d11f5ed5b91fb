import { type OriginId, VersionVector } from '@anabranch/causality';
import { parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import type { ChangedOp } from '../history/changes-door.ts';
import { Following } from './following.ts';
import { LiveSubscription } from './subscription.ts';

const berlin = 'berlin.5f0c12ab90de' as OriginId;
const ann = parseDocumentId('carts/ann');

/** A log of one origin, whose ops all write to one document. */
class OneLog {
  length = 0;

  get durable(): VersionVector {
    return VersionVector.empty.with(berlin, this.length);
  }

  op(seq: number): ChangedOp {
    const writes = [{ document: ann, library: 'yjs' as const, update: Uint8Array.of(seq & 0xff) }];
    const version = VersionVector.empty.with(berlin, seq);
    return { opId: { origin: berlin, seq }, hlc: { ms: seq, counter: 0 }, documents: [ann], writes, version };
  }

  subscribe(): LiveSubscription {
    const source = {
      durable: () => this.durable,
      readAfter: (after: VersionVector) => {
        let at = after.get(berlin);
        const log = this;
        return {
          get version(): VersionVector {
            return VersionVector.empty.with(berlin, at);
          },
          next: () => (at < log.length ? log.op(++at) : undefined),
          close: () => {},
        };
      },
      following: new Following({ add: () => {}, remove: () => {} }),
    };
    const subscription = new LiveSubscription(source, VersionVector.empty, () => {});
    subscription.add(ann);
    return subscription;
  }

  append(subscription: LiveSubscription): void {
    this.length += 1;
    subscription.offer(this.op(this.length));
  }
}

test('[DOCS4] more ops than a frame takes are not kept for one that does not take them, and are read from the log', () => {
  const log = new OneLog();
  const subscription = log.subscribe();
  subscription.take(1_000);
  expect(subscription.isLive).toBe(true);
  for (let count = 0; count < LiveSubscription.bufferOpsMax; count++) log.append(subscription);
  expect(subscription.isLive).toBe(true);
  log.append(subscription);
  expect(subscription.isLive).toBe(false);
  const seqs: number[] = [];
  for (let taken = subscription.take(1 << 20); taken !== undefined; taken = subscription.take(1 << 20)) {
    expect(taken.ops.length).toBeLessThanOrEqual(LiveSubscription.bufferOpsMax);
    seqs.push(...taken.ops.map(({ opId }) => opId.seq));
  }
  expect(seqs).toEqual(Array.from({ length: log.length }, (_, at) => at + 1));
  expect(subscription.isLive).toBe(true);
});

test('[DOCS1] an op that is offered after its vector was taken is taken all the same', () => {
  const log = new OneLog();
  const subscription = log.subscribe();
  subscription.take(1_000);
  log.length += 1;
  expect(subscription.take(1_000)?.ops).toEqual([]);
  subscription.offer(log.op(1));
  expect(subscription.take(1_000)?.ops.map(({ opId }) => opId.seq)).toEqual([1]);
});
