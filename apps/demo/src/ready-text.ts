export interface ReadyFacts {
  readonly pageUrl: string;
  readonly regions: ReadonlyArray<{ readonly name: string; readonly url: string }>;
  readonly dataDir: string;
  readonly logFolder: string;
}

const nameWidth = 9;

/** The end of the start: where everything is, and how it ends. */
export function readyText({ pageUrl, regions, dataDir, logFolder }: ReadyFacts): string {
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['index', `${pageUrl}/  leads through a partition in two minutes`],
    ['shop', `${pageUrl}/shop/`],
    ['console', `${pageUrl}/console/  shows the mesh, and lets you break it`],
    ...regions.map(({ name, url }) => [name, url] as const),
    ['data', dataDir],
    ['logs', `${logFolder}; with --verbose here too`],
    ['stop', 'Ctrl-C'],
  ];
  return ['', 'ready', ...rows.map(([name, text]) => `  ${name.padEnd(nameWidth)} ${text}`), '', ''].join('\n');
}
