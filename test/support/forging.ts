import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Table as ArrowTable, tableFromIPC, tableToIPC } from 'apache-arrow';
import { ParquetFile, readParquet, Table, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/esm';
import { objectPath } from '../../src/archive/layout.ts';
import type { LedgerRecord } from '../../src/archive/ledger.ts';
import { factPairs, factsOf, type ObjectFacts } from '../../src/archive/object.ts';
import { loadParquet } from '../../src/archive/parquet/wasm.ts';
import type { Slot } from '../../src/windows/slot.ts';
import { parquetModule } from '../../src/worker/parquet-module.ts';
import type { Embedded } from './embedded.ts';

/** Returns the path of a slot's object. */
export function fileOf({ parts, folder }: Embedded, slot: Slot): string {
  return join(folder, 'archive', objectPath(slot, parts.settings.format));
}

/** Reads a Parquet object with another library. */
export async function readTable(path: string): Promise<{ table: ArrowTable; facts: ObjectFacts }> {
  await loadParquet(await parquetModule());
  const bytes = await readFile(path);
  const file = await ParquetFile.fromFile(new Blob([bytes]));
  const pairs = file.metadata().fileMetadata().keyValueMetadata() as Map<string, string>;
  return { table: tableFromIPC(readParquet(bytes).intoIPCStream()), facts: factsOf((key) => pairs.get(key))! };
}

/** Writes a Parquet object with another library. */
export async function writeTable(path: string, table: ArrowTable, facts: ObjectFacts): Promise<void> {
  await loadParquet(await parquetModule());
  const properties = new WriterPropertiesBuilder().setKeyValueMetadata(new Map(factPairs(facts))).build();
  await writeFile(path, writeParquet(Table.fromIPCStream(tableToIPC(table, 'stream')), properties));
}

/** Changes a slot's ledger record. */
export async function forgeRecord(
  { parts }: Embedded,
  slot: Slot,
  change: (record: LedgerRecord) => Partial<LedgerRecord>,
): Promise<void> {
  const { record } = await parts.staging.slot(slot);
  const next = { ...record!, ...change(record!), revision: record!.revision + 1 };
  if (!(await parts.staging.record(next, record!.revision))) throw new Error('The record moved.');
}

/** Removes the object's hash from its ledger record, as in old records. */
export async function forgetHash(embedded: Embedded, slot: Slot): Promise<void> {
  await forgeRecord(embedded, slot, () => ({ object_sha256: undefined }) as unknown as Partial<LedgerRecord>);
}

/** Updates the ledger record to the object's current version, so that only its content gives it away. */
export async function blessVersion(embedded: Embedded, slot: Slot): Promise<void> {
  const path = objectPath(slot, embedded.parts.settings.format);
  const listed = (await embedded.parts.archive.list()).find((object) => object.path === path);
  await forgeRecord(embedded, slot, () => ({ version: listed!.version }));
  await forgetHash(embedded, slot);
}
