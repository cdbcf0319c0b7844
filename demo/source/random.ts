/** Hashes three 32-bit numbers to one. */
export function mix(seed: number, index: number, salt: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(salt + 0x7f4a7c15, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15) ^ index, 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12) ^ Math.imul(index, 0x297a2d39), 0x846ca68b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Returns a number of [0, 1) that depends on its arguments only. */
export function unit(seed: number, index: number, salt: number): number {
  return mix(seed, index, salt) / 0x1_0000_0000;
}

/**
 * A sequence of pseudo-random numbers that depends on its three 32-bit seeds only.
 * The generator is sfc32 of PractRand (Chris Doty-Humphrey, public domain).
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, index: number, salt: number) {
    this.#a = mix(seed, index, salt) | 0;
    this.#b = index | 0;
    this.#c = seed | 0;
    for (let round = 0; round < 8; round++) this.bits();
  }

  /** Returns an integer of [0, 2³²). */
  bits(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Returns a number of [0, 1). */
  next(): number {
    return this.bits() / 0x1_0000_0000;
  }

  /** Returns an integer of [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Returns an integer of [least, most]. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Returns an element of a non-empty list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** Returns a number of [least, most) with a uniformly distributed logarithm. */
  magnitude(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  /** Returns a rank of [0, count), distributed by Zipf's law. */
  rank(count: number): number {
    return Math.floor((count + 1) ** this.next()) - 1;
  }

  /** Returns `digits` hexadecimal digits. */
  hex(digits: number): string {
    const start = this.below(HEX.length - digits);
    return HEX.slice(start, start + digits);
  }
}

/** A pool of digits: much faster than generating them each time. */
const HEX = makeHex(1024 * 1024);

function makeHex(digits: number): string {
  const random = new Random(0, 0, 0);
  const words = Uint32Array.from({ length: digits / 8 }, () => random.bits());
  return Buffer.from(words.buffer).toString('hex');
}
