import type { ClientStatus } from '@anabranch/client';
import { cityOf } from './cities.ts';

export interface ConnectionText {
  readonly tone: 'good' | 'waiting' | 'off';
  readonly title: string;
  /** What it means for who is shopping; empty when there is nothing to say. */
  readonly detail: string;
}

type Connection = Pick<ClientStatus, 'connection' | 'region' | 'isOffline' | 'wantedRegion' | 'pendingWrites' | 'lacksHere' | 'lastError'>;

/** Where the client is, for people; without the name of the region where it stands beside it anyway. */
export function connectionText(status: Connection, isPlaceKnown = false): ConnectionText {
  const { connection, region, isOffline, wantedRegion, lacksHere, lastError } = status;
  const waiting = waitingText(status.pendingWrites);
  if (isOffline) return { tone: 'off', title: 'Working offline', detail: waiting || 'All that you do is kept on this device.' };
  if (connection !== 'online' || region === undefined) {
    const wanted = wantedRegion === 'nearest' ? 'Looking for a region' : `Looking for ${cityOf(wantedRegion)}`;
    const title = connection === 'connecting' ? (isPlaceKnown ? 'Connecting' : wanted) : 'No connection';
    // A region that does not answer is no news; one that refuses the session, or a device that cannot keep anything, is.
    const isNews = lastError !== undefined && lastError.code !== 'region_unreachable';
    return { tone: 'waiting', title, detail: isNews ? lastError.message : waiting || 'All that you do is kept on this device.' };
  }
  const city = cityOf(region);
  const title = isPlaceKnown ? 'Connected' : `Connected to ${city}`;
  // What waits for an answer that takes milliseconds is not worth a word.
  if (!lacksHere) return { tone: 'good', title, detail: '' };
  const behind = `${city} has not heard all that you have seen.`;
  return { tone: 'waiting', title, detail: waiting === '' ? behind : `${behind} ${waiting}` };
}

function waitingText(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '1 change waits on this device.' : `${count} changes wait on this device.`;
}
