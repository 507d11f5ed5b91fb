// A flag: `writer -> dot`. Enabling writes a fresh dot under the author's own key, disabling deletes the dots it sees; so
// an enable concurrent with a disable stays: enable wins.

import type { JsonValue } from '@anabranch/base';
import type { Edit } from './edit.ts';
import { WriterLeaf } from './writer-map.ts';

export class Flag extends WriterLeaf<true> {
  enable(edit: Edit): void {
    this.setOwn(edit, edit.dot);
  }

  protected computeView(): JsonValue {
    return this.isLive;
  }

  protected parse(text: string): true | undefined {
    return text === '' ? undefined : true;
  }
}
