// What strangers send is refused with a code that says so, and leaves no trace (C9): no log holds it, or a part of it that can be
// told apart. That it touches nothing else, the checkers of everything else say.

import type { HostileAttempt, RunRecord } from '../history.ts';
import { Findings, type Violation } from './violation.ts';

/** Codes that say what is wrong with what was sent, or that the region takes nothing right now. */
const codes: ReadonlySet<string> = new Set([
  ...['update_invalid', 'update_incomplete', 'request_too_large', 'frame_invalid'],
  ...['not_ready', 'overloaded', 'store_failed', 'store_full', 'record_damaged', 'the region stops'],
]);
/** In everything hostile that is long enough to be told apart. */
const marker = Buffer.from('poison');
const tellingBytesMin = 8;

export function checkPoison(record: RunRecord): Violation[] {
  const findings = new Findings('poison');
  const attempts = record.hostileAttempts ?? [];
  for (const attempt of attempts) {
    const { code } = attempt;
    if (code === undefined || codes.has(code)) continue;
    findings.add('what a stranger sent was not refused with a code of its own', detailsOf(attempt));
  }
  if (attempts.length === 0) return findings.found;
  const telling = attempts.filter(({ update }) => update.length >= tellingBytesMin);
  for (const { region, logs } of record.finalDumps) {
    for (const { origin, seq, writes } of [...(logs?.values() ?? [])].flat()) {
      for (const { document, update } of writes) {
        const bytes = Buffer.from(update);
        const isHostile = bytes.includes(marker) || telling.some((attempt) => bytes.equals(attempt.update));
        if (isHostile) findings.add('a log holds what a stranger sent', { region, origin, seq, document });
      }
    }
  }
  return findings.found;
}

function detailsOf({ update, ...attempt }: HostileAttempt): Record<string, unknown> {
  return { ...attempt, update: Buffer.from(update).toString('hex') };
}
