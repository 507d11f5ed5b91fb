// One op as the change feed tells it: all of its documents in one event, with their present views. What a view shows is
// never older than the op, and may be newer.

import { isAnabranchError, type JsonObject } from '@anabranch/base';
import { regionOf, type VersionVector } from '@anabranch/causality';
import type { ChangedOp, ReplicaDoor } from '@anabranch/engine';
import { collectionOf, type DocumentId } from '@anabranch/protocol';
import { z } from 'zod';
import { answerText } from '../http/answer-text.ts';
import { sessionTokenOf } from '../http/fields.ts';

const changedDocumentSchema = z.strictObject({
  document: z.string().meta({ description: 'collection/id' }),
  exists: z.boolean().optional(),
  json: z.record(z.string(), z.custom<unknown>()).optional().meta({ description: 'The view when the event was sent.' }),
  unavailable: z.string().optional().meta({ description: 'Why there is no view: a code of the errors, or `too_large`.' }),
});

export const changeEventSchema = z.strictObject({
  token: z.string().meta({ description: 'The place after this event, for `after` or `Last-Event-ID`, in any region.' }),
  opId: z.string().optional().meta({ description: 'origin:seq. Absent in an event that only tells the place.' }),
  region: z.string().optional(),
  time: z.string().optional().meta({ description: "RFC 3339, by the writer's clock." }),
  documents: z.array(changedDocumentSchema).optional().meta({ description: 'Of a transaction, all that pass the filter.' }),
});

export type ChangeEvent = z.infer<typeof changeEventSchema>;

export const changeEventExample: ChangeEvent = {
  token: 'AQEFdG9reW8uMDBhYTExYmIyMmNjAQ',
  opId: 'tokyo.00aa11bb22cc:1',
  region: 'tokyo',
  time: '2026-11-26T08:30:00.123Z',
  documents: [{ document: 'carts/ann', exists: true, json: { gift: true } }],
};

/** Characters of the views in one event. Beyond: the views of the other documents are left out. */
const viewUnitsMax: number = 4 << 20;

export interface EventOptions {
  /** Undefined for all. */
  readonly collections: ReadonlySet<string> | undefined;
  readonly hasViews: boolean;
}

/** The documents of an op that a reader asked for. */
export function matchingDocuments({ documents }: ChangedOp, { collections }: EventOptions): readonly DocumentId[] {
  return collections === undefined ? documents : documents.filter((document) => collections.has(collectionOf(document)));
}

/** The event of an op as JSON text, for those of its documents. */
export async function changeEventOf(
  replica: ReplicaDoor,
  op: ChangedOp,
  documents: readonly DocumentId[],
  hasViews: boolean,
): Promise<string> {
  const { opId, hlc, version } = op;
  const place = {
    token: sessionTokenOf(version),
    opId: `${opId.origin}:${opId.seq}`,
    region: regionOf(opId.origin),
    time: new Date(hlc.ms).toISOString(),
  };
  if (!hasViews) return answerText({ ...place, documents: documents.map((document) => ({ document })) });
  const texts: string[] = [];
  let units = 0;
  for (const document of documents) {
    const text = units > viewUnitsMax ? undefined : await viewText(replica, document);
    units += text?.length ?? 0;
    const isShown = text !== undefined && (units <= viewUnitsMax || documents.length === 1);
    texts.push(isShown ? text : JSON.stringify({ document, unavailable: 'too_large' }));
  }
  return `{"documents":[${texts.join()}],${answerText(place).slice(1)}`;
}

/** An event that says how far the feed has come. */
export function placeEventOf(version: VersionVector): string {
  return JSON.stringify({ token: sessionTokenOf(version) });
}

/** A document that cannot be shown must not end the feed of all others. */
async function viewText(replica: ReplicaDoor, document: DocumentId): Promise<string> {
  let view: { readonly exists: boolean; readonly json: JsonObject };
  try {
    view = await replica.read(document);
  } catch (error) {
    if (!isAnabranchError(error) || !isOfTheDocument.has(error.code)) throw error;
    return JSON.stringify({ document, unavailable: error.code });
  }
  return answerText({ document, exists: view.exists, json: view.json });
}

const isOfTheDocument: ReadonlySet<string> = new Set(['collection_not_found', 'document_quarantined', 'record_damaged']);
