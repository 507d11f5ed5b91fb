import { AnabranchError, type Clock, encodeUtf8 } from '@anabranch/base';
import { credentialBytesMax } from '@anabranch/protocol';
import { within } from '../waiting.ts';

/** How long the application may take for a credential. Then it counts as a failure, and it is asked again later. */
export const credentialMsMax = 15_000;

/**
 * What the application gives for a session; empty when it gives none. @throws AnabranchError `region_unreachable`, `config_invalid` for what
 * no region takes, and what the application throws.
 */
export async function credentialOf(ask: (() => Promise<string>) | undefined, clock: Clock): Promise<string> {
  if (ask === undefined) return '';
  let given: { readonly credential: unknown } | undefined;
  const asked = ask().then((credential: unknown) => {
    given = { credential };
  });
  if (await within(clock, credentialMsMax, asked)) return checked(given?.credential);
  throw new AnabranchError('region_unreachable', `the application gave no credential in ${credentialMsMax} ms`);
}

/** Applications in JavaScript may give anything. */
function checked(credential: unknown): string {
  if (typeof credential === 'string' && encodeUtf8(credential).length <= credentialBytesMax) return credential;
  throw new AnabranchError('config_invalid', `credential resolves with a text of at most ${credentialBytesMax} bytes, and this is none`);
}
