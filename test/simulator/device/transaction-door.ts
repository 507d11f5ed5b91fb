// The door of regions for transactions (POST /v1/transactions), as clients on devices use it: what the real one reads of a request and
// says of an outcome, without HTTP. Each request is an operation of the history: whoever looks at edits looks at these, too.

import { AnabranchError, assert, type ErrorCode, encodeUtf8 } from '@anabranch/base';
import { decodeSessionToken } from '@anabranch/causality';
import type { EditResult } from '@anabranch/engine';
import { requestDigestLength } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import type { AskedEdit } from '../history.ts';
import type { HistoryRecorder } from '../workload/history-recorder.ts';
import type { DoorAnswer, RegionDoor } from '../workload/region-door.ts';
import { editAnswerOf, transact } from '../workload/typed-client.ts';
import type { RegionHost } from '../world/region-host.ts';

/** What the region says; undefined when the client hears nothing. */
export type TransactionAnswer = { readonly status: number; readonly text: string } | undefined;

export interface TransactionRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: number;
}

const hash = new NodeHash();

export class TransactionDoor {
  readonly #device: string;
  readonly #door: RegionDoor;
  readonly #history: HistoryRecorder;
  #asked = 0;

  constructor(device: string, door: RegionDoor, history: HistoryRecorder) {
    this.#device = device;
    this.#door = door;
    this.#history = history;
  }

  async post(host: RegionHost, { headers, body, timeoutMs }: TransactionRequest): Promise<TransactionAnswer> {
    const { writes } = JSON.parse(body) as { readonly writes: readonly AskedEdit[] };
    const [first, ...others] = writes;
    const key = headers['idempotency-key'];
    assert(first !== undefined && key !== undefined, 'a submission writes something, under a key');
    const token = headers['anabranch-session'];
    const minVersion = token === undefined ? undefined : decodeSessionToken(token);
    this.#asked += 1;
    const process = `${this.#device}/${this.#asked}`;
    const event = {
      ...{ f: 'edit' as const, process, session: process, region: host.region, incarnation: host.process?.incarnation ?? 0 },
      ...{ document: first.document, key, ops: first.ops },
      ...(others.length > 0 && { others }),
      ...(minVersion && { presented: minVersion.toJSON() }),
    };
    this.#history.record({ ...event, type: 'invoke' });
    const requestDigest = hash.sha256(encodeUtf8(body)).slice(0, requestDigestLength);
    const options = { idempotency: { key, requestDigest }, ...(minVersion && { minVersion }) };
    const answer = await this.#door.call({ host, timeoutMs, act: (replica) => transact(replica, writes, options) });
    if (answer.type === 'ok') this.#history.record({ ...event, type: 'ok', answer: editAnswerOf(answer.value) }, answer.givenMs);
    else this.#history.record({ ...event, type: answer.type, code: answer.code });
    return told(first.document, answer);
  }
}

/** What no region says: nothing listens there, nothing came back. */
const unsaid: ReadonlySet<string> = new Set(['unreachable', 'timeout', 'crashed']);

function told(document: string, answer: DoorAnswer<EditResult>): TransactionAnswer {
  if (answer.type === 'ok') {
    const { json, opId } = answer.value;
    return { status: 200, text: JSON.stringify({ ...(opId && { opId: `${opId.origin}:${opId.seq}` }), documents: { [document]: json } }) };
  }
  if (unsaid.has(answer.code)) return undefined;
  const { entry, code } = new AnabranchError(answer.code as ErrorCode, 'refused');
  return { status: entry.status, text: JSON.stringify({ code, status: entry.status, detail: 'refused', opId: answer.opId }) };
}
