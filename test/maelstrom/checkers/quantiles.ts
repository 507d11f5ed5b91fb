/** The usual quantiles of some figures, under names that start alike; none of nothing. */
export function quantiles(name: string, values: readonly number[]): Record<string, number> {
  const sorted = [...values].sort((a, b) => a - b);
  const figures: Record<string, number> = {};
  for (const share of [0.5, 0.95, 0.99, 1]) {
    const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
    if (value !== undefined) figures[`${name} ${share === 1 ? 'max' : `p${share * 100}`}`] = Math.round(value);
  }
  return figures;
}
