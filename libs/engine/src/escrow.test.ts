// One region that asks for rights to several counters at one time, and one that is asked.

import { silentLogger, silentMetrics } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import { type OriginId, parseRegionId } from '@anabranch/causality';
import type { EscrowAct, Rights, RightsView } from '@anabranch/crdt';
import { parseDocumentId, type RightsFrame } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';
import { Escrow } from './escrow.ts';

const document = parseDocumentId('stock/a');
const berlin = 'berlin.5f0c12ab90de' as OriginId;
const tokyo = 'tokyo.00aa11bb22cc' as OriginId;

/** The counters of one document: who holds how many rights to decrement each, the same in every region at once. */
class Counters {
  readonly clock = new ManualClock();
  readonly #down = new Map<string, Map<string, number>>();

  hold(path: string, holder: OriginId, amount: number): void {
    const holders = this.#down.get(path) ?? new Map<string, number>();
    this.#down.set(path, holders.set(holder, (holders.get(holder) ?? 0) + amount));
  }

  escrow(origin: OriginId, options: { flood?: (frame: RightsFrame) => void; give?: (act: EscrowAct) => void }): Escrow {
    const loaded = { id: document, crdt: { rights: (path: string) => this.#view(path) } } as LoadedDocument;
    return new Escrow({
      ...{ clock: this.clock, logger: silentLogger, metrics: silentMetrics, counterStart: 0 },
      documents: { open: () => loaded, find: () => loaded } as Partial<DocumentCache> as DocumentCache,
      region: parseRegionId(origin.slice(0, origin.indexOf('.'))),
      origin: () => origin,
      isWritable: () => true,
      isReachable: () => true,
      mayTakeOver: () => false,
      isSuperseded: () => false,
      give: (_, act) => options.give?.(act),
      flood: (frame) => options.flood?.(frame),
    });
  }

  #view(path: string): RightsView {
    const down = [...(this.#down.get(path) ?? [])];
    const holders = new Map(down.map(([holder, amount]): [string, Rights] => [holder, { down: amount, up: 0 }]));
    return { value: down.reduce((sum, [, amount]) => sum + amount, 0), min: 0, max: undefined, holders };
  }
}

test('[BOUND32] asks for different counters are different asks, also when what came for both was too little at one moment', async () => {
  const counters = new Counters();
  const frames: RightsFrame[] = [];
  const given: string[] = [];
  const asking = counters.escrow(berlin, { flood: (frame) => frames.push(frame) });
  const asked = counters.escrow(tokyo, { give: ({ path }) => given.push(path) });
  const paths = ['/left', '/right'];
  for (const path of paths) counters.hold(path, tokyo, 10);
  const deadlineMs = counters.clock.monotonicMs() + Escrow.waitMsMax;
  const waits = paths.map((path) => asking.obtain({ place: { document, path, kind: 'down' }, needed: 4 }, deadlineMs));
  for (const frame of frames.splice(0)) asked.receive(frame);
  expect(given.splice(0)).toEqual(paths);
  // Less than was asked for.
  for (const path of paths) {
    counters.hold(path, tokyo, -1);
    counters.hold(path, berlin, 1);
  }
  asking.advance([document]);
  counters.clock.advance(Escrow.askAgainMs);
  for (const frame of frames.splice(0)) asked.receive(frame);
  expect(given).toEqual(paths);
  for (const path of paths) counters.hold(path, berlin, 3);
  asking.advance([document]);
  expect(await Promise.all(waits)).toEqual(['held', 'held']);
});
