/** Mixes three 32-bit numbers into one: the same ones always into the same, near ones into unlike ones. */
export function mix(seed: number, index: number, salt: number): number {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(salt + 0x7f4a7c15, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15) ^ index, 0x2c1b3c6d);
  hash = Math.imul(hash ^ (hash >>> 12) ^ Math.imul(index, 0x297a2d39), 0x846ca68b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** A number of [0, 1) that depends on nothing but its arguments. */
export function unit(seed: number, index: number, salt: number): number {
  return mix(seed, index, salt) / 0x1_0000_0000;
}

/**
 * A row of pseudo-random numbers that depends on nothing but its three 32-bit seeds.
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

  /** 32 bits, as an integer of [0, 2³²). */
  bits(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A number of [0, 1). */
  next(): number {
    return this.bits() / 0x1_0000_0000;
  }

  /** An integer of [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** An integer of [least, most]. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Any element of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** A number of [least, most), every order of magnitude as likely as any other. */
  magnitude(least: number, most: number): number {
    return least * (most / least) ** this.next();
  }

  /** A rank of [0, count), low ranks as often as Zipf's law has it for words. */
  rank(count: number): number {
    return Math.floor((count + 1) ** this.next()) - 1;
  }

  /** `digits` hexadecimal digits, as from a number. */
  hex(digits: number): string {
    const start = this.below(HEX.length - digits);
    return HEX.slice(start, start + digits);
  }
}

/** Digits to take others from: much faster than to write them anew each time. */
const HEX = makeHex(1024 * 1024);

function makeHex(digits: number): string {
  const random = new Random(0, 0, 0);
  const words = Uint32Array.from({ length: digits / 8 }, () => random.bits());
  return Buffer.from(words.buffer).toString('hex');
}
