import { AnabranchError, type Clock } from '@anabranch/base';
import { within } from '../waiting.ts';

/** How long the application may take for a credential. Then it counts as a failure, and it is asked again later. */
export const credentialMsMax = 15_000;

/** What the application gives for a session; empty when it gives none. @throws AnabranchError `region_unreachable`, and what it throws. */
export async function credentialOf(ask: (() => Promise<string>) | undefined, clock: Clock): Promise<string> {
  if (ask === undefined) return '';
  let credential: string | undefined;
  const given = ask().then((text) => {
    credential = text;
  });
  await within(clock, credentialMsMax, given);
  if (credential !== undefined) return credential;
  throw new AnabranchError('region_unreachable', `the application gave no credential in ${credentialMsMax} ms`);
}
