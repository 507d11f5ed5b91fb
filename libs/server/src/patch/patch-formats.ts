// The three ways to say a change. Each media type has one schema, which validates bodies and appears in the OpenAPI document,
// and one way to make operations of a valid body.

import { AnabranchError, type Clock, type JsonObject, type JsonValue } from '@anabranch/base';
import { type CollectionSchema, crdtLimits, type DocumentOp } from '@anabranch/crdt';
import { z } from 'zod';
import { parseJsonBody } from '../http/json-body.ts';
import { mediaTypes, patchTypes, unsupportedType } from '../http/media-type.ts';
import { faultText, validate } from '../http/validate.ts';
import { mismatch } from './assignment.ts';
import { type JsonPatchEntry, planJsonPatch } from './json-patch.ts';
import { planMergePatch } from './merge-patch.ts';
import type { PatchPlan } from './patch-plan.ts';

/** Any JSON value; the body was inspected when it was parsed. */
const json = z.custom<JsonValue>((value) => value !== undefined, 'a JSON value is needed').meta({ description: 'Any JSON value.' });
export const pointerSchema = z
  .string()
  .max(16_384)
  .meta({ description: 'A JSON pointer (RFC 6901) to a field, for example /items/sku-1/qty.' });
const position = z.int().min(0);

export const opsSchema: z.ZodType<DocumentOp[]> = z
  .array(
    z.discriminatedUnion('op', [
      z.strictObject({ op: z.literal('set'), path: pointerSchema, value: json }),
      z.strictObject({ op: z.literal('clear'), path: pointerSchema }),
      z.strictObject({ op: z.literal('increment'), path: pointerSchema, by: z.int() }),
      z.strictObject({ op: z.literal('decrement'), path: pointerSchema, by: z.int().min(1) }),
      z.strictObject({ op: z.literal('add'), path: pointerSchema, value: json }),
      z.strictObject({ op: z.literal('enable'), path: pointerSchema }),
      z.strictObject({ op: z.literal('disable'), path: pointerSchema }),
      z.strictObject({ op: z.literal('remove'), path: pointerSchema, value: json.exactOptional(), index: position.exactOptional() }),
      z.strictObject({
        op: z.literal('insert'),
        path: pointerSchema,
        index: position,
        value: json.exactOptional(),
        text: z.string().exactOptional(),
      }),
      z.strictObject({ op: z.literal('move'), path: pointerSchema, from: position, to: position }),
      z.strictObject({ op: z.literal('delete'), path: pointerSchema, index: position, length: position }),
    ]),
  )
  .min(1);

export const mergePatchSchema: z.ZodType<JsonObject> = z
  .record(z.string(), json)
  .meta({ description: 'Members that change (RFC 7396); null removes a map key or clears a field.' });

export const jsonPatchSchema: z.ZodType<JsonPatchEntry[]> = z
  .array(
    z.discriminatedUnion('op', [
      z.object({ op: z.literal('add'), path: pointerSchema, value: json }),
      z.object({ op: z.literal('replace'), path: pointerSchema, value: json }),
      z.object({ op: z.literal('test'), path: pointerSchema, value: json }),
      z.object({ op: z.literal('remove'), path: pointerSchema }),
      z.object({ op: z.literal('move'), path: pointerSchema, from: pointerSchema }),
      z.object({ op: z.literal('copy'), path: pointerSchema, from: pointerSchema }),
    ]),
  )
  .min(1);

/** @throws AnabranchError `content_type_unsupported`, `request_malformed`, `request_too_large`, `op_invalid`, `type_mismatch`, `value_invalid`. */
export function planPatch(
  mediaType: string | undefined,
  collection: CollectionSchema,
  body: Uint8Array,
  clock: Pick<Clock, 'monotonicMs'>,
): PatchPlan {
  switch (mediaType) {
    case mediaTypes.ops: {
      const planned = { ops: validateOps(opsSchema, parseJsonBody(body)), entryOf: undefined };
      return () => planned;
    }
    case mediaTypes.mergePatch:
      return planMergePatch(collection, validateMergePatch(parseJsonBody(body)));
    case mediaTypes.jsonPatch:
      return planJsonPatch(collection, validateOps(jsonPatchSchema, parseJsonBody(body)), clock);
    default:
      throw unsupportedType('a PATCH', patchTypes, mediaType);
  }
}

function validateMergePatch(body: JsonValue): JsonObject {
  const parsed = validate(mergePatchSchema, body);
  if (parsed.success) return parsed.data;
  throw mismatch('', 'a merge patch of a document is an object');
}

function validateOps<T>(schema: z.ZodType<T>, body: JsonValue): T {
  if (Array.isArray(body) && body.length > crdtLimits.editOpsMax) {
    throw new AnabranchError('request_too_large', `a body holds at most ${crdtLimits.editOpsMax} operations`);
  }
  const parsed = validate(schema, body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const [opIndex, ...member] = issue?.path ?? [];
  if (issue === undefined || typeof opIndex !== 'number') throw new AnabranchError('op_invalid', faultText(parsed.error, 'the body'));
  const where = member.length > 0 ? member.join('.') : 'the operation';
  throw new AnabranchError('op_invalid', `${where}: ${issue.message}`, { opIndex, ...pathOf(body, opIndex) });
}

function pathOf(body: JsonValue, opIndex: number): { path?: string } {
  const entry: unknown = Array.isArray(body) ? body[opIndex] : undefined;
  const path: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'path') : undefined;
  return typeof path === 'string' ? { path } : {};
}
