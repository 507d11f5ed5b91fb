/** Measures the longest time that one turn of the event loop kept the processor, whatever else the machine was doing. */
export class BusyWatch {
  busyMsMax = 0;
  #last = process.cpuUsage();
  #handle: NodeJS.Immediate | undefined;

  start(): this {
    this.#last = process.cpuUsage();
    const turn = (): void => {
      const now = process.cpuUsage();
      const busyMs = (now.user + now.system - this.#last.user - this.#last.system) / 1000;
      this.busyMsMax = Math.max(this.busyMsMax, busyMs);
      this.#last = now;
      this.#handle = setImmediate(turn);
    };
    this.#handle = setImmediate(turn);
    return this;
  }

  stop(): number {
    if (this.#handle !== undefined) clearImmediate(this.#handle);
    return this.busyMsMax;
  }
}
