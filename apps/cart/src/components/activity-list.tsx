import type { ReactElement } from 'react';
import type { Activity } from '../cart/cart-session.ts';
import { WriteBadge } from './write-badge.tsx';

export interface ActivityListProps {
  readonly activities: readonly Activity[];
  readonly headingId: string;
  readonly shownMax: number;
}

/** What was done in this tab, and how far each of it is. */
export function ActivityList({ activities, headingId, shownMax }: ActivityListProps): ReactElement | null {
  if (activities.length === 0) return null;
  return (
    <section className="activity" aria-labelledby={headingId}>
      <h3 id={headingId} className="minor-heading">
        Your latest changes
      </h3>
      <ol>
        {activities.slice(0, shownMax).map(({ id, text, write, region }) => (
          <li key={id}>
            <span>{text}</span>
            <WriteBadge write={write} region={region} />
          </li>
        ))}
      </ol>
    </section>
  );
}
