import type { ClientStatus } from '@anabranch/client';
import type { ReactElement } from 'react';
import { connectionText } from '../sync/connection-text.ts';

/** Where a client is connected to, and what waits for it. */
export function ConnectionState({ status }: { readonly status: ClientStatus }): ReactElement {
  const { tone, title, detail } = connectionText(status);
  return (
    <p className={`connection connection-${tone}`} role="status" data-region={status.region} data-connection={status.connection}>
      <span className="dot" aria-hidden="true" />
      <strong>{title}</strong>
      <span className="muted">{detail}</span>
    </p>
  );
}
