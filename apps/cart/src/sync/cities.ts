const cities: Readonly<Record<string, string>> = { 'new-york': 'New York', berlin: 'Berlin', tokyo: 'Tokyo' };

/** The name of a region as people say it. */
export function cityOf(region: string): string {
  return cities[region] ?? region;
}

/** `Berlin`, `Berlin and Tokyo`, `New York, Berlin and Tokyo`. */
export function citiesOf(regions: readonly string[]): string {
  const names = regions.map(cityOf);
  const last = names.pop() ?? '';
  return names.length === 0 ? last : `${names.join(', ')} and ${last}`;
}
