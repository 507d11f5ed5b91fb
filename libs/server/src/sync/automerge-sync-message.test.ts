import { isAnabranchError } from '@anabranch/base';
import * as A from '@automerge/automerge';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAutomergeSyncMessage } from './automerge-sync-message.ts';

type Content = { n: number };

function documentOf(changes: number, actor = 'aa'): A.Doc<Content> {
  let doc = A.from<Content>({ n: 0 }, { actor });
  for (let i = 1; i < changes; i++) {
    doc = A.change(doc, (content) => {
      content.n = i;
    });
  }
  return doc;
}

interface Side {
  doc: A.Doc<Content>;
  state: A.SyncState;
}

/** What two documents say to each other until both have everything. */
function conversation(a: A.Doc<Content>, b: A.Doc<Content>): Uint8Array[] {
  const sides: [Side, Side] = [
    { doc: A.clone(a), state: A.initSyncState() },
    { doc: A.clone(b), state: A.initSyncState() },
  ];
  const messages: Uint8Array[] = [];
  for (let turn = 0, silent = 0; silent < 2 && turn < 50; turn++) {
    const [from, to] = turn % 2 === 0 ? [sides[0], sides[1]] : [sides[1], sides[0]];
    const [state, message] = A.generateSyncMessage(from.doc, from.state);
    from.state = state;
    silent = message === null ? silent + 1 : 0;
    if (message === null) continue;
    messages.push(message);
    const [doc, received] = A.receiveSyncMessage(to.doc, to.state, message);
    to.doc = doc;
    to.state = received;
  }
  return messages;
}

function leb(number: number): number[] {
  const low = number % 128;
  return number < 128 ? [low] : [low | 128, ...leb(Math.floor(number / 128))];
}

/** A message with one bloom filter. */
function withFilter(filter: number[], haves = 1): Uint8Array {
  const have = [0, ...leb(filter.length), ...filter];
  return Uint8Array.from([0x42, 0, 0, ...leb(haves), ...Array.from({ length: haves }, () => have).flat(), 0]);
}

/** Processor time of this process so far: what else the machine does is not in it. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

describe('reading sync messages of Automerge', () => {
  const real = [
    ...conversation(documentOf(30), documentOf(1, 'bb')),
    ...conversation(A.merge(documentOf(5, 'cc'), documentOf(40, 'bb')), documentOf(60)),
    ...conversation(A.init<Content>(), documentOf(3)),
  ];

  test('finds in the messages of the library what the library finds', () => {
    expect(real.length).toBeGreaterThan(8);
    for (const message of real) {
      const read = readAutomergeSyncMessage(message);
      const decoded = A.decodeSyncMessage(message);
      expect(read.changes.map((bytes) => [...bytes])).toEqual(decoded.changes.map((bytes) => [...bytes]));
      expect(read.hasHeads).toBe(decoded.heads.length > 0);
      expect(A.decodeSyncMessage(read.withoutChanges)).toEqual({ ...decoded, changes: [] });
    }
  });

  const [oneHash, otherHash] = ['ab'.repeat(32), 'cd'.repeat(32)] as const;

  test.each([
    ['a filter that names ten million probes', withFilter([...leb(1), ...leb(10), ...leb(10_000_000), 255, 255])],
    ['a filter that names 2^32 probes', withFilter([...leb(1), ...leb(10), ...leb(2 ** 32), 255, 255])],
    ['a filter without bits', withFilter([...leb(1), ...leb(0), ...leb(7)])],
    ['a filter that is shorter than it says', withFilter([...leb(1_000_000), ...leb(10), ...leb(7), 255])],
    ['a filter for 2^31 entries', withFilter([...leb(2 ** 31), ...leb(10), ...leb(7), 255])],
    ['ten thousand filters', withFilter([...leb(1), ...leb(10), ...leb(7), 255, 255], 10_000)],
    ['more heads than there are bytes', Uint8Array.from([0x42, ...leb(500), 1, 2, 3])],
    ['100,000 heads', Uint8Array.from([0x42, ...leb(100_000), ...new Uint8Array(100_000 * 32), 0, 0, 0])],
    ['a change that is needed twice', A.encodeSyncMessage({ heads: [], need: [oneHash, otherHash, oneHash], have: [], changes: [] })],
    ['a change that is cut off', Uint8Array.from([0x42, 0, 0, 0, 1, ...leb(100), 1])],
    ['another type', Uint8Array.from([0x44, 0, 0, 0, 0])],
    ['nothing', new Uint8Array(0)],
  ])('[GUARD1] [GUARD6] refuses %s at once', (_name, message) => {
    const usedMs = processorMs();
    expect(() => readAutomergeSyncMessage(message)).toThrow('the frame is not valid');
    expect(processorMs() - usedMs).toBeLessThan(50);
  });

  test('[GUARD7] mutated messages are refused with frame_invalid, or cost the library little', () => {
    const doc = documentOf(100);
    const mutation = fc.record({ at: fc.nat(), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.constantFrom(...real), fc.array(mutation, { minLength: 1, maxLength: 4 }), (message, mutations) => {
        const mutated = Uint8Array.from(message);
        for (const { at, byte } of mutations) mutated[at % mutated.length] = byte;
        let head: Uint8Array;
        try {
          head = readAutomergeSyncMessage(mutated).withoutChanges;
        } catch (error) {
          expect(isAnabranchError(error, 'frame_invalid')).toBe(true);
          return;
        }
        const usedMs = processorMs();
        try {
          const [received, state] = A.receiveSyncMessage(A.clone(doc), A.initSyncState(), head);
          A.generateSyncMessage(received, state);
        } catch (error) {
          expect(String(error)).not.toContain('PanicError');
        }
        expect(processorMs() - usedMs).toBeLessThan(250);
      }),
      { numRuns: 400 },
    );
  });
});
