import type { Write } from '@anabranch/client';
import { useWriteState } from '@anabranch/client/react';
import type { ReactElement } from 'react';
import { writeBadge } from '../sync/write-badge.ts';

export interface WriteBadgeProps {
  readonly write: Write;
  /** The region that took it. */
  readonly region: string | undefined;
}

/** How far a write is: on this device, in its region, in most regions, in all. */
export function WriteBadge({ write, region }: WriteBadgeProps): ReactElement {
  const state = useWriteState(write) ?? write.state;
  const { label, meaning, steps, isRefused } = writeBadge(state, region);
  return (
    <span className={isRefused ? 'badge badge-refused' : 'badge'} data-state={state} title={meaning}>
      <svg className="steps" viewBox="0 0 26 8" aria-hidden="true" focusable="false">
        {[1, 2, 3].map((step) => (
          <circle key={step} className={step <= steps ? 'step step-done' : 'step'} cx={step * 9 - 5} cy="4" r="3" />
        ))}
      </svg>
      {label}
      <span className="visually-hidden">. {meaning}</span>
    </span>
  );
}
