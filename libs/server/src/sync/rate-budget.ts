/** A token bucket: `perSecond` units flow in per second, up to two seconds' worth; what is taken may overdraw it once. */
export class RateBudget {
  readonly #perSecond: number;
  #units: number;
  #refilledMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#units = 2 * perSecond;
    this.#refilledMs = nowMs;
  }

  take(units: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#units -= units;
  }

  isOverdrawn(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#units < 0;
  }

  #refill(nowMs: number): void {
    const gained = ((nowMs - this.#refilledMs) / 1000) * this.#perSecond;
    this.#units = Math.min(2 * this.#perSecond, this.#units + gained);
    this.#refilledMs = nowMs;
  }
}
