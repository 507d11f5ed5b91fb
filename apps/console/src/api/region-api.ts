// What the console asks of one region, all of it the public API (docs/api.md).

import { ask, listOf, numberOf, objectOf, textOf } from './ask.ts';

export interface OriginLag {
  readonly origin: string;
  readonly ops: number;
  readonly ms: number;
  readonly upstream: string | undefined;
}

export interface PeerView {
  readonly region: string;
  readonly linkState: string;
  readonly roundTripMs: number | undefined;
  readonly unacknowledgedOps: number;
}

export interface RegionStatus {
  readonly region: string;
  readonly origin: string;
  readonly isWritable: boolean;
  readonly notWritableReason: string;
  readonly versionVector: ReadonlyMap<string, number>;
  readonly lag: readonly OriginLag[];
  readonly peers: readonly PeerView[];
  readonly quarantinedOrigins: readonly string[];
  readonly sessions: number;
  readonly documentsLoaded: number;
  /** Name and merge library. */
  readonly collections: ReadonlyMap<string, string>;
  /** The names of those that have a conflict journal. */
  readonly typedCollections: readonly string[];
}

export interface DocumentAnswer {
  /** Whether there is a document of this name; it may have been removed. */
  readonly exists: boolean;
  /** Undefined when there is none. */
  readonly json: unknown;
  readonly digest: string;
  readonly vector: string;
}

export interface HistoryEntry {
  readonly opId: string;
  readonly region: string;
  readonly time: string;
  readonly changes: readonly { readonly path: string; readonly before: unknown; readonly after: unknown }[];
}

export interface ConflictView {
  readonly id: string;
  readonly document: string;
  readonly path: string;
  readonly rule: string;
  readonly status: string;
  readonly winner: { readonly value: unknown; readonly region: string; readonly time: string };
  readonly loser: { readonly value: unknown; readonly region: string; readonly time: string };
}

export type Op = Readonly<Record<string, unknown>>;

const opsType = 'application/vnd.anabranch.ops+json';

export class RegionApi {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/$/, '');
  }

  async status(): Promise<RegionStatus> {
    return parseStatus(await ask(`${this.#url}/v1/status`));
  }

  /** One page of ids, and the cursor of the next. */
  async list(collection: string, cursor?: string): Promise<{ readonly ids: readonly string[]; readonly next: string | undefined }> {
    const query = new URLSearchParams({ limit: '50', ...(cursor !== undefined && { cursor }) });
    const answer = objectOf(await ask(`${this.#url}/v1/docs/${collection}?${query}`));
    const next = textOf(answer['nextCursor']);
    return { ids: listOf(answer['documents']).map(textOf), next: next === '' ? undefined : next };
  }

  /**
   * The view and its digest. Given what was answered before, the view is asked for only when it can be another: a document that is
   * not there is a failed request in the browser's log each time.
   */
  async document(name: string, before?: DocumentAnswer): Promise<DocumentAnswer> {
    // The digest first: a view that came before it could be an older one, and would be kept as that of the digest.
    const answer = objectOf(await ask(`${this.#url}/v1/docs/${name}/digest`));
    const [digest, vector] = [textOf(answer['digest']), JSON.stringify(answer['versionVector'])];
    if (before?.digest === digest && (before.vector === vector || !before.exists)) return { ...before, vector };
    const view = await ask(`${this.#url}/v1/docs/${name}`).then(
      (json) => ({ exists: true, json }),
      (error: { code?: string }) => {
        if (error.code === 'document_not_found') return { exists: false, json: undefined };
        throw error;
      },
    );
    return { ...view, digest, vector };
  }

  async history(name: string): Promise<readonly HistoryEntry[]> {
    const { entries } = objectOf(await ask(`${this.#url}/v1/docs/${name}/history`));
    return listOf(entries).map((entry) => {
      const { opId, region, time, changes } = objectOf(entry);
      const read = listOf(changes).map((change) => {
        const { path, before, after } = objectOf(change);
        return { path: textOf(path), before, after };
      });
      return { opId: textOf(opId), region: textOf(region), time: textOf(time), changes: read };
    });
  }

  async conflicts(collection: string): Promise<readonly ConflictView[]> {
    const answer = objectOf(await ask(`${this.#url}/v1/conflicts?${new URLSearchParams({ collection })}`));
    return listOf(answer['conflicts']).map(parseConflict);
  }

  async restore({ document, id }: ConflictView): Promise<void> {
    await ask(`${this.#url}/v1/docs/${document}/conflicts/${id}/restore`, { method: 'POST', body: {} });
  }

  edit(name: string, ops: readonly Op[]): Promise<unknown> {
    return ask(`${this.#url}/v1/docs/${name}`, { method: 'PATCH', type: opsType, body: ops });
  }
}

export function parseStatus(answer: unknown): RegionStatus {
  const status = objectOf(answer);
  const collections = new Map(Object.entries(objectOf(status['collections'])).map(([name, library]) => [name, textOf(library)]));
  const freeform = new Set(listOf(status['freeformCollections']));
  const vector = Object.entries(objectOf(status['versionVector'])).flatMap(([origin, seq]) =>
    typeof seq === 'number' ? [[origin, seq] as const] : [],
  );
  return {
    region: textOf(status['region']),
    origin: textOf(status['origin']),
    isWritable: status['isWritable'] === true,
    notWritableReason: textOf(status['notWritableReason']),
    versionVector: new Map(vector),
    lag: listOf(status['lag']).map((entry) => {
      const { origin, ops, ms, upstream } = objectOf(entry);
      return { origin: textOf(origin), ops: numberOf(ops) ?? 0, ms: numberOf(ms) ?? 0, upstream: textOf(upstream) || undefined };
    }),
    peers: listOf(status['peers']).map((entry) => {
      const { region, linkState, roundTripMs, unacknowledgedOps } = objectOf(entry);
      return {
        region: textOf(region),
        linkState: textOf(linkState),
        roundTripMs: numberOf(roundTripMs),
        unacknowledgedOps: numberOf(unacknowledgedOps) ?? 0,
      };
    }),
    quarantinedOrigins: listOf(status['quarantinedOrigins']).map(textOf),
    sessions: numberOf(status['sessions']) ?? 0,
    documentsLoaded: numberOf(status['documentsLoaded']) ?? 0,
    collections,
    typedCollections: [...collections.keys()].filter((name) => !freeform.has(name)),
  };
}

function parseConflict(answer: unknown): ConflictView {
  const { id, document, path, rule, status, winner, loser } = objectOf(answer);
  const side = (value: unknown) => {
    const write = objectOf(value);
    return { value: write['value'], region: textOf(write['region']), time: textOf(write['time']) };
  };
  return {
    ...{ id: textOf(id), document: textOf(document), path: textOf(path), rule: textOf(rule), status: textOf(status) },
    ...{ winner: side(winner), loser: side(loser) },
  };
}
