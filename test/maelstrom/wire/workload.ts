/** The workloads of Maelstrom that a region can serve. */
export const workloads = ['broadcast', 'g-set', 'g-counter', 'pn-counter'] as const;

export type Workload = (typeof workloads)[number];

export function isWorkload(text: string): text is Workload {
  return workloads.some((workload) => workload === text);
}

/** The key of a `read_ok` body that holds what was read. */
export function readKeyOf(workload: Workload): 'messages' | 'value' {
  return workload === 'broadcast' ? 'messages' : 'value';
}
