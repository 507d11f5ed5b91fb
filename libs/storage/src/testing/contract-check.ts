import type { StoreMedium } from './store-medium.ts';

/** One thing that every store must do, as a function: so that a test can show which checks a broken store fails. */
export interface ContractCheck {
  readonly name: string;
  run(medium: StoreMedium): Promise<void>;
}
