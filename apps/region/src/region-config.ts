// A region's configuration: the settings of all sources, merged and checked, once, before anything is opened.

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AnabranchError, encodeUtf8 } from '@anabranch/base';
import { parseRegionId, type RegionId } from '@anabranch/causality';
import type { CollectionSchema } from '@anabranch/crdt';
import type { WriteConcern } from '@anabranch/engine';
import { isLoopbackHost, type OriginPolicyOptions } from '@anabranch/server';
import { type LogLevel, logLevels } from '@anabranch/system';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import { readEnvironment, type SettingName, type SettingValues, settings } from './settings.ts';

export interface ConfiguredPeer {
  readonly region: RegionId;
  /** Undefined for a peer that this region knows and does not dial: it dials us. */
  readonly url: string | undefined;
}

export interface RegionConfig {
  readonly region: RegionId;
  readonly listen: { readonly host: string; readonly port: number };
  readonly dataDirectory: string;
  readonly peers: readonly ConfiguredPeer[];
  /** Undefined when the region links with nobody. */
  readonly meshKey: Uint8Array | undefined;
  readonly origins: OriginPolicyOptions;
  readonly logLevel: LogLevel;
  /** Documents kept in memory when no session holds them. */
  readonly documentsLoadedMax: number;
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  /** By collection, for writes that do not say. */
  readonly writeConcerns: ReadonlyMap<string, WriteConcern>;
}

const meshKeyBytesMin = 16;

/** @throws AnabranchError `config_invalid`, naming the setting. */
export function loadRegionConfig(flags: SettingValues, environment: Readonly<Record<string, string | undefined>>): RegionConfig {
  const variables = readEnvironment(environment);
  const path = flags.config?.[0] ?? variables.config?.[0];
  const file = path === undefined ? {} : readConfigFile(path);
  const values = { ...defaultValues(), ...fileValues(file, path), ...variables, ...flags };
  const listen = parseListen(required(values, 'listen'));
  const peers = (values.peer ?? []).map(parsePeer);
  const name = required(values, 'name');
  const region = named('name', () => parseRegionId(name));
  checkPeers(region, peers);
  const meshKey = values['mesh-key-file']?.[0] === undefined ? undefined : readMeshKey(values['mesh-key-file'][0]);
  if (peers.length > 0 && meshKey === undefined) throw invalid('mesh-key-file', 'is needed to link with peers');
  const allowedOrigins = (values['allowed-origin'] ?? []).map(parseOrigin);
  const configured = Object.entries(file.collections ?? {});
  const collections = new Map(configured.map(([named, { library, schema }]) => [named, { library, schema }] as const));
  if (collections.size === 0) throw new AnabranchError('config_invalid', 'no collections: name them in a configuration file (--config)');
  return Object.freeze({
    region,
    listen,
    dataDirectory: required(values, 'data'),
    peers,
    meshKey,
    origins: { allowedOrigins, isOnLoopback: isLoopbackHost(listen.host) },
    logLevel: parseLogLevel(required(values, 'log-level')),
    documentsLoadedMax: parseCount('documents-loaded-max', required(values, 'documents-loaded-max')),
    collections,
    writeConcerns: new Map(
      configured.flatMap(([named, { writeConcern }]) => (writeConcern === undefined ? [] : [[named, writeConcern] as const])),
    ),
  });
}

/** The configuration for a log line: everything but the secrets. */
export function describeConfig(config: RegionConfig): Readonly<Record<string, unknown>> {
  return {
    listen: `${config.listen.host}:${config.listen.port}`,
    data: config.dataDirectory,
    peers: config.peers.map(({ region, url }) => ({ region, url: url === undefined ? undefined : withoutPassword(url) })),
    hasMeshKey: config.meshKey !== undefined,
    ...config.origins,
    logLevel: config.logLevel,
    documentsLoadedMax: config.documentsLoadedMax,
    collections: [...config.collections].map(([name, { library }]) => `${name} (${library})`),
  };
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  if (parsed.password === '') return url;
  parsed.password = '***';
  return parsed.href;
}

function defaultValues(): SettingValues {
  return {
    listen: [settings.listen.default],
    'log-level': [settings['log-level'].default],
    'documents-loaded-max': [settings['documents-loaded-max'].default],
  };
}

/** Paths in the file are relative to the file. */
function fileValues(file: ConfigFile, path: string | undefined): SettingValues {
  const beside = (text: string): string => (text === '' ? text : resolve(dirname(path ?? '.'), text));
  return {
    ...(file.name !== undefined && { name: [file.name] }),
    ...(file.listen !== undefined && { listen: [file.listen] }),
    ...(file.data !== undefined && { data: [beside(file.data)] }),
    ...(file.peers !== undefined && { peer: Object.entries(file.peers).map(([name, url]) => (url === null ? name : `${name}=${url}`)) }),
    ...(file.meshKeyFile !== undefined && { 'mesh-key-file': [beside(file.meshKeyFile)] }),
    ...(file.allowedOrigins !== undefined && { 'allowed-origin': file.allowedOrigins }),
    ...(file.logLevel !== undefined && { 'log-level': [file.logLevel] }),
    ...(file.documentsLoadedMax !== undefined && { 'documents-loaded-max': [String(file.documentsLoadedMax)] }),
  };
}

function required(values: SettingValues, name: SettingName): string {
  const text = values[name]?.[0];
  if (text === undefined || text === '') throw invalid(name, 'is missing');
  return text;
}

/** `host:port`; IPv6 addresses in brackets. */
function parseListen(text: string): RegionConfig['listen'] {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) throw invalid('listen', `is host:port, not ${JSON.stringify(text)}`);
  return { host, port };
}

/** `name=url`, or the name alone. */
function parsePeer(text: string): ConfiguredPeer {
  const [name = '', ...rest] = text.split('=');
  const url = rest.length === 0 ? undefined : rest.join('=');
  const isDialable = url === undefined || (URL.canParse(url) && /^wss?:\/\//i.test(url));
  // A URL without a name is more likely than a name with slashes.
  if (name === '' || name.includes('/') || !isDialable) {
    throw invalid('peer', `is name=ws://host:port, or the name alone of a peer that dials this region, not ${JSON.stringify(text)}`);
  }
  return { region: named('peer', () => parseRegionId(name)), url };
}

function checkPeers(region: RegionId, peers: readonly ConfiguredPeer[]): void {
  const names = peers.map((peer) => peer.region);
  if (names.includes(region)) throw invalid('peer', `names this region, ${region}`);
  if (new Set(names).size < names.length) throw invalid('peer', 'names a region twice');
}

function readMeshKey(path: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw invalid('mesh-key-file', error instanceof Error ? error.message : 'cannot be read');
  }
  // Editors and `openssl rand -hex` end the file with a newline, which is no part of the secret. Bytes that are no text are taken
  // as they are: as text, many different ones would be the same.
  const key = isUtf8(bytes) ? encodeUtf8(bytes.toString().trim()) : Uint8Array.from(bytes);
  if (key.length < meshKeyBytesMin) throw invalid('mesh-key-file', `holds fewer than ${meshKeyBytesMin} bytes`);
  return key;
}

function parseOrigin(text: string): string {
  if (text === '*' || (URL.canParse(text) && new URL(text).origin === text)) return text;
  throw invalid('allowed-origin', `is an origin such as https://shop.example, not ${JSON.stringify(text)}`);
}

function parseLogLevel(text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) throw invalid('log-level', `is one of ${logLevels.join(', ')}, not ${JSON.stringify(text)}`);
  return level;
}

function parseCount(name: SettingName, text: string): number {
  const count = Number(text);
  if (!/^[0-9]{1,9}$/.test(text) || count < 1) throw invalid(name, `is a whole number from 1 to 999999999, not ${JSON.stringify(text)}`);
  return count;
}

function named<T>(name: SettingName, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof AnabranchError)) throw error;
    throw new AnabranchError('config_invalid', `--${name}: ${error.message}`, { setting: name });
  }
}

function invalid(name: SettingName, why: string): AnabranchError {
  return new AnabranchError('config_invalid', `--${name} ${why}`, { setting: name });
}
