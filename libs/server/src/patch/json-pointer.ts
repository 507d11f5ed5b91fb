import { AnabranchError } from '@anabranch/base';

/** The segments of a JSON pointer (RFC 6901). @throws AnabranchError `op_invalid`. */
export function parsePointer(pointer: string): string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) throw new AnabranchError('op_invalid', 'the path is not a JSON pointer');
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

export function appendSegment(pointer: string, segment: string): string {
  return `${pointer}/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
