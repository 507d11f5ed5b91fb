// Reads what strace saw of a writer and says which acknowledgements were not covered by a sync. A kill cannot show this:
// the kernel keeps what a killed process wrote, so an acknowledgement before the sync is only ever wrong when the power
// fails.
//
// Each commit is: pages to the data file, fdatasync of it, then the meta page through a descriptor opened with O_DSYNC,
// whose write returns when it is on the disk. A line of strace stands for the end of a call; of a call that another
// thread interrupted, `<unfinished ...>` is its beginning and `resumed>` its end. What is written to the data file
// counts from its beginning, syncs count from their end, and an acknowledgement from its beginning.

type TracedEvent = 'dataWritten' | 'dataSynced' | 'metaDurable' | 'acknowledged';

export interface SyncTrace {
  readonly acknowledged: number;
  /** One entry for each acknowledgement that came too early, with its line. */
  readonly problems: readonly string[];
}

/** Checks the trace of a writer that has one commit under way at a time. */
export function readSyncTrace(trace: string): SyncTrace {
  const problems: string[] = [];
  let acknowledged = 0;
  let isSynced = false;
  let isDurable = false;
  for (const { event, line } of eventsOf(trace)) {
    switch (event) {
      case 'dataWritten':
        isSynced = false;
        isDurable = false;
        break;
      case 'dataSynced':
        isSynced = true;
        break;
      case 'metaDurable':
        isDurable = isSynced;
        break;
      case 'acknowledged':
        acknowledged++;
        if (!isDurable) problems.push(line);
        // The next acknowledgement needs a sync of its own.
        isSynced = false;
        isDurable = false;
    }
  }
  return { acknowledged, problems };
}

function* eventsOf(trace: string): Iterable<{ readonly event: TracedEvent; readonly line: string }> {
  const dataFiles = new Set<string>();
  const metaFiles = new Set<string>();
  const unfinished = new Map<string, string>();
  for (const line of trace.split('\n')) {
    const [, pid = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (call.endsWith('<unfinished ...>')) unfinished.set(pid, call);
    const whole = call.startsWith('<... ') ? `${unfinished.get(pid)} ${call}` : call;
    const [, flags, opened] = /^openat\(.*data\.mdb", (\S+?)[,)].* = (\d+)$/.exec(whole) ?? [];
    if (flags && opened) (flags.includes('O_DSYNC') ? metaFiles : dataFiles).add(opened);
    const event = eventOf(call, whole, { dataFiles, metaFiles });
    if (event) yield { event, line };
  }
}

interface OpenFiles {
  readonly dataFiles: ReadonlySet<string>;
  readonly metaFiles: ReadonlySet<string>;
}

/** `call` is what the line says, `whole` has the beginning of the call too. */
function eventOf(call: string, whole: string, { dataFiles, metaFiles }: OpenFiles): TracedEvent | undefined {
  if (call.startsWith('write(1, "acked ')) return 'acknowledged';
  const [, name = '', file = ''] = /^(\w+)\((\d+)/.exec(whole) ?? [];
  if (metaFiles.has(file)) return name === 'pwrite64' && / = [1-9]/.test(call) ? 'metaDurable' : undefined;
  if (!dataFiles.has(file)) return undefined;
  if (name === 'fdatasync') return / = 0\b/.test(call) ? 'dataSynced' : undefined;
  return /^p?write(v|64)$/.test(name) ? 'dataWritten' : undefined;
}
