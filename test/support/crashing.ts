import type { Archive, Staging } from '../../src/io/ports.ts';

/** The end of a process as the stores see it: no later call reaches them. */
class Crash extends Error {
  override readonly name = 'Crash';
}

/** The process ends at the n-th call (from 0) of a method, before or after its effect. */
export interface CrashPoint {
  readonly method: string;
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** Counts the calls of several ports, and ends their process at one point. */
export class Crasher {
  readonly calls: string[] = [];
  #point: CrashPoint | undefined;
  #isDead = false;

  constructor(point?: CrashPoint) {
    this.#point = point;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Wraps a port so that its calls are counted. */
  watch<Port extends Archive | Staging>(port: Port): Port {
    return around(port, (method, call) => this.#call(method, call));
  }

  async #call(method: string, call: () => Promise<unknown>): Promise<unknown> {
    this.#assertAlive();
    const earlier = this.calls.filter((name) => name === method).length;
    this.calls.push(method);
    const isHere = this.#point?.method === method && this.#point.call === earlier;
    if (isHere && this.#point?.when === 'before') this.#die();
    const result = await call();
    if (isHere) this.#die();
    this.#assertAlive();
    return result;
  }

  #die(): never {
    this.#isDead = true;
    throw new Crash('The process ended here.');
  }

  #assertAlive(): void {
    if (this.#isDead) throw new Crash('The process has ended.');
  }
}

/** Wraps a port so that every method except `close` goes through `pass`. */
export function around<Port extends Archive | Staging>(
  port: Port,
  pass: (method: string, call: () => Promise<unknown>, parameters: readonly unknown[]) => Promise<unknown>,
): Port {
  return new Proxy(port, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      if (name === 'close') return value.bind(target);
      return (...parameters: unknown[]) => pass(name, () => value.apply(target, parameters), parameters);
    },
  });
}
