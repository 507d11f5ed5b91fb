// What no region should take: bytes that are cut off, lie about what they hold, or are too many, now or when they are inflated.

import { deflateRawSync } from 'node:zlib';
import { inspectionLimits } from '@anabranch/crdt';
import { ByteWriter, updateBytesMax } from '@anabranch/protocol';
import * as Automerge from '@automerge/automerge';
import * as Y from 'yjs';
import type { SeededRandom } from '../seeded-random.ts';

export const yjsPoisons = ['noise', 'cut off', 'long deletion', 'gap', 'unheld deletion', 'own name', 'no bytes', 'oversized'] as const;
export const automergePoisons = ['noise', 'bomb', 'inflated change', 'no bytes'] as const;
export type Poison = (typeof yjsPoisons)[number] | (typeof automergePoisons)[number];

export function poisonOf(kind: Poison, random: SeededRandom): Uint8Array {
  const client = 1 + random.u32();
  switch (kind) {
    case 'no bytes':
      return new Uint8Array();
    case 'cut off': {
      const whole = soundUpdate(client, 'poison');
      return whole.slice(0, 1 + random.below(whole.length - 1));
    }
    case 'oversized':
      return soundUpdate(client, 'poison '.repeat(updateBytesMax / 7 + random.below(10_000)));
    case 'bomb':
      return bomb();
    case 'inflated change': {
      const body = deflateRawSync(new Uint8Array(inspectionLimits.inflatedBytesMax + 1));
      // Magic bytes, a checksum, and the type of a change that is deflated.
      return new ByteWriter()
        .bytes(new Uint8Array([0x85, 0x6f, 0x4a, 0x83, ...random.bytes(4), 2]))
        .sizedBytes(body)
        .finish();
    }
    case 'long deletion':
      // One client block with one struct: so many deleted characters, in sixteen bytes.
      return new ByteWriter()
        .uint(1)
        .uint(1)
        .uint(client)
        .uint(0)
        .byte(1)
        .uint(1)
        .text('body')
        .uint(2 ** 45)
        .uint(0)
        .finish();
    case 'gap': {
      const doc = new Y.Doc();
      doc.clientID = client;
      doc.getText('body').insert(0, 'what comes before is kept back');
      const before = Y.encodeStateVector(doc);
      doc.getText('body').insert(5, 'poison');
      return Y.encodeStateAsUpdate(doc, before);
    }
    case 'unheld deletion':
      return new ByteWriter().uint(0).uint(1).uint(client).uint(1).uint(random.below(100)).uint(5).finish();
    default: {
      // The first byte counts client blocks: a number that the bytes cannot hold.
      const noise = random.bytes(8 + random.below(40));
      noise[0] = 0x7f;
      return noise;
    }
  }
}

function soundUpdate(client: number, text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  doc.getText('body').insert(0, text);
  doc.getMap('fields').set('poison', { nested: [1, 2, 3] });
  return Y.encodeStateAsUpdate(doc);
}

let madeBomb: Uint8Array | undefined;

/** A document of a few kilobytes whose columns inflate beyond the limit. */
function bomb(): Uint8Array {
  if (madeBomb !== undefined) return madeBomb;
  const empty = Automerge.init<{ bytes?: Uint8Array }>({ actor: 'bb'.repeat(16) });
  const filled = Automerge.change(empty, { time: 0 }, (doc) => {
    doc.bytes = new Uint8Array(inspectionLimits.inflatedBytesMax + 1);
  });
  madeBomb = Automerge.save(filled);
  return madeBomb;
}
