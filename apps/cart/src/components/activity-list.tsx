import type { ReactElement } from 'react';
import type { Activity } from '../cart/cart-session.ts';
import { WriteBadge } from './write-badge.tsx';

export interface ActivityListProps {
  readonly activities: readonly Activity[];
  readonly headingId: string;
  readonly shownMax: number;
  readonly level: 2 | 3;
  /** Tells several of them on one page apart. */
  readonly place?: string;
}

/** What was done in this tab, and how far each of it is. */
export function ActivityList({ activities, headingId, shownMax, level, place }: ActivityListProps): ReactElement | null {
  if (activities.length === 0) return null;
  const Heading = level === 2 ? 'h2' : 'h3';
  return (
    <section className="activity" aria-labelledby={headingId}>
      <Heading id={headingId} className="minor-heading">
        Your latest changes{place !== undefined && <span className="visually-hidden"> in {place}</span>}
      </Heading>
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
