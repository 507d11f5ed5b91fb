// A region as its users see it: the public HTTP API, nothing else. What the demonstration shows and checks, anybody could.

import { AnabranchError, type ErrorCode, errorCodes } from '@anabranch/base';
import { JsonFields } from './json-fields.ts';
import { type CounterRights, parseRights } from './region-rights.ts';
import { parseRegionStatus, type RegionStatus, type VersionVectorView } from './region-status.ts';

export const operationsMediaType = 'application/vnd.anabranch.ops+json';

/** A region that does not answer in this time is treated as gone. */
const answerMsMax = 5_000;
/** Ids on one page of a list, the most a region gives. */
const pageSize = 1000;

/** The content digest of a document, and the ops of the region that it holds at. */
export interface DigestReading {
  readonly digest: string;
  readonly versionVector: VersionVectorView;
}

export interface EditOptions {
  /** Makes a repetition of the edit harmless, in any region. */
  readonly idempotencyKey?: string;
  /** The regions that must hold it durably before it is answered, such as `majority; timeout=1s`. */
  readonly writeConcern?: string;
}

/** The operations on one document of a transaction. */
export interface TransactionWrite {
  /** `collection/id` */
  readonly document: string;
  readonly ops: readonly object[];
}

export interface TransactionAnswer {
  /** Null when nothing changed. */
  readonly opId: string | null;
  /** The new view of each document, by `collection/id`. */
  readonly documents: JsonFields;
  /** Regions that are known to hold it durably. */
  readonly acknowledged: readonly string[];
  /** Whether its concern was not met in time: ask later with {@link RegionClient.writeReport}. */
  readonly isPending: boolean;
}

/** Which regions hold a write, as one of them knows. */
export interface WriteReport {
  readonly durable: readonly string[];
  readonly isMet: boolean;
}

interface RequestOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export class RegionClient {
  readonly region: string;
  readonly #url: string;

  constructor(region: string, url: string) {
    this.region = region;
    this.#url = url;
  }

  /** Whether it takes writes; false also when it cannot be asked. */
  async isReady(): Promise<boolean> {
    try {
      const response = await this.#ask('/readyz');
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }

  async status(): Promise<RegionStatus> {
    return parseRegionStatus(await (await this.#get('/v1/status')).json());
  }

  /** The JSON view; undefined when the document holds nothing in this region. */
  async read(collection: string, id: string): Promise<unknown> {
    const response = await this.#ask(documentPath(collection, id));
    if (response.status === 404 && (await problemIn(response.clone())).code === 'document_not_found') return undefined;
    await refuseFailure(response);
    return response.json();
  }

  /** Equal vectors and different digests mean divergence. */
  async digest(collection: string, id: string): Promise<DigestReading> {
    const response = await this.#get(`${documentPath(collection, id)}/digest`);
    const answer = new JsonFields(await response.json(), 'digest');
    return { digest: answer.text('digest'), versionVector: answer.fields('versionVector').numbers() };
  }

  /** The ids of all documents of a collection that were ever written. */
  async list(collection: string): Promise<readonly string[]> {
    const ids: string[] = [];
    let cursor: string | null = null;
    do {
      const query = new URLSearchParams({ limit: String(pageSize), ...(cursor !== null && { cursor }) });
      const response: Response = await this.#get(`/v1/docs/${encodeURIComponent(collection)}?${query}`);
      const page = new JsonFields(await response.json(), 'list');
      ids.push(...page.texts('documents'));
      cursor = page.optional('nextCursor', () => page.text('nextCursor'));
    } while (cursor !== null);
    return ids;
  }

  /**
   * Applies operations; resolves with the new view when they are durable in this region.
   * @throws AnabranchError what the region refused it with, or `not_ready` when it did not answer: then the edit may or may
   *   not have happened, and repeating it with the same idempotency key is safe.
   */
  async edit(collection: string, id: string, operations: unknown, options: EditOptions = {}): Promise<unknown> {
    const headers = { 'content-type': operationsMediaType, ...headersOf(options) };
    const response = await this.#ask(documentPath(collection, id), { method: 'PATCH', headers, body: JSON.stringify(operations) });
    await refuseFailure(response);
    return response.json();
  }

  /** Applies all writes or none; resolves when they are durable in this region. @throws AnabranchError as {@link edit}. */
  async transact(writes: readonly TransactionWrite[], options: EditOptions = {}): Promise<TransactionAnswer> {
    const headers = { 'content-type': 'application/json', ...headersOf(options) };
    const response = await this.#ask('/v1/transactions', { method: 'POST', headers, body: JSON.stringify({ writes }) });
    await refuseFailure(response);
    const answer = new JsonFields(await response.json(), 'transaction');
    return {
      opId: answer.optional('opId', () => answer.text('opId')),
      documents: answer.fields('documents'),
      acknowledged: (response.headers.get('anabranch-acknowledged') ?? '').split(', ').filter((name) => name !== ''),
      isPending: response.status === 202,
    };
  }

  /** @throws AnabranchError `write_not_found` when the region does not hold it. */
  async writeReport(opId: string, concern: string): Promise<WriteReport> {
    const response = await this.#get(`/v1/writes/${encodeURIComponent(opId)}?${new URLSearchParams({ concern })}`);
    const report = new JsonFields(await response.json(), 'write');
    return { durable: report.texts('durable'), isMet: report.flag('isMet') };
  }

  /** Who holds which rights to the bounded counters of a document. */
  async rights(collection: string, id: string): Promise<readonly CounterRights[]> {
    const response = await this.#get(`${documentPath(collection, id)}/rights`);
    return parseRights(await response.json());
  }

  async #get(path: string): Promise<Response> {
    const response = await this.#ask(path);
    await refuseFailure(response);
    return response;
  }

  async #ask(path: string, request: RequestOptions = {}): Promise<Response> {
    try {
      return await fetch(`${this.#url}${path}`, { ...request, signal: AbortSignal.timeout(answerMsMax) });
    } catch (error) {
      const reason = error instanceof Error ? String(error.cause ?? error.message) : String(error);
      throw new AnabranchError('not_ready', `${this.region} did not answer: ${reason}`, { region: this.region });
    }
  }
}

function headersOf({ idempotencyKey, writeConcern }: EditOptions): Readonly<Record<string, string>> {
  return {
    ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    ...(writeConcern !== undefined && { 'anabranch-write-concern': writeConcern }),
  };
}

function documentPath(collection: string, id: string): string {
  return `/v1/docs/${encodeURIComponent(collection)}/${encodeURIComponent(id)}`;
}

/** A refusal of the region is thrown as it is, with its code and detail. */
async function refuseFailure(response: Response): Promise<void> {
  if (response.ok) return;
  const { code, detail, members } = await problemIn(response);
  throw new AnabranchError(code ?? 'internal_error', detail ?? `the region answered ${response.status} without saying why`, members);
}

interface RegionProblem {
  readonly code?: ErrorCode;
  readonly detail?: string;
  /** Everything it says. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** What a refusal says of itself; nothing when its body is not problem details. */
async function problemIn(response: Response): Promise<RegionProblem> {
  try {
    const body: unknown = await response.json();
    if (typeof body !== 'object' || body === null || !('code' in body && isErrorCode(body.code))) return {};
    return { code: body.code, members: { ...body }, ...('detail' in body && typeof body.detail === 'string' && { detail: body.detail }) };
  } catch {
    return {};
  }
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}
