// What must happen now and then, or the simulator is not testing what it says: every kind of fault, every rare branch. A
// run counts them; one of the normal size in which one never happened has failed.

/** Branches that are so rare that a run of the normal size may do without: they are named, and fail nothing. */
export const rareBranches = [
  'rights_reclaimed',
  'compaction_abandoned',
  'update_incomplete',
  'device_write_refused',
  'copy_confirmed',
  'stream_asked_again',
] as const;

/** Branches of product and harness, each with where it is seen. */
export const branches = [
  // Seen in the replicas' metrics and logs.
  'gap',
  'upstream_relay',
  'upstream_direct_again',
  'epoch_renewed_rolled_back',
  'epoch_renewed_unconfirmed',
  'link_silent',
  'link_duplicate',
  'link_lost',
  'handshake_timeout',
  'duplicate_frame',
  'credit_exhausted',
  'hlc_drift',
  'record_damaged',
  'record_repaired',
  // Seen at the doors.
  'not_yet_visible',
  'not_ready',
  'replayed_key',
  'replayed_key_elsewhere',
  'answer_lost',
  'concern_met',
  'concern_pending',
  'majority_read',
  'bounded_read',
  'read_concern_unmet',
  'transaction',
  'insufficient_rights',
  'rights_given',
  'rights_given_ahead',
  'rights_frozen',
  'session_ended',
  'session_resumed',
  'door_opened',
  'door_closed',
  'poison_refused',
  'poison_too_large',
  'session_turned_away',
  // Seen of devices.
  'device_write_acknowledged',
  'device_full',
  'device_store_failed',
  'device_switched',
  'device_moved',
  'device_forgot',
  'device_closed',
  'device_killed',
  'device_submitted',
  'device_submission_repeated',
  'device_put_back',
  'device_cut',
  'store_failed_stop',
  'store_full_stop',
  'start_failed',
  // Seen on the wire.
  'resumed_stream',
  'held_op',
  'reset_lost_frames',
  // Seen on the disk.
  'torn_tail_truncated',
  'compacted',
  'crash_in_compaction',
  'crash_in_sync',
  'crash_lost_sectors',
  'crash_damaged_sector',
  'rot_below_tail',
  // Seen of a copy of a machine that runs beside it.
  'copy_refused',
  'copy_wrote',
  // Seen at the end.
  'lost_tail_refetched',
  'rejoined_after_wipe',
  'core_smaller_than_mesh',
] as const;

export type Branch = (typeof branches)[number] | (typeof rareBranches)[number];

export class Sometimes {
  readonly #counts = new Map<string, number>();

  hit(name: Branch, count = 1): void {
    this.#add(name, count);
  }

  fault(kind: string): void {
    this.#add(`fault:${kind}`, 1);
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #add(name: string, count: number): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }
}
