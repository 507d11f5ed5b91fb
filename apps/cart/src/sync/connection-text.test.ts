import { describe, expect, test } from 'vitest';
import { connectionText } from './connection-text.ts';
import { writeBadge } from './write-badge.ts';

const online = {
  connection: 'online',
  region: 'berlin',
  isOffline: false,
  wantedRegion: 'nearest',
  pendingWrites: 0,
  lacksHere: false,
  lastError: undefined,
} as const;

describe('the state of the connection', () => {
  test.each([
    [online, 'good', 'Connected to Berlin', ''],
    [{ ...online, pendingWrites: 1 }, 'good', 'Connected to Berlin', ''],
    [{ ...online, lacksHere: true }, 'waiting', 'Connected to Berlin', 'Berlin has not heard all that you have seen.'],
    [{ ...online, connection: 'connecting', region: undefined }, 'waiting', 'Looking for a region', expect.any(String)],
    [
      {
        ...online,
        connection: 'connecting',
        region: undefined,
        lastError: { code: 'collection_differs', message: 'It differs.', details: {} },
      },
      'waiting',
      'Looking for a region',
      'It differs.',
    ],
    [
      { ...online, connection: 'offline', region: undefined, pendingWrites: 3 },
      'waiting',
      'No connection',
      '3 changes wait on this device.',
    ],
    [{ ...online, connection: 'offline', isOffline: true, pendingWrites: 1 }, 'off', 'Working offline', '1 change waits on this device.'],
    [{ ...online, connection: 'offline', isOffline: true }, 'off', 'Working offline', 'All that you do is kept on this device.'],
  ] as const)('[SHOP10] %j is said in words', (status, tone, title, detail) => {
    expect(connectionText(status)).toEqual({ tone, title, detail });
  });

  test('[SHOP10] a write says how far it is', () => {
    const labels = (['applied', 'saved', 'durable', 'majority', 'all', 'refused'] as const).map(
      (state) => writeBadge(state, 'tokyo').label,
    );
    expect(labels).toEqual(['Saving', 'Saved here', 'In Tokyo', 'Most regions', 'All regions', 'Refused']);
    expect(writeBadge('durable', undefined).label).toBe('In a region');
  });
});
