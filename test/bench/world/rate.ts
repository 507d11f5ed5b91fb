// How much work per second: by the clock, and by the processor time of this process, which other work on the machine
// changes less.

export interface Rate {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}

/** Starts counting; the function it returns ends with what was done since. */
export function startRate(): (done: number) => Rate {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  return (done) => {
    const seconds = (performance.now() - startMs) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    return { perSecond: done / seconds, perCpuSecond: (done * 1e6) / (user + system) };
  };
}
