import { setTimeout as sleep } from 'node:timers/promises';

const pollMsDefault = 25;

/**
 * Asks again and again until there is an answer.
 * @returns what `ask` answered, or undefined when the deadline passed with no answer but undefined. What `ask` throws ends it.
 */
export async function poll<T>(deadlineMs: number, ask: () => Promise<T | undefined>, pollMs = pollMsDefault): Promise<T | undefined> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined || performance.now() >= endMs) return answer;
    await sleep(pollMs);
  }
}
