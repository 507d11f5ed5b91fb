import type { ClientStatus } from '@anabranch/client';
import type { ReactElement } from 'react';
import { connectionText } from '../sync/connection-text.ts';

export interface ConnectionStateProps {
  readonly status: ClientStatus;
  /** The region stands beside it, and needs no second mention. */
  readonly isPlaceKnown?: boolean;
}

/** Where a client is connected to, and what waits for it. */
export function ConnectionState({ status, isPlaceKnown = false }: ConnectionStateProps): ReactElement {
  const { tone, title, detail } = connectionText(status, isPlaceKnown);
  return (
    <p className={`connection connection-${tone}`} role="status" data-region={status.region} data-connection={status.connection}>
      <span className="dot" aria-hidden="true" />
      <strong>{title}</strong>
      <span className="muted">{detail}</span>
    </p>
  );
}
