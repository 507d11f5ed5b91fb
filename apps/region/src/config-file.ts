// The configuration file: JSON with known members only. A misspelt member is an error, not a default.

import { readFileSync } from 'node:fs';
import { AnabranchError, forbiddenKeys, isAnabranchError } from '@anabranch/base';
import { boundsFault, type CollectionSchema, crdtLimits, type FieldSchema } from '@anabranch/crdt';
import type { WriteConcern } from '@anabranch/engine';
import { isCollectionName } from '@anabranch/protocol';
import { parseWriteConcern, validate } from '@anabranch/server';
import { z } from 'zod';

/** Of a wrong value in a message. */
const shownUnitsMax = 80;

const fieldName = z.string().min(1, 'a field has a name').max(crdtLimits.keyUnitsMax);

const bound = z.number().exactOptional();
const boundedCounterSchema = z
  .strictObject({ type: z.literal('boundedCounter'), min: bound, max: bound, split: z.array(z.string()).exactOptional() })
  .superRefine((schema, context) => {
    const message = boundsFault(schema);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

const fieldSchema: z.ZodType<FieldSchema> = z.lazy(() =>
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('register'), keep: z.enum(['latest', 'all']).exactOptional() }),
    z.strictObject({ type: z.literal('counter') }),
    boundedCounterSchema,
    z.strictObject({ type: z.literal('set') }),
    z.strictObject({ type: z.literal('flag') }),
    z.strictObject({ type: z.literal('list') }),
    z.strictObject({ type: z.literal('text') }),
    z.strictObject({ type: z.literal('map'), of: fieldSchema }),
    objectSchema,
  ]),
);

const objectSchema = z.strictObject({ type: z.literal('object'), fields: z.record(fieldName, fieldSchema) });

/** As the header field Anabranch-Write-Concern takes it. */
const writeConcern = z.string().transform((text, context): WriteConcern => {
  try {
    return parseWriteConcern(text);
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    context.addIssue(error.message);
    return z.NEVER;
  }
});

const collectionSchema = z.strictObject({
  library: z.enum(['yjs', 'automerge']),
  schema: z.union(
    [z.literal('freeform'), objectSchema.refine((schema) => depthOf(schema) <= crdtLimits.pathSegmentsMax, 'nests too deep')],
    { error: 'expected "freeform" or {"type": "object", "fields": {...}}' },
  ),
  writeConcern: writeConcern.exactOptional(),
});

const fileSchema = z.strictObject({
  name: z.string().optional(),
  listen: z.string().optional(),
  data: z.string().optional(),
  /** A URL to dial; null for a peer that dials this region. */
  peers: z.record(z.string(), z.string().nullable()).optional(),
  meshKeyFile: z.string().optional(),
  allowedOrigins: z.array(z.string()).optional(),
  logLevel: z.string().optional(),
  documentsLoadedMax: z.number().optional(),
  collections: z.record(z.string().refine(isCollectionName, 'a collection is named [a-z][a-z0-9-]{0,62}'), collectionSchema).optional(),
});

export interface ConfiguredCollection extends CollectionSchema {
  /** For writes that do not say where they must be durable. It may differ from region to region. */
  readonly writeConcern?: WriteConcern;
}

export interface ConfigFile extends Omit<z.infer<typeof fileSchema>, 'collections'> {
  readonly collections?: Readonly<Record<string, ConfiguredCollection>> | undefined;
}

/** @throws AnabranchError `config_invalid`, naming the file and the member. */
export function readConfigFile(path: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw invalid(path, error);
  }
  return parseConfigFile(text, path);
}

/** @throws AnabranchError `config_invalid`; `path` is for its message. */
export function parseConfigFile(text: string, path: string): ConfigFile {
  let value: unknown;
  try {
    value = JSON.parse(text, (key, member) => {
      if (forbiddenKeys.has(key)) throw new SyntaxError(`${key} is not allowed as a name`);
      return member;
    });
  } catch (error) {
    throw invalid(path, error);
  }
  const parsed = validate(fileSchema, value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => describeIssue(issue, value, ''));
  throw invalid(path, faults.length === 1 ? faults[0] : faults.map((fault) => `\n  ${fault}`).join(''));
}

/** Where and what is wrong there: of a union, the alternative that is meant says it. */
function describeIssue(issue: z.core.$ZodIssue, root: unknown, above: string): string[] {
  const where = issue.path.reduce((path: string, key) => `${path}/${String(key)}`, above);
  const value = issue.path.reduce(memberOf, root);
  const meant = issue.code === 'invalid_union' ? issue.errors.filter((issues) => !issues.some(isOfAnotherKind)) : [];
  if (meant.length > 0) return meant.flat().flatMap((inner) => describeIssue(inner, value, where));
  // A text of the schema does not say what it is about.
  const hasOwnText = issue.code === 'custom' || (issue.code === 'invalid_union' && issue.discriminator === undefined);
  return [`${where === '' ? 'the file' : where}${hasOwnText ? shown(value) : ''}: ${issue.message}`];
}

/** Whether the value is not even of the kind that an alternative is of. */
function isOfAnotherKind({ code, path }: z.core.$ZodIssue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

/** Lists and objects are not echoed: what they hold is in the file. */
function shown(value: unknown): string {
  if (value === undefined) return ' is missing';
  return typeof value === 'object' && value !== null ? '' : ` is ${JSON.stringify(value).slice(0, shownUnitsMax)}`;
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function depthOf(schema: FieldSchema): number {
  if (schema.type === 'map') return 1 + depthOf(schema.of);
  if (schema.type !== 'object') return 0;
  return 1 + Math.max(0, ...Object.values(schema.fields).map(depthOf));
}

function invalid(path: string, why: unknown): AnabranchError {
  return new AnabranchError('config_invalid', `${path}: ${why instanceof Error ? why.message : String(why)}`);
}
