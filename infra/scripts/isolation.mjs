// The namespaces that `npm run test:faults` puts its tests in, and what must be allowed inside for these to run. Whoever starts
// the isolation needs no clean-up: the kernel takes everything inside away with the last process, and ends all processes
// when the starter is gone.

import { spawnSync } from 'node:child_process';

/** @typedef {{ does: string, command: readonly string[], needs: string }} Privilege */

/** In front of a command: it runs as root of its own network, mounts and processes. */
export const isolation = [
  // The kernel kills unshare when this script is gone, and unshare everything inside when it is.
  ...['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
  // Anybody may be root in a user namespace of their own, where the kernel allows those.
  ...(process.getuid?.() === 0 ? [] : ['--map-root-user']),
];

/** What the tests do inside, each with what lets them. @type {readonly Privilege[]} */
export const privileges = [
  {
    does: 'make network, mount and process namespaces',
    command: ['true'],
    needs: 'root, or a kernel that lets users make namespaces; in a container CAP_SYS_ADMIN (docker run --privileged)',
  },
  {
    does: 'make a pair of linked interfaces',
    command: ['ip', 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1'],
    needs: 'CAP_NET_ADMIN, and the kernel module veth (modprobe veth)',
  },
  {
    does: 'drop packets',
    command: ['iptables', '--append', 'INPUT', '--source', '192.0.2.1', '--jump', 'DROP'],
    needs: 'CAP_NET_ADMIN, and the kernel modules nf_tables or ip_tables',
  },
  {
    does: 'mount a small file system in memory',
    command: ['mount', '-t', 'tmpfs', '-o', 'size=1m', 'none', '/mnt'],
    needs: 'CAP_SYS_ADMIN, and a folder /mnt',
  },
  {
    does: 'let a system call fail',
    command: ['strace', '-f', '-o', '/dev/null', '-e', 'inject=fdatasync:error=EIO', 'true'],
    needs: 'ptrace: CAP_SYS_PTRACE, and no seccomp profile that refuses it (docker run --security-opt seccomp=unconfined)',
  },
];

/**
 * Tries each privilege.
 * @param {readonly Privilege[]} privileges
 * @param {readonly string[]} prefix the isolation
 * @returns {string[]} what cannot be done here, why, and what it needs
 */
export function refusedPrivileges(privileges, prefix) {
  return privileges.flatMap(({ does, command, needs }) => {
    const [first = '', ...args] = [...prefix, ...command];
    const { status, stderr, error } = spawnSync(first, args, { encoding: 'utf8' });
    return status === 0 ? [] : [`The tests cannot ${does} here: ${(error?.message ?? stderr).trim()}\n  This needs ${needs}.`];
  });
}
