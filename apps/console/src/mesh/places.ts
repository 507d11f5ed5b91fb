// Where the regions of the demo are on a map. A region of another mesh has no place: it is listed, and not drawn.

export interface Place {
  readonly city: string;
  readonly longitude: number;
  readonly latitude: number;
}

const places: Readonly<Record<string, Place>> = {
  'new-york': { city: 'New York', longitude: -74, latitude: 40.7 },
  berlin: { city: 'Berlin', longitude: 13.4, latitude: 52.5 },
  tokyo: { city: 'Tokyo', longitude: 139.7, latitude: 35.7 },
};

export function placeOf(region: string): Place | undefined {
  return Object.hasOwn(places, region) ? places[region] : undefined;
}

export function cityOf(region: string): string {
  return placeOf(region)?.city ?? region;
}
