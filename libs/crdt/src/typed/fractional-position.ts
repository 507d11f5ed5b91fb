// Positions of list items: texts between any two of which there is always another, so an insert or move touches one
// item only (fractional indexing; the integer heads follow D. Greenspan, "Implementing Fractional Indexing", 2020).
// What differs here: two replicas that insert at one place at the same time make equal fractions, and a later insert
// *between* those two must still find room. So a position is a path of levels, in the manner of Logoot (Weiss et al.,
// 2009), and only the fraction of the last level is stored without its item id:
//
//   "a0"              fraction a0
//   "a0 k@berlin V"   below the item k@berlin at fraction a0: after that item, before the next one at a0
//
// An item's order key is `position + ' ' + itemId`. Fractions use 0-9A-Za-z and ids printable characters, all greater
// than the space, so plain comparison of order keys compares level by level, fraction before id.
//
// Invariant 1: between(l, r) returns p such that l < orderKey(p, id) < r for every id.
// Invariant 2: n appends, or n prepends, give fractions of O(log n) characters: the head letter counts the digits of
//              an integer part. Digits behind the integer part never end in '0'.

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const leastInteger = `A${'0'.repeat(26)}`;
const fractionPattern = /^[A-Za-z][0-9A-Za-z]*$/;
const idPattern = /^[!-~]+$/;

/** The text list items are ordered by. */
export function orderKey(position: string, itemId: string): string {
  return `${position} ${itemId}`;
}

/** A position for a new item between the items of these order keys; undefined stands for the ends of the list. */
export function positionBetween(left: string | undefined, right: string | undefined): string {
  const l = left === undefined ? [] : left.split(' ');
  const r = right === undefined ? [] : right.split(' ');
  for (let level = 0; ; level += 2) {
    const shared = l.slice(0, level);
    const lFraction = l[level];
    const rFraction = r[level];
    if (lFraction === undefined || rFraction === undefined || lFraction !== rFraction) {
      return [...shared, fractionBetween(lFraction, rFraction)].join(' ');
    }
    // Equal fractions with different ids: room lies below the left item only, whatever follows on the right.
    if (l[level + 1] !== r[level + 1]) {
      return [...l.slice(0, level + 2), fractionBetween(l[level + 2], undefined)].join(' ');
    }
  }
}

/** True for positions {@link positionBetween} can continue from; others were written by something foreign. */
export function isPosition(text: string): boolean {
  const levels = text.split(' ');
  return levels.length % 2 === 1 && levels.every((part, i) => (i % 2 === 0 ? isFraction(part) : idPattern.test(part)));
}

/** True for ids that order keys may contain. */
export function isItemId(text: string): boolean {
  return idPattern.test(text);
}

function isFraction(text: string): boolean {
  if (!fractionPattern.test(text) || text.length < integerLength(text)) return false;
  if (text === leastInteger) return false;
  return text.length === integerLength(text) || !text.endsWith('0');
}

/** Characters of the integer part: a..z lead 1..26 digits and rise, Z..A lead 1..26 digits and fall. */
function integerLength(fraction: string): number {
  const head = fraction.charCodeAt(0);
  return head >= 97 ? head - 97 + 2 : 90 - head + 2;
}

function fractionBetween(left: string | undefined, right: string | undefined): string {
  if (left === undefined && right === undefined) return 'a0';
  if (left === undefined) return fractionBefore(right ?? '');
  if (right === undefined) return stepInteger(left.slice(0, integerLength(left)), 1) ?? left + midpoint('', '');
  const leftInteger = left.slice(0, integerLength(left));
  const rightInteger = right.slice(0, integerLength(right));
  if (leftInteger === rightInteger) {
    return leftInteger + midpoint(left.slice(leftInteger.length), right.slice(rightInteger.length));
  }
  const next = stepInteger(leftInteger, 1);
  return next !== undefined && next < right ? next : leftInteger + midpoint(left.slice(leftInteger.length), '');
}

function fractionBefore(right: string): string {
  const integer = right.slice(0, integerLength(right));
  if (integer === leastInteger) return integer + midpoint('', right.slice(integer.length));
  if (right.length > integer.length) return integer;
  const previous = stepInteger(integer, -1) ?? leastInteger;
  // Nothing lies below the bare least integer, so it is never used without a fraction behind it.
  return previous === leastInteger ? previous + midpoint('', '') : previous;
}

/** The next or previous integer; undefined past the ends of the range. */
function stepInteger(integer: string, step: 1 | -1): string | undefined {
  const body = [...integer.slice(1)];
  const wrapFrom = step === 1 ? 'z' : '0';
  const wrapTo = step === 1 ? '0' : 'z';
  let at = body.length - 1;
  while (at >= 0 && body[at] === wrapFrom) body[at--] = wrapTo;
  if (at >= 0) {
    body[at] = digits.charAt(digits.indexOf(body[at] ?? '') + step);
    return integer.charAt(0) + body.join('');
  }
  const heads = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const head = heads[heads.indexOf(integer.charAt(0)) + step];
  return head === undefined ? undefined : head + wrapTo.repeat(integerLength(head) - 1);
}

/** A digit string strictly between two others read as fractions; '' on the right stands for one. Never ends in '0'. */
function midpoint(left: string, right: string): string {
  let shared = '';
  for (let i = 0; ; i++) {
    const l = digits.indexOf(left[i] ?? '0');
    const r = right === '' ? digits.length : digits.indexOf(right[i] ?? '0');
    if (l === r) {
      shared += digits.charAt(l);
      continue;
    }
    if (r - l > 1) return shared + digits.charAt((l + r) >> 1);
    // Neighbouring digits: keep the left one and find room behind it, up to the end of its range.
    return shared + digits.charAt(l) + midpoint(left.slice(i + 1), '');
  }
}
