// The entry of every process that a row starts beside its own: `child.js ROLE`. It answers the row's requests over the channel
// that `fork` gives, and ends when the row's process does.

import type { ChildReply, ChildRequest, Handlers, Role } from './world/child-process.ts';

const roles: Readonly<Record<Role, () => Promise<Handlers>>> = {
  'linked-region': () => import('./processes/linked-region.ts'),
  'load-generator': () => import('./processes/load-generator.ts'),
  'plain-express': () => import('./processes/plain-express.ts'),
  typists: () => import('./processes/typists.ts'),
};

const role = process.argv[2] ?? '';
if (!isRole(role)) throw new Error(`there is no role ${role}`);
const handlers = await roles[role]();
process.on('disconnect', () => process.exit(0));
process.on('message', (request: ChildRequest) => void answer(request));
reply({ id: 0 });

async function answer({ id, name, payload }: ChildRequest): Promise<void> {
  try {
    reply({ id, result: await handlers[name]?.(payload) });
  } catch (error) {
    reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function reply(message: ChildReply): void {
  process.send?.(message);
}

function isRole(text: string): text is Role {
  return Object.hasOwn(roles, text);
}
