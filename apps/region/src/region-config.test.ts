import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCommandLine } from './command-line.ts';
import { parseConfigFile } from './config-file.ts';
import { describeConfig, loadRegionConfig } from './region-config.ts';
import { regionHelp, settingNames, settings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'anabranch-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
function file(content: unknown): string {
  const path = join(folder, `file-${++count}`);
  writeFileSync(path, typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
}

const collections = { carts: { library: 'yjs', schema: { type: 'object', fields: { status: { type: 'register' } } } } };
const key = 'a-key-of-more-than-16-bytes';

function load(args: readonly string[], environment: Record<string, string> = {}, content: object = {}) {
  const command = parseCommandLine(['region', '--config', file({ name: 'berlin', data: 'data', collections, ...content }), ...args]);
  if (command.command !== 'region') throw new Error('not the region command');
  return loadRegionConfig(command.flags, environment);
}

const refusal = (text: string) => expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(text) });

describe('settings', () => {
  test('[LIFE3] flags win over environment variables, these over the file, these over defaults', () => {
    const fromFile = { listen: '127.0.0.1:3', logLevel: 'debug' };
    expect(load([]).listen).toEqual({ host: '127.0.0.1', port: 7101 });
    expect(load([], {}, fromFile).listen.port).toBe(3);
    expect(load([], { ANABRANCH_LISTEN: '127.0.0.1:2' }, fromFile).listen.port).toBe(2);
    expect(load(['--listen', '127.0.0.1:1'], { ANABRANCH_LISTEN: '127.0.0.1:2' }, fromFile).listen.port).toBe(1);
    expect(load([], {}, fromFile).logLevel).toBe('debug');
    expect(load([], { ANABRANCH_LOG_LEVEL: '' }).logLevel).toBe('info');
  });

  test('[LIFE3] lists come from repeated flags, commas in the environment, or members of the file', () => {
    const meshKeyFile = file(`${key}\n`);
    const expected = [
      { region: 'tokyo', url: 'ws://127.0.0.1:1' },
      { region: 'new-york', url: 'wss://ny.example/v1/link' },
    ];
    expect(
      load(['--peer', 'tokyo=ws://127.0.0.1:1', '--peer', 'new-york=wss://ny.example/v1/link', '--mesh-key-file', meshKeyFile]).peers,
    ).toEqual(expected);
    expect(
      load([], { ANABRANCH_PEERS: 'tokyo=ws://127.0.0.1:1, new-york=wss://ny.example/v1/link', ANABRANCH_MESH_KEY_FILE: meshKeyFile })
        .peers,
    ).toEqual(expected);
    expect(load([], {}, { peers: { tokyo: 'ws://127.0.0.1:1', 'new-york': 'wss://ny.example/v1/link' }, meshKeyFile }).peers).toEqual(
      expected,
    );
  });

  test('[LIFE6] a peer that dials this region is named without a URL', () => {
    const meshKeyFile = file(key);
    const expected = [
      { region: 'tokyo', url: 'ws://127.0.0.1:1/?a=b' },
      { region: 'new-york', url: undefined },
    ];
    expect(load(['--peer', 'tokyo=ws://127.0.0.1:1/?a=b', '--peer', 'new-york', '--mesh-key-file', meshKeyFile]).peers).toEqual(expected);
    expect(load([], { ANABRANCH_PEERS: 'tokyo=ws://127.0.0.1:1/?a=b,new-york', ANABRANCH_MESH_KEY_FILE: meshKeyFile }).peers).toEqual(
      expected,
    );
    expect(load([], {}, { peers: { tokyo: 'ws://127.0.0.1:1/?a=b', 'new-york': null }, meshKeyFile }).peers).toEqual(expected);
  });

  test('paths in the file are beside the file', () => {
    expect(load([]).dataDirectory).toBe(join(folder, 'data'));
    expect(load(['--data', 'elsewhere']).dataDirectory).toBe('elsewhere');
  });

  test('the mesh key is the text of its file without the newline at its end, and never shown', () => {
    const config = load(['--mesh-key-file', file(`${key}\n`)]);
    expect(Buffer.from(config.meshKey ?? []).toString()).toBe(key);
    expect(JSON.stringify(describeConfig(config))).not.toContain(key);
  });

  test('[LIFE3] a mesh key of bytes that are no text is what its file holds', () => {
    const [one, other] = [Buffer.alloc(16, 0xfe), Buffer.alloc(16, 0xff)].map((bytes) => load(['--mesh-key-file', file(bytes)]).meshKey);
    expect(one).toHaveLength(16);
    expect(one).not.toEqual(other);
    expect(() => load(['--mesh-key-file', file(Buffer.alloc(15, 0xff))])).toThrow(refusal('16 bytes'));
  });

  test('a password in the URL of a peer is used, and never shown', () => {
    const config = load(['--peer', 'tokyo=wss://berlin:hidden-4711@tokyo.example/', '--mesh-key-file', file(key)]);
    expect(config.peers[0]?.url).toContain('berlin:hidden-4711@');
    expect(JSON.stringify(describeConfig(config))).not.toContain('hidden-4711');
    expect(JSON.stringify(describeConfig(config))).toContain('tokyo.example');
  });

  test('a loopback address to listen on is told from others', () => {
    expect(load([]).origins).toEqual({ allowedOrigins: [], isOnLoopback: true });
    expect(load(['--listen', '[::1]:0']).origins.isOnLoopback).toBe(true);
    expect(load(['--listen', '0.0.0.0:0']).origins.isOnLoopback).toBe(false);
    expect(load(['--allowed-origin', 'https://a.example', '--allowed-origin', '*']).origins).toEqual({
      allowedOrigins: ['https://a.example', '*'],
      isOnLoopback: true,
    });
  });

  test.each<[string, string[], string]>([
    ['a region name', ['--name', 'Berlin'], '--name: a region name matches'],
    ['an empty name', ['--name', ''], '--name'],
    ['an address without a port', ['--listen', '127.0.0.1'], '--listen'],
    ['a port that is too high', ['--listen', '127.0.0.1:65536'], '--listen'],
    ['IPv6 without brackets', ['--listen', '::1:80'], '--listen'],
    ['a peer without a name', ['--peer', 'ws://127.0.0.1:1'], '--peer is name=ws://host:port, or the name alone'],
    ['a peer with an empty URL', ['--peer', 'tokyo='], '--peer is name=ws://host:port'],
    ['a peer of a name that is none', ['--peer', 'Tokyo'], '--peer: a region name matches'],
    ['a peer named twice, once without a URL', ['--peer', 'tokyo=ws://a:1', '--peer', 'tokyo'], '--peer names a region twice'],
    ['peers that dial, without a key', ['--peer', 'tokyo'], '--mesh-key-file'],
    ['a peer of another scheme', ['--peer', 'tokyo=http://127.0.0.1:1'], '--peer'],
    ['a peer that is this region', ['--peer', 'berlin=ws://127.0.0.1:1'], '--peer'],
    ['a peer named twice', ['--peer', 'tokyo=ws://a:1', '--peer', 'tokyo=ws://b:1'], '--peer'],
    ['peers without a key', ['--peer', 'tokyo=ws://127.0.0.1:1'], '--mesh-key-file'],
    ['a key file that is not there', ['--mesh-key-file', '/nowhere/key'], '--mesh-key-file'],
    ['an origin with a path', ['--allowed-origin', 'https://a.example/'], '--allowed-origin'],
    ['a log level', ['--log-level', 'warn'], '--log-level'],
    ['a configuration file that is not there', ['--config', '/nowhere/config.json'], 'given more than once'],
    ['an unknown flag', ['--nam', 'berlin'], '--nam'],
    ['a value that looks like a flag', ['--name', '--data'], '--name'],
    ['a stray argument', ['berlin'], 'berlin'],
  ])('[LIFE3] %s that is wrong is refused, naming it', (_, args, naming) => {
    expect(() => load(args)).toThrow(refusal(naming));
  });

  test('[LIFE3] a key of fewer than 16 bytes is refused', () => {
    expect(() => load(['--mesh-key-file', file('x'.repeat(15))])).toThrow(refusal('16 bytes'));
    expect(load(['--mesh-key-file', file('x'.repeat(16))]).meshKey).toHaveLength(16);
  });

  test('[LIFE3] what is required is asked for by name', () => {
    expect(() => loadRegionConfig({}, {})).toThrow(expect.objectContaining({ message: '--name is missing' }));
    expect(() => loadRegionConfig({ name: ['berlin'], data: ['d'] }, {})).toThrow(refusal('collections'));
    expect(() => loadRegionConfig({ name: ['berlin'], config: [file({ collections })] }, {})).toThrow(refusal('--data is missing'));
    expect(() => load([], {}, { data: '' })).toThrow(refusal('--data is missing'));
    expect(() => load([], {}, { meshKeyFile: '' })).toThrow(refusal('--mesh-key-file'));
  });

  test('[LIFE4] help names every setting, its variable and its default', () => {
    for (const name of settingNames) {
      expect(regionHelp()).toContain(`--${name} `);
      expect(regionHelp()).toContain(`[${settings[name].env}]`);
    }
    expect(regionHelp()).toContain('(default 127.0.0.1:7101)');
  });
});

describe('the configuration file', () => {
  const cart = {
    library: 'automerge',
    schema: {
      type: 'object',
      fields: {
        items: { type: 'map', of: { type: 'object', fields: { qty: { type: 'counter' } } } },
        seen: { type: 'register', keep: 'all' },
      },
    },
  };

  const depots = (stock: object): object => ({ library: 'yjs', schema: { type: 'object', fields: { stock } } });

  test('[BOUND10] holds bounded counters', () => {
    const stock = { type: 'boundedCounter', min: -10, max: 0, split: ['berlin', 'tokyo'] };
    expect(parseConfigFile(JSON.stringify({ collections: { depots: depots(stock) } }), 'f').collections).toEqual({ depots: depots(stock) });
  });

  test('holds collections, typed or freeform', () => {
    const parsed = parseConfigFile(JSON.stringify({ collections: { carts: cart, notes: { library: 'yjs', schema: 'freeform' } } }), 'f');
    expect(parsed.collections).toEqual({ carts: cart, notes: { library: 'yjs', schema: 'freeform' } });
  });

  test('[WC7] [LIFE3] a collection may have a write concern, which is no part of what regions must have alike', () => {
    const configFile = file({ collections: { carts: { ...cart, writeConcern: 'majority; timeout=2s' }, notes: cart } });
    const config = loadRegionConfig({ name: ['berlin'], data: ['d'], config: [configFile] }, {});
    expect([...config.writeConcerns]).toEqual([['carts', { target: 'majority', timeoutMs: 2_000 }]]);
    expect(config.collections.get('carts')).toEqual(cart);
    const wrong = JSON.stringify({ collections: { carts: { ...cart, writeConcern: '0' } } });
    expect(() => parseConfigFile(wrong, 'f')).toThrow(refusal('/collections/carts/writeConcern is "0": the concern is not valid'));
  });

  test.each<[string, unknown, string]>([
    ['an unknown member', { nmae: 'berlin' }, 'f: the file: unknown key nmae'],
    [
      'an unknown member of a collection',
      { collections: { carts: { ...cart, sharded: true } } },
      'f: /collections/carts: unknown key sharded',
    ],
    [
      'an unknown member of a schema',
      { collections: { carts: { library: 'yjs', schema: { type: 'object', fields: {}, title: 'x' } } } },
      'f: /collections/carts/schema: unknown key title',
    ],
    [
      'an unknown library',
      { collections: { carts: { ...cart, library: 'loro' } } },
      'f: /collections/carts/library: one of yjs, automerge, not "loro"',
    ],
    [
      'several at once',
      { documentsLoadedMax: 'many', data: 'x'.repeat(200), foo: 1, collections: { Carts: cart } },
      'f: \n  /documentsLoadedMax: a number, not "many"\n  /collections/Carts: a collection is named [a-z][a-z0-9-]{0,62}\n  the file: unknown key foo',
    ],
    [
      'an unknown type',
      { collections: { carts: { library: 'yjs', schema: { type: 'object', fields: { a: { type: 'tree' } } } } } },
      'f: /collections/carts/schema/fields/a/type: one of register, counter, boundedCounter, set, flag, list, text, map, object, not "tree"',
    ],
    [
      'a bounded counter without a bound',
      { collections: { depots: depots({ type: 'boundedCounter' }) } },
      '/collections/depots/schema/fields/stock: a bounded counter has a min, a max or both',
    ],
    [
      'a bounded counter that starts out of bounds',
      { collections: { depots: depots({ type: 'boundedCounter', min: 1 }) } },
      '/collections/depots/schema/fields/stock: the bounds include 0',
    ],
    ['a bound that is no integer', { collections: { depots: depots({ type: 'boundedCounter', max: 1.5, split: ['a'] }) } }, 'an integer'],
    ['a bound that is no number', { collections: { depots: depots({ type: 'boundedCounter', min: '0' }) } }, '/fields/stock/min'],
    ['rights that nobody has', { collections: { depots: depots({ type: 'boundedCounter', min: -1 }) } }, 'split names the regions'],
    [
      'rights that a region has twice',
      { collections: { depots: depots({ type: 'map', of: { type: 'boundedCounter', min: -1, split: ['tokyo', 'tokyo'] } }) } },
      'split names a region twice',
    ],
    [
      'a schema that is neither kind',
      { collections: { carts: { library: 'yjs', schema: 'free' } } },
      '/collections/carts/schema is "free": expected "freeform" or {',
    ],
    [
      'a schema that is left out',
      { collections: { carts: { library: 'yjs' } } },
      '/collections/carts/schema is missing: expected "freeform"',
    ],
    ['a collection name', { collections: { Carts: cart } }, 'Carts'],
    [
      'an empty field name',
      { collections: { carts: { library: 'yjs', schema: { type: 'object', fields: { '': { type: 'flag' } } } } } },
      'schema',
    ],
    ['a number as a name', { name: 7 }, 'f: /name: a text, not 7'],
    ['an array', [], 'f: the file: an object, not a list'],
    ['malformed JSON', '{', 'f: '],
    ['a forbidden key', '{"__proto__":{"name":"x"}}', '__proto__'],
    [
      'a forbidden field',
      '{"collections":{"carts":{"library":"yjs","schema":{"type":"object","fields":{"constructor":{"type":"flag"}}}}}}',
      'constructor',
    ],
  ])('[LIFE3] [GUARD5] [BOUND10] %s that is wrong is refused, naming it', (_, content, naming) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    expect(() => parseConfigFile(text, 'f')).toThrow(refusal(naming));
    expect(Reflect.get({}, 'name')).toBeUndefined();
  });

  test('[LIFE3] a schema that nests deeper than a path reaches is refused', () => {
    const nest = (depth: number): object => (depth === 0 ? { type: 'flag' } : { type: 'map', of: nest(depth - 1) });
    const text = (depth: number) =>
      JSON.stringify({ collections: { c: { library: 'yjs', schema: { type: 'object', fields: { a: nest(depth) } } } } });
    expect(() => parseConfigFile(text(31), 'f')).not.toThrow();
    expect(() => parseConfigFile(text(32), 'f')).toThrow(refusal('nests too deep'));
  });
});
