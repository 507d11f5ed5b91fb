import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;

/** Asks again and again until the answer is yes; false when the deadline passes first. What `ask` throws ends it. */
export async function until(deadlineMs: number, ask: () => Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    if (await ask()) return true;
    if (performance.now() >= endMs) return false;
    await sleep(pollMs);
  }
}

/** @throws when the answer is not yes before the deadline, naming what was awaited. */
export async function within(what: string, deadlineMs: number, ask: () => Promise<boolean>): Promise<void> {
  if (!(await until(deadlineMs, ask))) throw new Error(`not within ${deadlineMs} ms: ${what}`);
}
