import type { BufferPool } from '../../memory/buffer-pool.ts';
import type { MessageShape } from '../../messages/message.ts';
import type { Scan } from '../../messages/page.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../ports.ts';
import { SearchSource } from '../search/source.ts';
import { ElasticsearchClient } from './client.ts';
import type { ElasticsearchSettings } from './settings.ts';

/** Messages in the indices of Elasticsearch 8.x or 9.x. */
export class ElasticsearchSource extends SearchSource {
  constructor(
    settings: ElasticsearchSettings,
    shape: MessageShape,
    scan: Scan,
    memory: BufferPool,
    clock: Clock,
    log: Pick<Log, 'line' | 'warning'>,
  ) {
    super(new ElasticsearchClient(settings), settings, shape, scan, memory, clock, log);
  }
}
