/** Every signal that people, terminals and supervisors end a program with: regions are left behind by one that is not taken. */
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const satisfies readonly NodeJS.Signals[];
