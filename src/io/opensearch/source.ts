import type { BufferPool } from '../../memory/buffer-pool.ts';
import type { MessageShape } from '../../messages/message.ts';
import type { Scan } from '../../messages/page.ts';
import type { AwsAccess } from '../aws/client.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../ports.ts';
import { SearchSource } from '../search/source.ts';
import { OpenSearchClient } from './client.ts';
import type { OpenSearchSettings } from './settings.ts';

/** Messages in the indices of OpenSearch 2.x or 3.x. */
export class OpenSearchSource extends SearchSource {
  /** @param access the credentials that sign requests where `auth` is `aws` */
  constructor(
    settings: OpenSearchSettings,
    access: AwsAccess,
    shape: MessageShape,
    scan: Scan,
    memory: BufferPool,
    clock: Clock,
    log: Pick<Log, 'line' | 'warning'>,
  ) {
    super(new OpenSearchClient(settings, access, clock), settings, shape, scan, memory, clock, log);
  }
}
