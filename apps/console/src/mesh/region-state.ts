// The state of a region in one word and one sentence.

import type { RegionView } from './mesh-monitor.ts';

export type StateName = 'ready' | 'paused' | 'down' | 'not answering' | 'not writable' | 'unknown';

export interface RegionState {
  readonly name: StateName;
  readonly tone: 'good' | 'warn' | 'bad';
  readonly why: string;
}

/** Whether nobody is there who could send or take anything. */
export function isSilent({ name }: RegionState): boolean {
  return name === 'paused' || name === 'down' || name === 'not answering';
}

/** Silence from which on a region counts as not answering. */
const silentMs = 3_500;

export function stateOf({ status, heardMs, error, process }: RegionView, nowMs: number): RegionState {
  if (process?.processState === 'paused') return { name: 'paused', tone: 'warn', why: 'its process was stopped' };
  if (process !== undefined && process.processState !== 'running')
    return { name: 'down', tone: 'bad', why: `its process is ${process.processState}` };
  if (status === undefined || heardMs === undefined) {
    return error === undefined
      ? { name: 'unknown', tone: 'warn', why: 'not heard of yet' }
      : { name: 'not answering', tone: 'bad', why: error.code };
  }
  if (nowMs - heardMs > silentMs)
    return { name: 'not answering', tone: 'bad', why: `last heard ${Math.round((nowMs - heardMs) / 1_000)} s ago` };
  if (!status.isWritable) return { name: 'not writable', tone: 'warn', why: status.notWritableReason || 'it takes no writes' };
  return { name: 'ready', tone: 'good', why: 'takes writes' };
}
