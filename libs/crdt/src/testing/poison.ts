// What the inspection tests share: verdicts, and bytes written by hand.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import * as encoding from 'lib0/encoding';
import type { InflateRaw } from '../automerge/column-scan.ts';
import type { CrdtDocument } from '../crdt-document.ts';
import { acceptPart, examineUpdate, inspectUpdate } from '../inspect-update.ts';
import type { InspectionFinding } from '../inspection-case.ts';
import type { ObjectSchema } from '../schema.ts';

export const schema: ObjectSchema = {
  type: 'object',
  fields: { n: { type: 'counter' }, note: { type: 'text' }, tags: { type: 'set' } },
};
export const identity = { yjsClientId: 2 ** 32 + 7, automergeActor: '07'.repeat(16) };

/** The code an inspection refuses with, or `accepted`; what had to be examined is merged then. Anything without a code fails the test. */
export function verdict(document: CrdtDocument, update: Uint8Array, inflateRaw: InflateRaw = () => undefined): string {
  return codeOf(() => {
    const inspected = inspectUpdate(document, update, inflateRaw);
    if ('undecided' in inspected) accept(document, examineUpdate(inspected.undecided, inflateRaw));
  });
}

/** Accepts and applies the parts of a finding. @throws AnabranchError its refusal. */
export function accept(document: CrdtDocument, finding: InspectionFinding): void {
  if (!finding.isSound) throw new AnabranchError(finding.code, finding.message);
  for (const part of finding.parts) {
    acceptPart(document, part);
    document.apply([part.update]);
  }
}

/** The code that work ends with, or `accepted`. */
export function codeOf(work: () => void): string {
  try {
    work();
    return 'accepted';
  } catch (error) {
    if (isAnabranchError(error)) return error.code;
    throw error;
  }
}

/** Bytes from varuints and raw pieces. */
export function bytes(...parts: (number | Uint8Array)[]): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part);
    else encoding.writeUint8Array(encoder, part);
  }
  return encoding.toUint8Array(encoder);
}
export const raw = (...values: number[]): Uint8Array => Uint8Array.from(values);
