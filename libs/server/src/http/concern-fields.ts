// Anabranch-Write-Concern and Anabranch-Read-Concern: what a client demands, and for how long it waits for it.
//
//   value *( ";" name "=" value )         majority; timeout=800ms          bounded; maxLag=2s
//
// Invariant 1: what is not understood is refused: a misspelt demand must not be no demand.

import type { IncomingHttpHeaders } from 'node:http';
import { AnabranchError, type ErrorCode } from '@anabranch/base';
import { isRegionId } from '@anabranch/causality';
import type { ReadOptions, WriteConcern, WriteTarget } from '@anabranch/engine';
import { readField, readSession } from './fields.ts';

/** How long a write waits for its regions unless it says otherwise. */
const writeTimeoutMs = 5_000;
/** The longest time that a client may ask a region to wait. */
const timeoutMsMax = 60_000;
/** The greatest lag that a bounded read may ask for. */
const maxLagMsMax = 3_600_000;
/** Regions that a concern may name. */
const namedRegionsMax = 64;

/** The demand of a write. @throws AnabranchError `write_concern_invalid`. */
export function parseWriteConcern(text: string): WriteConcern {
  const { value, parameters } = fieldOf(text, ['level', 'timeout'], 'write_concern_invalid');
  const level = parameters.get('level') ?? 'durable';
  if (level !== 'durable' && level !== 'applied') throw invalid('write_concern_invalid', 'a level is durable or applied');
  const timeout = parameters.get('timeout');
  const timeoutMs = timeout === undefined ? writeTimeoutMs : durationOf(timeout, timeoutMsMax, 'write_concern_invalid');
  return { target: targetOf(value), timeoutMs };
}

/** As {@link parseWriteConcern} reads it. */
export function formatWriteTarget(target: WriteTarget): string {
  return typeof target === 'object' ? target.join() : String(target);
}

/** What a reader demands; undefined when it takes what is here. @throws AnabranchError `session_token_invalid`, `read_concern_invalid`. */
export function readDemand(headers: IncomingHttpHeaders, waitMsDefault: number): ReadOptions | undefined {
  const minVersion = readSession(headers);
  const text = readField(headers, 'anabranch-read-concern', 'read_concern_invalid');
  const session = minVersion && { minVersion, waitMsMax: waitMsDefault };
  if (text === undefined) return session;
  const { value, parameters } = fieldOf(text, ['maxLag', 'timeout'], 'read_concern_invalid');
  const timeout = parameters.get('timeout');
  const waitMsMax = timeout === undefined ? waitMsDefault : durationOf(timeout, timeoutMsMax, 'read_concern_invalid');
  const maxLag = parameters.get('maxLag');
  if ((maxLag !== undefined) !== (value === 'bounded')) throw invalid('read_concern_invalid', 'maxLag belongs to bounded');
  switch (value) {
    case 'local':
      return undefined;
    case 'session':
      return session && { ...session, waitMsMax };
    case 'bounded':
      return {
        ...session,
        readConcern: { kind: 'bounded', maxLagMs: durationOf(maxLag ?? '', maxLagMsMax, 'read_concern_invalid') },
        waitMsMax,
      };
    case 'majority':
      return { ...session, readConcern: { kind: 'majority' }, waitMsMax };
    default:
      throw invalid('read_concern_invalid', 'it is local, session, bounded or majority');
  }
}

function targetOf(value: string): WriteTarget {
  if (value === 'local' || value === 'majority' || value === 'all') return value;
  if (/^[1-9][0-9]{0,3}$/.test(value)) return Number(value);
  const names = value.split(',').map((name) => name.trim());
  const regions = names.filter(isRegionId);
  if (regions.length === names.length && names.length <= namedRegionsMax) return [...new Set(regions)];
  throw invalid('write_concern_invalid', 'it is local, majority, all, a number of regions or their names');
}

function fieldOf(text: string, known: readonly string[], code: ErrorCode) {
  const [value = '', ...rest] = text.split(';').map((part) => part.trim());
  const parameters = new Map<string, string>();
  for (const part of rest) {
    const [name = '', argument, ...more] = part.split('=').map((side) => side.trim());
    const isValid = known.includes(name) && argument !== undefined && more.length === 0 && !parameters.has(name);
    if (!isValid) throw invalid(code, `its parameters are ${known.join(' and ')}, each once`);
    parameters.set(name, argument);
  }
  return { value, parameters };
}

function durationOf(text: string, msMax: number, code: ErrorCode): number {
  const match = /^([0-9]{1,9})(ms|s)$/.exec(text);
  const ms = Number(match?.[1]) * (match?.[2] === 's' ? 1_000 : 1);
  if (match !== null && ms <= msMax) return ms;
  throw invalid(code, `a time is such as 500ms or 2s, at most ${msMax / 1_000}s`);
}

function invalid(code: ErrorCode, why: string): AnabranchError {
  return new AnabranchError(code, `the concern is not valid: ${why}`);
}
