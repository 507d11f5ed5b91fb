/** A promise that a run broke, as one checker saw it. */
export interface Violation {
  readonly checker: string;
  readonly message: string;
  /** What a person needs to find the place in the record. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** Collects what one checker finds. */
export class Findings {
  readonly found: Violation[] = [];
  readonly #checker: string;

  constructor(checker: string) {
    this.#checker = checker;
  }

  add(message: string, details: Readonly<Record<string, unknown>>): void {
    this.found.push({ checker: this.#checker, message, details });
  }
}
