const lookAgainMs = 3;

/** Resolves when `condition` holds. Fails after `msMax`. */
export async function until(condition: () => boolean | Promise<boolean>, what: string, msMax = 10_000): Promise<void> {
  const endMs = performance.now() + msMax;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`did not happen in ${msMax} ms: ${what}`);
    await new Promise<void>((resolve) => setTimeout(resolve, lookAgainMs));
  }
}
