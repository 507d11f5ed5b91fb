// Every setting of a region, once: its flag, its environment variable, its place in the configuration file, its default and
// what --help says of it. A setting given in several places is taken from the first of: flag, environment, file, default.

interface Setting {
  /** How --help names the value. */
  readonly value: string;
  readonly env: string;
  /** The member of the configuration file; undefined for what cannot be set there. */
  readonly file: string | undefined;
  readonly default: string | undefined;
  /** A flag that may be given several times; in the environment, separated by commas. */
  readonly isList: boolean;
  readonly doc: string;
}

const one = { default: undefined, isList: false } as const;
const many = { default: undefined, isList: true } as const;

/** By flag name. */
export const settings = {
  name: { ...one, value: 'NAME', env: 'ANABRANCH_NAME', file: 'name', doc: 'name of this region, unique in the mesh' },
  listen: {
    ...one,
    value: 'HOST:PORT',
    env: 'ANABRANCH_LISTEN',
    file: 'listen',
    default: '127.0.0.1:7101',
    doc: 'address to serve on; port 0 takes a free one',
  },
  data: { ...one, value: 'DIR', env: 'ANABRANCH_DATA', file: 'data', doc: 'directory of the durable store, made when absent' },
  peer: {
    ...many,
    value: 'NAME[=URL]',
    env: 'ANABRANCH_PEERS',
    file: 'peers',
    doc: 'a region to link with: dialled at its ws:// or wss:// URL, or, without one, waited for until it dials; repeatable',
  },
  'mesh-key-file': {
    ...one,
    value: 'FILE',
    env: 'ANABRANCH_MESH_KEY_FILE',
    file: 'meshKeyFile',
    doc: 'secret that all regions share, 16 bytes or more; needed for links',
  },
  'allowed-origin': {
    ...many,
    value: 'ORIGIN',
    env: 'ANABRANCH_ALLOWED_ORIGINS',
    file: 'allowedOrigins',
    doc: 'web origin whose pages may connect, or *; repeatable; default: loopback pages when listening on loopback',
  },
  'log-level': { ...one, value: 'LEVEL', env: 'ANABRANCH_LOG_LEVEL', file: 'logLevel', default: 'info', doc: 'error, info or debug' },
  'documents-loaded-max': {
    ...one,
    value: 'N',
    env: 'ANABRANCH_DOCUMENTS_LOADED_MAX',
    file: 'documentsLoadedMax',
    default: '10000',
    doc: 'documents kept in memory when no session holds them; a small one takes about 20 kB',
  },
  config: {
    ...one,
    value: 'FILE',
    env: 'ANABRANCH_CONFIG',
    file: undefined,
    doc: 'configuration file (JSON); the only place for collections',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;
export const settingNames = Object.keys(settings) as readonly SettingName[];

/** What one source gives: texts by setting, lists for settings that are lists. */
export type SettingValues = Partial<Record<SettingName, readonly string[]>>;

/** The settings that environment variables give; empty ones count as absent. */
export function readEnvironment(environment: Readonly<Record<string, string | undefined>>): SettingValues {
  // Unknown ANABRANCH_ variables are left alone: Kubernetes makes some for a service of that name.
  const values: SettingValues = {};
  for (const name of settingNames) {
    const text = environment[settings[name].env];
    if (text === undefined || text === '') continue;
    values[name] = settings[name].isList ? text.split(',').map((part) => part.trim()) : [text];
  }
  return values;
}

/** The text of `anabranch region --help`. */
export function regionHelp(): string {
  const rows = settingNames.map((name): [string, string] => {
    const { value, env, default: fallback, doc } = settings[name];
    return [`  --${name} ${value}`, `${doc}${fallback === undefined ? '' : ` (default ${fallback})`} [${env}]`];
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return [
    'Runs one region: a leader that takes writes, makes them durable and exchanges them with its peers.',
    '',
    'anabranch region --name NAME --data DIR --config FILE [flags]',
    '',
    ...rows.map(([flag, doc]) => `${flag.padEnd(width)}  ${doc}`),
    `${'  --help'.padEnd(width)}  this text`,
    '',
    'Flags win over environment variables, these over the file, these over defaults.',
    'Exit codes: 0 stopped on request, 1 could not start, 2 wrong usage or configuration, 70 failed while running.',
    '',
  ].join('\n');
}
