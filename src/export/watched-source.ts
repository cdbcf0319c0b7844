import type { Source } from '../io/ports.ts';
import type { Page } from '../messages/page.ts';

/**
 * The source, with each page of a read passed to `see` before it is taken.
 * @param see called with one page at a time, for every attempt
 */
export function watchedSource(source: Source, see: (page: Page) => Promise<void> | void): Source {
  let queue: Promise<void> = Promise.resolve();
  const read: Source['read'] = (interval, attempt, take) =>
    source.read(interval, attempt, (page) => {
      queue = queue.then(async () => {
        await see(page);
        await take(page);
      });
      return queue;
    });
  return new Proxy(source, {
    get(target, name) {
      if (name === 'read') return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
