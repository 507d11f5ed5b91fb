import type { getBackend } from '@automerge/automerge';

/** The library's backend behind a document: operations, changes and sync, without the frozen JavaScript view. */
export type AutomergeHandle = ReturnType<typeof getBackend>;
