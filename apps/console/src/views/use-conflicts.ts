// The conflict journal of all collections, for as long as it is shown.
//
// Invariant 1: the journal is of the operations that a region has. It is asked for anew when these are others, or it did not come:
//              at most every `everyMs`, and not while nobody looks at the page.

import { useEffect, useRef } from 'react';
import type { ApiError } from '../api/ask.ts';
import type { ConflictView } from '../api/region-api.ts';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { useMesh, useNowMs } from '../mesh/use-mesh.ts';
import { useAnswer } from './use-answer.ts';

export interface Journal {
  /** Whose it is: the first region that answers. */
  readonly region: RegionView | undefined;
  /** Undefined until it has come. */
  readonly conflicts: readonly ConflictView[] | undefined;
  /** Why it did not come, when it was asked for last. */
  readonly error: ApiError | undefined;
  readonly refresh: () => void;
}

export function useConflicts(everyMs: number): Journal {
  const { regions } = useMesh();
  const region = regions.find(({ status, error }) => status !== undefined && error === undefined);
  const collections = region?.status?.typedCollections ?? [];
  const having = JSON.stringify([...(region?.status?.versionVector ?? [])]);
  const asked = useRef({ having: '', atMs: Number.NEGATIVE_INFINITY });
  const key = `${region?.name ?? ''} ${collections.join()}`;
  const { value, error, refresh } = useAnswer(key, async () => {
    asked.current = { having, atMs: performance.now() };
    const found = await Promise.all(collections.map((collection) => region?.api.conflicts(collection) ?? []));
    return found.flat();
  });
  const nowMs = useNowMs();
  const isOld = having !== asked.current.having || error !== undefined;
  const isDue = isOld && nowMs - asked.current.atMs >= everyMs && !document.hidden;
  useEffect(() => {
    if (isDue) refresh();
  }, [isDue, refresh]);
  return { region, conflicts: value, error, refresh };
}
