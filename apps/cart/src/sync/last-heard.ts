// When this device last heard of a region: how old what it shows of others may be.

const heardKey = 'anabranch-shop.heard';

/** Milliseconds since 1970; undefined when it never did. */
export function lastHeardAt(storage: Pick<Storage, 'getItem'>): number | undefined {
  const atMs = Number(storage.getItem(heardKey) ?? 'never');
  return Number.isSafeInteger(atMs) ? atMs : undefined;
}

export function rememberHeard(storage: Pick<Storage, 'setItem'>, nowMs: number): number {
  storage.setItem(heardKey, String(nowMs));
  return nowMs;
}

/** `as of 14:03`, with the date unless it is of today. */
export function asOfText(heardAtMs: number, nowMs: number): string {
  const at = new Date(heardAtMs);
  const time = timeFormat.format(at);
  return at.toDateString() === new Date(nowMs).toDateString() ? `as of ${time}` : `as of ${dateFormat.format(at)}, ${time}`;
}

const timeFormat = new Intl.DateTimeFormat('en-GB', { timeStyle: 'short' });
const dateFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
