import { expect, test } from 'vitest';
import { SeededRandom } from '../../simulator/seeded-random.ts';
import { VirtualClock } from '../../simulator/virtual-clock.ts';
import type { Segment } from './packet.ts';
import { ReceiveWindow } from './receive-window.ts';
import { ReliableConnection } from './reliable-connection.ts';
import { SendWindow } from './send-window.ts';

const segment = (seq: number): Segment => ({ seq, bytes: Uint8Array.of(seq), isLast: true });

test('[MAEL4] segments that were used, or lie too far ahead, are not kept', () => {
  const window = new ReceiveWindow();
  expect(window.receive(segment(1))).toEqual([]);
  expect(window.receive(segment(0))).toEqual([Uint8Array.of(0), Uint8Array.of(1)]);
  for (const seq of [0, 1, 2 + ReceiveWindow.aheadMax]) expect(window.receive(segment(seq))).toEqual([]);
  expect(window.held).toEqual([]);
  for (let seq = 3; seq < 200; seq++) window.receive(segment(seq));
  expect(window.held).toHaveLength(ReceiveWindow.aheadMax - 1);
  expect(window.next).toBe(2);
});

test('[MAEL3] a segment is sent again when it is not acknowledged in time, sooner when a later one has arrived', () => {
  const window = new SendWindow();
  const sentAt = (ms: number): number[] => window.take(ms).map(({ seq }) => seq);
  for (const seq of [0, 1]) window.push(Uint8Array.of(seq));
  expect(sentAt(0)).toEqual([0, 1]);
  window.acknowledge(2, [], 40);
  for (const seq of [2, 3]) window.push(Uint8Array.of(seq));
  expect(sentAt(100)).toEqual([2, 3]);
  window.push(Uint8Array.of(4));
  expect(sentAt(110)).toEqual([4]);
  // Nothing is late yet; 4 has arrived and the others have not.
  window.acknowledge(2, [4], 145);
  expect(sentAt(145)).toEqual([]);
  expect(sentAt(155)).toEqual([2, 3]);
  window.acknowledge(5, [], 200);
  expect(sentAt(10_000)).toEqual([]);
  expect(window.bufferedBytes).toBe(0);
  window.push(Uint8Array.of(5));
  expect(sentAt(20_000)).toEqual([5]);
  expect(sentAt(20_001)).toEqual([]);
  expect(sentAt(20_500)).toEqual([5]);
});

test('[MAEL3] nothing is delivered after our own close, also of what had arrived already', () => {
  const clock = new VirtualClock(new SeededRandom(1));
  const parts = { clock, id: '0123456789abcdef', remoteAddress: 'b', transmit: () => {}, onEnded: () => {} };
  const connection = new ReliableConnection(parts);
  const frames: Uint8Array[] = [];
  connection.listen({
    receiveFrame: (frame) => {
      frames.push(frame);
      connection.close('normal', 'enough');
    },
    drained: () => {},
    closed: () => {},
  });
  for (const seq of [1, 0]) connection.receive({ kind: 'data', connection: parts.id, segment: segment(seq), next: 0 });
  expect(frames).toEqual([Uint8Array.of(0)]);
});
