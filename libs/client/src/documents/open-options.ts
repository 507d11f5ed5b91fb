// How an application may have a document opened.

import type { OptionKind } from '../call-options.ts';

export interface OpenOptions {
  /** How long to wait for a region, in milliseconds, when the device does not hold the document; for ever unless given. */
  readonly waitMs?: number;
  /** Do not wait: begin with an empty document, which what regions have is merged into. For documents that are new. */
  readonly startEmpty?: boolean;
}

export const openOptions: Readonly<Record<keyof OpenOptions, OptionKind>> = { waitMs: 'milliseconds', startEmpty: 'flag' };
