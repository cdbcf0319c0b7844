import { DAY_MS } from '../../src/windows/interval.ts';
import type { Answer } from './http-server.ts';
import { pageText, type Truth } from './model-source.ts';

/** Responds like a message API that holds a {@link Truth}, to requests for days. */
export function truthAnswer(truth: Truth): Answer {
  return (response, _count, request) => {
    const asked = new URL(request.url!, 'http://localhost').searchParams;
    const within = { start: Date.parse(asked.get('start_time')!), end: Date.parse(asked.get('end_time')!) + DAY_MS };
    const [size, page] = [Number(asked.get('page_size')), Number(asked.get('page_number'))];
    const held = truth.within(within);
    const messages = Buffer.from(pageText(held.slice((page - 1) * size, page * size))).toString();
    response.setHeader('content-type', 'application/json');
    response.end(`{"total":${held.length},${messages.slice(1)}`);
  };
}
