// One process of a region, from start to end: everything that happens to it enters here, so that a dead one hears nothing
// more, a paused one hears it later, and what it throws is its end.

interface Waiting {
  readonly callback: () => void;
}

export class SimulatedProcess {
  readonly incarnation: number;
  readonly #onThrown: (error: unknown) => void;
  readonly #waiting: Waiting[] = [];
  #isAlive = true;
  #isPaused = false;
  /** How often it was paused. */
  pauses = 0;
  /** How many callbacks have entered. */
  entered = 0;
  /** Called after the callback with this number, if any. */
  #afterEntry: { readonly count: number; readonly act: () => void } | undefined;

  constructor(incarnation: number, onThrown: (error: unknown) => void) {
    this.incarnation = incarnation;
    this.#onThrown = onThrown;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  readonly enter = (callback: () => void): void => {
    if (!this.#isAlive) return;
    if (this.#isPaused) {
      this.#waiting.push({ callback });
      return;
    }
    this.entered += 1;
    try {
      callback();
    } catch (error) {
      this.#onThrown(error);
    }
    if (this.#afterEntry === undefined || this.entered < this.#afterEntry.count) return;
    const { act } = this.#afterEntry;
    this.#afterEntry = undefined;
    act();
  };

  /** Acts after so many more callbacks. */
  afterEntries(count: number, act: () => void): void {
    this.#afterEntry = { count: this.entered + count, act };
  }

  pause(): void {
    this.#isPaused = true;
    this.pauses += 1;
  }

  /** Everything that happened meanwhile is heard now. */
  resume(): void {
    this.#isPaused = false;
    for (const { callback } of this.#waiting.splice(0)) this.enter(callback);
  }

  end(): void {
    this.#isAlive = false;
    this.#waiting.length = 0;
  }
}
