// Asks a region to make a change itself, as one transaction: what needs rights that only regions hold (bounded counters), or
// must be refused rather than merged.
//
//   local writes first --> POST /v1/transactions --answer--> shown here --> done
//                              ^---- no answer, not ready ----'  same region, same key, until the time is up
//
// Invariant 1: one submission is one idempotency key, and goes to one region: another region knows of the key only when the op
//              has arrived there, and might do it twice. Once it was refused another may be asked, under another key.
// Invariant 2: without an answer the outcome is unknown, and said to be: never "not done". A refusal says "not done" also of an
//              attempt before without an answer: a region answers the attempts under one key in the order in which they came.

import { AnabranchError, type Clock, isAnabranchError, type JsonObject } from '@anabranch/base';
import { encodeSessionToken, isOriginId, type OriginId, type VersionVector } from '@anabranch/causality';
import type { DocumentOp } from '@anabranch/crdt';
import type { OptionKind } from './call-options.ts';
import type { HttpAnswer, SendHttp } from './ports.ts';
import { errorOf } from './refusal.ts';

export interface SubmittedWrite {
  /** `collection/id`. */
  readonly document: string;
  readonly ops: readonly DocumentOp[];
  /** The entity tag of the state that the document must be in. */
  readonly ifMatch?: string;
}

export interface SubmitOptions {
  /** How long to wait for the region's answer, in milliseconds: 10,000 unless given. */
  readonly timeoutMs?: number;
  /** Of the same submission before: asks for it again, and it is done once. */
  readonly retryKey?: string;
  /**
   * Told the key before a region is asked, once for each that is, all under keys of their own: who keeps the last one can ask again after a
   * reload, or after a refusal. Those before have done nothing.
   */
  readonly onRetryKey?: (retryKey: string) => void;
  /** As the header `Anabranch-Write-Concern`: `majority; timeout=500ms`. */
  readonly writeConcern?: string;
}

export const submitOptions: Readonly<Record<keyof SubmitOptions, OptionKind>> = {
  timeoutMs: 'milliseconds',
  retryKey: 'text',
  onRetryKey: 'function',
  writeConcern: 'text',
};

export interface Submitted {
  /** `origin:seq`; undefined when nothing changed. */
  readonly opId: string | undefined;
  /** The new views by `collection/id`, as the region had them; none when it had done it before, and cannot read one of them now. */
  readonly documents: Readonly<Record<string, JsonObject>>;
  /** False when a write concern was asked for and not met in time: the write is durable in the region, and on its way. */
  readonly isConcernMet: boolean;
}

export interface SubmitParts {
  readonly clock: Clock;
  readonly sendHttp: SendHttp;
  readonly url: string;
  readonly seen: VersionVector;
  readonly retryKey: string;
  /** Waits so long before the region is asked again; resolves at once with why, when none may be asked any more. */
  readonly pause: (timeMs: number) => Promise<AnabranchError | undefined>;
}

const retryMsMin = 200;
const retryMsMax = 2_000;

/** @throws AnabranchError what the region refused it for; `outcome_unknown` with `details.retryKey`. */
export async function submitTo(parts: SubmitParts, writes: readonly SubmittedWrite[], options: SubmitOptions): Promise<Submitted> {
  const { clock, retryKey } = parts;
  const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? 10_000);
  let mayBeDone = options.retryKey !== undefined;
  let last: AnabranchError | undefined;
  for (let waitMs = retryMsMin; ; waitMs = Math.min(2 * waitMs, retryMsMax)) {
    const leftMs = deadlineMs - clock.monotonicMs();
    const answer = await ask(parts, writes, options, Math.max(leftMs, 1)).catch((error: unknown) => error);
    const outcome = outcomeOf(answer, options);
    if (!isAnabranchError(outcome)) return outcome;
    last = outcome;
    if (!isPassing(last)) throw last;
    if (doubtful.has(last.code)) mayBeDone = true;
    if (clock.monotonicMs() + waitMs >= deadlineMs) break;
    const ended = await parts.pause(waitMs);
    if (ended === undefined) continue;
    last = ended;
    break;
  }
  if (!mayBeDone) throw last;
  throw new AnabranchError('outcome_unknown', 'the region did not say in time what became of it', { retryKey, cause: last.code });
}

/** The op of an answer, as a component of a vector. */
export function parseOpId(text: string | undefined): readonly [OriginId, number] | undefined {
  const at = text?.lastIndexOf(':') ?? -1;
  const [origin, seq] = [text?.slice(0, at) ?? '', Number(text?.slice(at + 1))];
  return at > 0 && isOriginId(origin) && Number.isSafeInteger(seq) && seq > 0 ? [origin, seq] : undefined;
}

function ask(parts: SubmitParts, writes: readonly SubmittedWrite[], options: SubmitOptions, timeoutMs: number): Promise<HttpAnswer> {
  const { url, seen, retryKey, sendHttp } = parts;
  return sendHttp({
    method: 'POST',
    url: `${url.replace(/\/$/, '')}/v1/transactions`,
    headers: {
      'content-type': 'application/json',
      'idempotency-key': retryKey.slice(retryKey.indexOf('|') + 1),
      ...(seen.size > 0 && { 'anabranch-session': encodeSessionToken(seen) }),
      ...(options.writeConcern !== undefined && { 'anabranch-write-concern': options.writeConcern }),
    },
    body: JSON.stringify({ writes }),
    timeoutMs,
  });
}

/** What became of one attempt; an error that passes says nothing for good. */
function outcomeOf(answer: unknown, options: SubmitOptions): Submitted | AnabranchError {
  const silence = new AnabranchError('region_unreachable', 'the region does not answer');
  if (!isAnswer(answer)) return silence;
  if (answer.status < 300) return readAnswer(answer) ?? silence;
  const problem = problemOf(answer);
  return problem.code === 'view_unavailable' ? doneUnseen(problem, options) : problem;
}

function isAnswer(answer: unknown): answer is HttpAnswer {
  return typeof answer === 'object' && answer !== null && 'status' in answer && 'text' in answer;
}

/** Who does not answer, or fails while it commits, may have kept it. */
const doubtful: ReadonlySet<string> = new Set(['region_unreachable', 'store_failed', 'store_full', 'internal_error']);

function isPassing(error: AnabranchError): boolean {
  return error.entry.status === 503 || error.entry.status === 507 || error.code === 'internal_error';
}

function problemOf({ status, text }: HttpAnswer): AnabranchError {
  const { code, detail, title, type, status: _, ...details } = parseObject(text);
  const message = typeof detail === 'string' ? detail : `the region answered ${status}`;
  return errorOf({ code: typeof code === 'string' ? code : 'internal_error', message, details });
}

/** Undefined for what no region says: something between here and there answered in its place. */
function readAnswer({ status, text }: HttpAnswer): Submitted | undefined {
  const { opId, documents, result } = parseObject(text);
  const pending = typeof result === 'object' && result !== null ? (result as Record<string, unknown>) : {};
  const views = documents ?? pending['documents'];
  if (typeof views !== 'object' || views === null) return undefined;
  return {
    opId: typeof opId === 'string' ? opId : undefined,
    documents: views as Record<string, JsonObject>,
    isConcernMet: status !== 202,
  };
}

/** The region has done it, and nobody waited for other regions. */
function doneUnseen({ details }: AnabranchError, { writeConcern = 'local' }: SubmitOptions): Submitted {
  const { opId } = details as { readonly opId?: unknown };
  const [target = ''] = writeConcern.split(';');
  return { opId: typeof opId === 'string' ? opId : undefined, documents: {}, isConcernMet: target.trim() === 'local' };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch (error) {
    if (isAnabranchError(error)) throw error;
    return {};
  }
}
