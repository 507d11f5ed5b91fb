import type { LinkConnectionListener, LinkEnd } from '@anabranch/engine';

/** Keeps what a connection reports, and lets a test wait for it. */
export class RecordingListener implements LinkConnectionListener {
  readonly frames: Uint8Array[] = [];
  readonly closedReasons: string[] = [];
  drainedCount = 0;
  readonly #waiting = new Set<() => void>();

  receiveFrame(frame: Uint8Array): void {
    // A connection may hand out a view that it uses again.
    this.frames.push(Uint8Array.from(frame));
    this.#notify();
  }

  drained(): void {
    this.drainedCount++;
    this.#notify();
  }

  closed(code: LinkEnd['code'], reason: string): void {
    this.closedReasons.push(`${code}: ${reason}`);
    this.#notify();
  }

  /** Resolves when `condition` holds after something was reported. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  async whenClosed(): Promise<string> {
    await this.until(() => this.closedReasons.length > 0);
    return this.closedReasons[0] ?? '';
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
