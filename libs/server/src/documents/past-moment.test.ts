import { describe, expect, test } from 'vitest';
import { parseMoment } from './past-moment.ts';

const nowMs = Date.parse('2026-11-26T08:30:00Z');

describe('the moment of a read of the past', () => {
  test.each(['2026-02-29T00:00:00Z', '2026-02-30T08:00:00+02:00', '2026-04-31T00:00:00.5Z', '2026-06-00T00:00:00Z'])(
    'a day that its month does not have is refused, not taken for another day: %s',
    (text) => {
      expect(() => parseMoment(text, nowMs)).toThrow(expect.objectContaining({ code: 'request_malformed' }));
    },
  );

  test.each(['2024-02-29T00:00:00Z', '2026-10-31T23:59:59.999+05:30', '2026-01-01t00:00:00z'])('a time is read: %s', (text) => {
    expect(parseMoment(text, nowMs)).toEqual({ timeMs: Date.parse(text.toUpperCase()) });
  });
});
