import { geoNaturalEarth1, geoPath } from 'd3-geo';
import { feature } from 'topojson-client';
import land from 'world-atlas/land-110m.json' with { type: 'json' };
import type { LinkView } from '../api/world-api.ts';
import { hearingText } from '../mesh/link-text.ts';
import type { RegionView } from '../mesh/mesh-monitor.ts';
import { cityOf, placeOf } from '../mesh/places.ts';
import { isSilent, type RegionState, stateOf } from '../mesh/region-state.ts';
import { useMesh, useNowMs } from '../mesh/use-mesh.ts';
import { arcBetween, linkLabel, linkTone, type Point } from './link-geometry.ts';

const width = 960;
const height = 440;
const projection = geoNaturalEarth1().fitExtent(
  [
    [8, -30],
    [width - 8, height + 60],
  ],
  { type: 'Sphere' },
);
const topology = land as object as Parameters<typeof feature>[0];
const landPath = geoPath(projection)(feature(topology, 'land')) ?? '';

/** Where the regions are, how they are, and the links between them. */
export function WorldMap() {
  const { regions, links } = useMesh();
  const placed = regions.flatMap((region) => {
    const point = pointOf(region.name);
    return point === undefined ? [] : [{ region, point }];
  });
  const nowMs = useNowMs();
  const silent = new Set(regions.filter((region) => isSilent(stateOf(region, nowMs))).map(({ name }) => name));
  return (
    <figure className="map" aria-label="Map of the regions and their links">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={summaryOf(regions, links, silent)}>
        <path className="land" d={landPath} />
        {links.map((link) => (
          <MapLink key={`${link.a} ${link.b}`} link={link} silent={silent} />
        ))}
        {placed.map(({ region, point }) => (
          <MapRegion key={region.name} region={region} state={stateOf(region, nowMs)} point={point} />
        ))}
      </svg>
      <figcaption>
        <ul className="map-legend" aria-label="Links">
          {links.map((link) => {
            const tone = linkTone(link, silent);
            return (
              <li key={`${link.a} ${link.b}`} className={tone}>
                {tone === 'warn' ? `${hearingText(link)}.` : `${cityOf(link.a)} – ${cityOf(link.b)}: ${linkLabel(link, silent)}`}
              </li>
            );
          })}
        </ul>
      </figcaption>
    </figure>
  );
}

function MapLink({ link, silent }: { readonly link: LinkView; readonly silent: ReadonlySet<string> }) {
  const [from, to] = [pointOf(link.a), pointOf(link.b)];
  if (from === undefined || to === undefined) return null;
  const { path, middle } = arcBetween(from, to);
  const tone = linkTone(link, silent);
  const label = linkLabel(link, silent);
  // Who hears whom stands in two lines: the curves are short.
  const lines = tone === 'warn' ? label.split(/ (?=hears )/) : [label];
  const labelWidth = Math.max(116, ...lines.map((line) => 24 + 10 * line.length));
  return (
    <g className={`map-link ${tone}`}>
      <path d={path} />
      <g transform={`translate(${middle.x} ${middle.y})`}>
        <rect x={-labelWidth / 2} y={-14 - 10 * (lines.length - 1)} width={labelWidth} height={26 + 20 * (lines.length - 1)} rx={13} />
        <text textAnchor="middle" y={5 - 10 * (lines.length - 1)}>
          {lines.map((line, at) => (
            <tspan key={line} x={0} dy={at === 0 ? 0 : 20}>
              {line}
            </tspan>
          ))}
        </text>
      </g>
    </g>
  );
}

function MapRegion({ region, state, point }: { readonly region: RegionView; readonly state: RegionState; readonly point: Point }) {
  return (
    <g className={`map-region ${state.tone}`} transform={`translate(${point.x} ${point.y})`}>
      <circle className="halo" r={17} />
      <circle r={9} />
      <text y={19} textAnchor="middle">
        <tspan x={0} dy="1.1em">
          {cityOf(region.name)}
        </tspan>
        <tspan className="state" x={0} dy="1.2em">
          {state.name}
        </tspan>
      </text>
    </g>
  );
}

function pointOf(region: string): Point | undefined {
  const place = placeOf(region);
  const [x, y] = place === undefined ? [] : (projection([place.longitude, place.latitude]) ?? []);
  return x === undefined || y === undefined ? undefined : { x, y };
}

function summaryOf(regions: readonly RegionView[], links: readonly LinkView[], silent: ReadonlySet<string>): string {
  const broken = links.filter((link) => linkTone(link, silent) !== 'good').length;
  const quiet = regions.filter(({ name }) => silent.has(name)).map(({ name }) => `; ${cityOf(name)} does not answer`);
  return `${regions.map(({ name }) => cityOf(name)).join(', ')}${quiet.join('')}; ${links.length} links, ${broken} of them not whole`;
}
