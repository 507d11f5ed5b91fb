// What can go wrong, as data: a plan is a list of these, drawn before the run, so that one can be left out and the others
// stay as they are.

export const faultKinds = [
  'crash',
  'kill',
  'stop',
  'pause',
  'partition',
  'cut_one_way',
  'cut_pair',
  'clog',
  'reset',
  'half_open',
  'flap',
  'lost_frame',
  'slow_disk',
  'sync_error',
  'disk_full',
  'rot',
  'rollback',
  'wipe',
  'relapse',
  'clock_step',
  'clock_drift',
  'clock_freeze',
  'copy',
] as const;

export type FaultKind = (typeof faultKinds)[number];

export interface FaultEvent {
  /** Its place in the plan, by which a run may be told to keep it. */
  readonly id: number;
  readonly atMs: number;
  readonly kind: FaultKind;
  /** The regions it befalls: one, a pair in this order, or one side of a partition. */
  readonly regions: readonly string[];
  readonly durationMs: number;
  /** What it draws itself. */
  readonly seed: number;
}

/** Ends what a fault began; called once. */
export type EndFault = () => void;

/** Holds a fault in force until its time is over or the world is healed. */
export interface FaultHolder {
  hold(end: EndFault, durationMs: number): EndFault;
  /** For how long no fault has been in force and none has begun. */
  readonly calmMs: number;
  /** How many faults have begun or ended, but for those that copy a region. */
  readonly disturbances: number;
}

export function describeFault({ id, atMs, kind, regions, durationMs }: FaultEvent): string {
  return `#${id} ${(atMs / 1000).toFixed(1)} s ${kind} ${regions.join(' ')} ${durationMs > 0 ? `for ${(durationMs / 1000).toFixed(1)} s` : ''}`.trimEnd();
}
