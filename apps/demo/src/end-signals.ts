/** Every signal that people, terminals and supervisors end a program with: regions are left behind by one that is not taken. */
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const satisfies readonly NodeJS.Signals[];

/** Calls back whenever nothing can be printed any more, as on a terminal that was closed; that alone would be an uncaught error. */
export function onOutputLost(callback: () => void): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', callback);
}
