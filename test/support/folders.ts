import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new, empty folder, which is removed after the test in hand. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'message-archive-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
