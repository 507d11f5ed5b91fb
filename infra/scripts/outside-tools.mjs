// What tests need that npm does not bring: a browser, a tracer of system calls, tools of networks and mounts. They are found,
// installed where that is possible, or named with the command that installs them; no test is skipped for want of one.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { run } from './prepare.mjs';

/** Commands, any of which serves, the variable that may name one, and the Debian package that brings one. */
/** @typedef {{ commands: readonly string[], variable?: string, package: string }} OutsideTool */

const strace = { commands: ['strace'], package: 'strace' };

/** For `npm test`. @type {readonly OutsideTool[]} */
export const testTools = [
  { commands: ['chromium', 'chromium-browser', 'google-chrome'], variable: 'CHROME_PATH', package: 'chromium' },
  strace,
];

/** For `npm run test:faults`. @type {readonly OutsideTool[]} */
export const faultTools = [
  { commands: ['ip'], package: 'iproute2' },
  { commands: ['iptables'], package: 'iptables' },
  strace,
  { commands: ['mount'], package: 'mount' },
  ...['unshare', 'nsenter', 'setpriv'].map((command) => ({ commands: [command], package: 'util-linux' })),
];

// Where administrators' tools are; the PATH of other users often lacks these.
const foldersOfAdministration = ['/usr/sbin', '/sbin'];

/** @param {OutsideTool} tool */
function isFound({ commands, variable }) {
  if (variable !== undefined && existsSync(process.env[variable] ?? '')) return true;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return commands.some((command) => folders.some((folder) => existsSync(join(folder, command))));
}

/**
 * Makes the tools of the tests available.
 * @param {readonly OutsideTool[]} tools
 * @returns {Promise<boolean>} false, after saying how, when one cannot be had here
 */
export async function installOutsideTools(tools) {
  process.env['PATH'] = [process.env['PATH'] ?? '', ...foldersOfAdministration].join(delimiter);
  const missing = new Set(tools.filter((tool) => !isFound(tool)).map((tool) => tool.package));
  if (missing.size === 0) return true;
  const canInstall = process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0;
  if (canInstall) {
    console.log(`Installing what the tests need besides npm packages: ${[...missing].join(', ')} (apt-get) ...`);
    process.env['DEBIAN_FRONTEND'] = 'noninteractive';
    await run('apt-get', ['update', '--quiet']);
    await run('apt-get', ['install', '--yes', '--quiet', '--no-install-recommends', '-o', 'Dpkg::Use-Pty=0', ...missing]);
  }
  const lacking = lackingTools(tools);
  for (const text of lacking) console.error(text);
  return lacking.length === 0;
}

/** @param {readonly OutsideTool[]} tools @returns {string[]} which are not here, each with the command that installs it */
export function lackingTools(tools) {
  return tools
    .filter((tool) => !isFound(tool))
    .map(({ commands, variable, package: name }) => {
      const instead = variable === undefined ? '' : `, or set ${variable} to the path of one`;
      return `The tests need ${commands.join(' or ')}: sudo apt-get install ${name}${instead}.`;
    });
}
