import type { ChangesDoor } from './changes-door.ts';
import type { ConflictDoor } from './conflict-door.ts';
import type { HistoryDoor } from './history-door.ts';

/** What the log of a region tells of the past. */
export interface PastDoor {
  readonly history: HistoryDoor;
  readonly conflicts: ConflictDoor;
  readonly changes: ChangesDoor;
}
