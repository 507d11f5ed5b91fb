import { AnabranchError } from '@anabranch/base';

/** The name of a region: `[a-z][a-z0-9-]{0,31}`, unique in the mesh. */
export type RegionId = string & { readonly brand: 'RegionId' };

const regionPattern = /^[a-z][a-z0-9-]{0,31}$/;

export function isRegionId(text: string): text is RegionId {
  return regionPattern.test(text);
}

/** @throws AnabranchError `config_invalid` when `text` is no region name. */
export function parseRegionId(text: string): RegionId {
  if (isRegionId(text)) return text;
  throw new AnabranchError('config_invalid', `a region name matches [a-z][a-z0-9-]{0,31}, not ${JSON.stringify(text)}`);
}
