// Schemas and examples of what the document routes answer.

import type { JsonValue } from '@anabranch/base';
import { z } from 'zod';

export const viewSchema: z.ZodType<Record<string, JsonValue>> = z
  .record(z.string(), z.custom<JsonValue>())
  .meta({ description: 'The JSON view: every field of the collection with its value or its empty value.' });

export const viewExample = { items: { 'sku-1': { qty: 5, name: 'Lantern' } }, coupons: ['SAVE10'], gift: false };

export const listSchema = z.strictObject({
  documents: z.array(z.string()).meta({ description: 'Ids in order, of every document that was ever written, removed ones too.' }),
  nextCursor: z.string().optional().meta({ description: 'Continues the list; absent on the last page.' }),
});

export const listExample: z.infer<typeof listSchema> = { documents: ['cart-1', 'cart-2'], nextCursor: 'MWNhcnQtMg' };

export const digestSchema = z.strictObject({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  versionVector: z.record(z.string(), z.int().min(1)),
});

export const digestExample: z.infer<typeof digestSchema> = {
  digest: '3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b8550',
  versionVector: { 'berlin.5f0c12ab90de': 812, 'tokyo.00aa11bb22cc': 7 },
};
