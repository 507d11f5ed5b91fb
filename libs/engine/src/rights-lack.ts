import type { AnabranchError } from '@anabranch/base';
import type { RightsKind } from '@anabranch/crdt';

/** Why a change of a bounded counter was refused. */
export interface RightsLack {
  /** Which write of a transaction. */
  readonly writeIndex: number;
  /** A JSON pointer to the counter. */
  readonly path: string;
  readonly kind: RightsKind;
  readonly needed: number;
  /** What the writer had left when it was refused. */
  readonly held: number;
  /** What all holders have together. */
  readonly total: number;
  /** Other holders of such rights, richest first. */
  readonly holders: readonly RichHolder[];
}

interface RichHolder {
  readonly origin: string;
  readonly rights: number;
}

/** What the details of an `insufficient_rights` say, as CrdtDocument.edit gives them; undefined for any other refusal. */
export function lackOf({ code, details }: AnabranchError): RightsLack | undefined {
  const { writeIndex = 0, path, kind, needed, held, total, holders } = details;
  if (code !== 'insufficient_rights' || typeof writeIndex !== 'number' || typeof path !== 'string') return undefined;
  if (
    (kind !== 'down' && kind !== 'up') ||
    typeof needed !== 'number' ||
    typeof held !== 'number' ||
    typeof total !== 'number' ||
    !Array.isArray(holders)
  )
    return undefined;
  return { writeIndex, path, kind, needed, held, total, holders: holders.filter(isRichHolder) };
}

function isRichHolder(holder: unknown): holder is RichHolder {
  if (typeof holder !== 'object' || holder === null) return false;
  return 'origin' in holder && typeof holder.origin === 'string' && 'rights' in holder && typeof holder.rights === 'number';
}
