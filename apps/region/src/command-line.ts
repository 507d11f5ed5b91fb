// The command line of `anabranch`: which command, with which settings.

import { parseArgs } from 'node:util';
import { AnabranchError } from '@anabranch/base';
import { type SettingValues, settingNames, settings } from './settings.ts';

export type Command =
  | { readonly command: 'region'; readonly flags: SettingValues }
  | { readonly command: 'region-help' | 'help' | 'version' };

export const commandHelp: string = [
  'anabranch: multi-leader geo-replication for Yjs and Automerge documents',
  '',
  'anabranch region [flags]   run one region',
  'anabranch region --help    its flags',
  'anabranch --version        the version',
  'anabranch --help           this text',
  '',
].join('\n');

/** @throws AnabranchError `config_invalid` for anything but a known command with known flags. */
export function parseCommandLine(args: readonly string[]): Command {
  const [command, ...rest] = args;
  if (command === '--help' || command === '-h' || command === 'help') return { command: 'help' };
  if (command === '--version' || command === '-v') return { command: 'version' };
  if (command === 'region') return parseRegionFlags(rest);
  throw usage(command === undefined ? 'a command is missing' : `unknown command ${JSON.stringify(command)}`);
}

function parseRegionFlags(args: readonly string[]): Command {
  const options = Object.fromEntries(settingNames.map((name) => [name, { type: 'string', multiple: true }] as const));
  let values: Readonly<Record<string, string[] | boolean | undefined>>;
  try {
    ({ values } = parseArgs({ args: [...args], options: { ...options, help: { type: 'boolean', short: 'h' } }, allowPositionals: false }));
  } catch (error) {
    throw usage(error instanceof Error ? firstSentence(error.message) : 'the flags are not valid');
  }
  if (values['help'] === true) return { command: 'region-help' };
  const flags: SettingValues = {};
  for (const name of settingNames) {
    const given = values[name];
    if (!Array.isArray(given)) continue;
    if (given.length > 1 && !settings[name].isList) throw usage(`--${name} is given more than once`);
    flags[name] = given;
  }
  return { command: 'region', flags };
}

function firstSentence(message: string): string {
  return message.split(/\. |\n/, 1)[0] ?? message;
}

function usage(message: string): AnabranchError {
  return new AnabranchError('config_invalid', message);
}
