// How long what was sent between two regions took to be taken in at the other end, the time that it waited for a paused process
// included. It knows what no region can: how wrong a region may be that measures clocks by round trips.

/** Transits are kept by seconds, for so many of them. */
const secondsKept = 60;

export class TransitTimes {
  readonly #nowMs: () => number;
  /** By direction, and second of the arrival: the longest. */
  readonly #longest = new Map<string, Map<number, number>>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(from: string, to: string, sentMs: number): void {
    const nowMs = this.#nowMs();
    const second = Math.floor(nowMs / 1_000);
    const name = `${from}>${to}`;
    const seconds = this.#longest.get(name) ?? new Map<number, number>();
    this.#longest.set(name, seconds);
    seconds.set(second, Math.max(nowMs - sentMs, seconds.get(second) ?? 0));
    for (const [known] of seconds) {
      if (known >= second - secondsKept) break;
      seconds.delete(known);
    }
  }

  /** The longest round trip there may have been between any two regions in the last `ms`. */
  longestRoundTripMs(ms: number): number {
    const since = Math.floor((this.#nowMs() - ms) / 1_000);
    const longestOf = (name: string): number => {
      const recent = [...(this.#longest.get(name) ?? [])].filter(([second]) => second >= since);
      return Math.max(0, ...recent.map(([, longest]) => longest));
    };
    const backOf = (name: string): string => name.split('>').reverse().join('>');
    return Math.max(0, ...[...this.#longest.keys()].map((name) => longestOf(name) + longestOf(backOf(name))));
  }
}
