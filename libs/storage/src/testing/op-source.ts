import { encodeUtf8 } from '@anabranch/base';
import { isOriginId, type OriginId, parseRegionId, type RegionId } from '@anabranch/causality';
import type { LoggedOp, OpAppend } from '@anabranch/engine';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';

export function originOf(text: string): OriginId {
  if (!isOriginId(text)) throw new TypeError(`${text} is no origin`);
  return text;
}

export const berlinRegion: RegionId = parseRegionId('berlin');
export const tokyoRegion: RegionId = parseRegionId('tokyo');
export const berlin: OriginId = originOf('berlin.5f0c12ab90de');
export const tokyo: OriginId = originOf('tokyo.000000000001');
export const cartA: DocumentId = parseDocumentId('carts/a');
export const cartB: DocumentId = parseDocumentId('carts/b');

interface NextOp {
  readonly documents?: readonly DocumentId[];
  readonly bytes?: Uint8Array;
  readonly idempotencyKey?: string;
}

/** Makes the ops of a mesh as one store receives them: seqs and positions without gaps. */
export class OpSource {
  readonly #heads = new Map<OriginId, { readonly seq: number; readonly logBytes: number }>();
  #position = 0;

  get lastPosition(): number {
    return this.#position;
  }

  next(origin: OriginId, { documents = [cartA], bytes, idempotencyKey }: NextOp = {}): OpAppend {
    const head = this.#heads.get(origin) ?? { seq: 0, logBytes: 0 };
    const seq = head.seq + 1;
    const content = bytes ?? encodeUtf8(`${origin} writes ${seq} to ${documents.join()}`);
    const logBytes = head.logBytes + content.length;
    this.#heads.set(origin, { seq, logBytes });
    const position = ++this.#position;
    return {
      origin,
      seq,
      bytes: content,
      chainHash: new Uint8Array(32).fill(position % 251, 1),
      logBytes,
      position,
      hlc: { ms: 2 ** 40 + position, counter: seq % 65_536 },
      documents,
      ...(idempotencyKey !== undefined && {
        idempotency: { key: idempotencyKey, requestDigest: new Uint8Array(16).fill(seq % 251), origin, seq },
      }),
    };
  }
}

/** The op as a store returns it. */
export function loggedOp({ origin, seq, bytes, chainHash, logBytes, position }: OpAppend): LoggedOp {
  return { origin, seq, bytes, chainHash, logBytes, position };
}
