// What the world reads of a region's GET /v1/docs/{collection}/{id}/rights, and of refusals for want of rights.

import type { AnabranchError } from '@anabranch/base';
import { JsonFields } from './json-fields.ts';

export interface RightsHolder {
  /** `region.epoch`, or a region. */
  readonly holder: string;
  readonly region: string;
  /** By how much it may decrement. */
  readonly down: number;
  readonly isReachable: boolean;
}

export interface CounterRights {
  readonly path: string;
  readonly value: number;
  readonly holders: readonly RightsHolder[];
}

/** Why a decrement was refused. */
export interface RightsRefusal {
  readonly needed: number;
  readonly held: number;
  /** Of all holders together, as far as the region knows. */
  readonly total: number;
  /** The other holders. */
  readonly holders: ReadonlyArray<{ readonly region: string; readonly rights: number; readonly isReachable: boolean }>;
}

/** @throws AnabranchError `internal_error` naming the member that is missing or of another kind. */
export function parseRights(value: unknown): CounterRights[] {
  return new JsonFields(value, 'rights').list('counters').map((counter) => ({
    path: counter.text('path'),
    value: counter.number('value'),
    holders: counter.list('holders').map((holder) => ({
      holder: holder.text('holder'),
      region: holder.text('region'),
      down: holder.number('down'),
      isReachable: holder.flag('isReachable'),
    })),
  }));
}

/** What an `insufficient_rights` of a region says. @throws AnabranchError `internal_error` as {@link parseRights}. */
export function refusalIn({ details }: AnabranchError): RightsRefusal {
  const problem = new JsonFields(details, 'problem');
  return {
    needed: problem.number('needed'),
    held: problem.number('held'),
    total: problem.number('total'),
    holders: problem.list('holders').map((holder) => ({
      region: holder.text('origin').replace(/\..*$/, ''),
      rights: holder.number('rights'),
      isReachable: holder.flag('isReachable'),
    })),
  };
}
