// A number as a person types it. It is refused or taken, never guessed.

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

export function boundsText({ min, max }: Bounds): string {
  return `a whole number from ${min} to ${max}`;
}

/** The number, or undefined for what is no whole number within the bounds. */
export function numberTyped(text: string, { min, max }: Bounds): number | undefined {
  if (!/^[0-9]{1,9}$/.test(text.trim())) return undefined;
  const number = Number(text);
  return number >= min && number <= max ? number : undefined;
}
