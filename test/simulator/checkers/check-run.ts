// All checkers over one run. Each is a pure function of the record; what they share is worked out once (run-index.ts).

import type { RunRecord } from '../history.ts';
import { checkAtomicity } from './atomicity.ts';
import { checkBoundedResources } from './bounded-resources.ts';
import { checkBounds } from './bounds.ts';
import { checkCausalDelivery } from './causal-delivery.ts';
import { checkConcerns } from './concerns.ts';
import { checkConvergence } from './convergence.ts';
import { checkDevices } from './devices.ts';
import { checkDurableAcks } from './durable-acks.ts';
import { checkExactlyOnce } from './exactly-once.ts';
import { checkLiveness } from './liveness.ts';
import { checkLogIntegrity } from './log-integrity.ts';
import { checkModelViews } from './model-views.ts';
import { checkPoison } from './poison.ts';
import { checkRebuild } from './rebuild.ts';
import { checkSessionAcks } from './session-acks.ts';
import { checkSessionGuarantees } from './session-guarantees.ts';
import { checkSubmissions } from './submissions.ts';
import type { Violation } from './violation.ts';

type Checker = (record: RunRecord) => Violation[];

const checkers = {
  'log-integrity': checkLogIntegrity,
  'causal-delivery': checkCausalDelivery,
  'durable-acks': checkDurableAcks,
  'exactly-once': checkExactlyOnce,
  convergence: checkConvergence,
  'model-views': checkModelViews,
  rebuild: checkRebuild,
  'session-acks': checkSessionAcks,
  'session-guarantees': checkSessionGuarantees,
  devices: checkDevices,
  submissions: checkSubmissions,
  concerns: checkConcerns,
  bounds: checkBounds,
  atomicity: checkAtomicity,
  poison: checkPoison,
  liveness: checkLiveness,
  'bounded-resources': checkBoundedResources,
} as const satisfies Record<string, Checker>;

export type CheckerName = keyof typeof checkers;

export interface CheckOptions {
  /** Left out, for a run that cannot record what they need. */
  readonly without?: readonly CheckerName[];
}

/** Everything that is wrong with a run; the first violations are the most telling. */
export function checkRun(record: RunRecord, options: CheckOptions = {}): Violation[] {
  const names = (Object.keys(checkers) as CheckerName[]).filter((name) => !options.without?.includes(name));
  return names.flatMap((name) => checkers[name](record));
}
