/** Resolves when `condition` holds; looks again each turn of the event loop. Fails after `msMax`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, msMax = 10_000): Promise<void> {
  const endMs = performance.now() + msMax;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`did not happen in ${msMax} ms: ${what}`);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}
