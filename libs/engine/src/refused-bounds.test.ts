import { parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { RefusedBounds } from './refused-bounds.ts';

test('[RIGHTS5] beyond what is kept the oldest is dropped and counted', () => {
  const refused = new RefusedBounds();
  const document = parseDocumentId('depots/d');
  for (let needed = 1; needed <= RefusedBounds.entriesMax + 3; needed++) {
    refused.note({ timeMs: needed, document, path: '/stock', kind: 'down', needed, held: 0, total: 0 });
  }
  expect(refused.of(document)).toHaveLength(RefusedBounds.entriesMax);
  expect(refused.of(document).at(-1)?.needed).toBe(4);
  expect(refused.droppedCount).toBe(3);
});
