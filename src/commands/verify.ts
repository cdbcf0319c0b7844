import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { contentDigest } from '../archive/digest.ts';
import { slotIdOfPath } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { DamagedError, type ObjectFacts, type RowChunk } from '../archive/object.ts';
import { compareIds, shaBytes } from '../archive/rows.ts';
import { UserError } from '../errors.ts';
import type { ListedObject } from '../io/ports.ts';
import { eachWithin } from '../limited.ts';
import { contains } from '../windows/interval.ts';
import { type Slot, slotById } from '../windows/slots.ts';
import { bytes, counted, duration, number } from '../words.ts';
import { readObject } from '../worker/objects.ts';
import { IdRegister } from './id-register.ts';
import type { Parts } from './parts.ts';

const objectsAtOnce = 2;

/**
 * Reads the ledger and the whole archive back, and holds them against each other: objects present, their rows, digests
 * and payload hashes, their order and times, that no id stands twice, and that nothing else lies where readers look.
 * @returns one sentence for each difference
 */
export async function verify(parts: Parts): Promise<string[]> {
  const startedMs = parts.elapsed();
  const [state, listed] = await Promise.all([parts.staging.state(), parts.archive.list()]);
  const objects = listed.filter(({ path }) => slotIdOfPath(path) !== undefined);
  const ledger = new Map(state.ledger.map((record) => [record.slot, record]));
  const register = new IdRegister(join(parts.temporary, `${parts.newId()}.sqlite`));
  let rows = 0;
  let done = 0;
  const checked = async (object: ListedObject) => {
    const check = new ObjectCheck(parts, object, ledger.get(slotIdOfPath(object.path)!), register);
    const different = await check.run();
    rows += check.rows;
    done += 1;
    parts.log.line(
      `  [${done}/${objects.length}] ${object.path}  ${counted(check.rows, 'message')}, ${bytes(object.bytes)}`,
    );
    return different;
  };
  const found = await eachWithin(pLimit(objectsAtOnce), objects, checked).finally(() => {
    register.close();
    return rm(register.path, { force: true });
  });
  const differences = [...missingObjects(objects, state.ledger), ...strangers(listed), ...found.flat()];
  const stored = objects.reduce((sum, object) => sum + object.bytes, 0);
  parts.log.line(
    `Verified ${counted(objects.length, 'object')} with ${number(rows)} messages (${bytes(stored)}) against ${counted(state.ledger.length, 'ledger record')} in ${duration(parts.elapsed() - startedMs)}: ${counted(differences.length, 'difference')}.`,
  );
  return differences;
}

function missingObjects(objects: readonly ListedObject[], ledger: readonly LedgerRecord[]): string[] {
  const present = new Set(objects.map(({ path }) => slotIdOfPath(path)));
  return ledger
    .filter(({ slot, rows }) => rows > 0 && !present.has(slot))
    .map(({ slot, rows }) => `Slot ${slot} has no object, where the ledger has one of ${counted(rows, 'message')}.`);
}

function strangers(listed: readonly ListedObject[]): string[] {
  return listed
    .filter(({ path }) => slotIdOfPath(path) === undefined)
    .map(({ path }) => `The object ${path} is no slot's, and readers take it for part of the archive: move it away.`);
}

/** Reads one object against its ledger record. Only the first difference of each kind is told. */
class ObjectCheck {
  readonly #parts: Parts;
  readonly #object: ListedObject;
  readonly #record: LedgerRecord | undefined;
  readonly #register: IdRegister;
  readonly #slotId: string;
  readonly #found = new Map<string, string>();
  readonly #ids: string[] = [];
  readonly #shas: Uint8Array[] = [];
  #last: { readonly timestamp: bigint; readonly id: string } | undefined;

  constructor(parts: Parts, object: ListedObject, record: LedgerRecord | undefined, register: IdRegister) {
    this.#parts = parts;
    this.#object = object;
    this.#record = record;
    this.#register = register;
    this.#slotId = slotIdOfPath(object.path)!;
  }

  get rows(): number {
    return this.#ids.length;
  }

  async run(): Promise<string[]> {
    try {
      await this.#read(slotById(this.#slotId, this.#parts.settings.layout));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (error instanceof DamagedError) this.#differs('unreadable', `is damaged: ${error.message}`);
      else this.#found.set('unreadable', `The object ${this.#object.path} cannot be checked: ${error.message}`);
    }
    return [...this.#found.values()];
  }

  async #read(slot: Slot): Promise<void> {
    const open = await this.#parts.archive.open(this.#object.path);
    if (open === undefined) return this.#differs('gone', 'was deleted while it was verified');
    try {
      const { format, shape } = this.#parts.settings;
      const request = { format, payloads: true, shape };
      const facts = await readObject(this.#parts.threads, open, request, async (chunk) => this.#check(slot, chunk));
      this.#checkFacts(facts, open.version);
    } finally {
      await open.close();
    }
  }

  #check(slot: Slot, chunk: RowChunk): void {
    this.#shas.push(chunk.shas);
    chunk.ids.forEach((id, n) => {
      const timestamp = chunk.timestamps[n]!;
      const row = `row ${number(this.#ids.length + 1)}`;
      if (!contains(slot, timestamp))
        this.#differs('outside', `holds a message that lies outside of its slot (${row})`);
      if (this.#last !== undefined && !isAfter(this.#last, timestamp, id))
        this.#differs('order', `is not sorted by timestamp and id (${row})`);
      this.#last = { timestamp, id };
      this.#ids.push(id);
    });
    for (const { id, slot: other } of this.#register.add(this.#slotId, chunk.ids)) {
      const place = other === this.#slotId ? 'twice' : `in slot ${other} too`;
      this.#differs(`twice ${id}`, `holds the message ${JSON.stringify(id)}, which stands ${place}`);
    }
  }

  #checkFacts(facts: ObjectFacts, version: string): void {
    const shas = new Uint8Array(this.#ids.length * shaBytes);
    let at = 0;
    for (const part of this.#shas) {
      shas.set(part, at);
      at += part.length;
    }
    const digest = contentDigest(facts.schema, { ids: this.#ids, shas });
    if (this.#ids.length !== facts.rows)
      this.#differs('rows', `holds ${number(this.#ids.length)} messages where its footer says ${number(facts.rows)}`);
    if (digest !== facts.digest) this.#differs('digest', 'has another digest than its footer says');
    if (facts.slot !== this.#slotId) this.#differs('slot', `is the object of slot ${facts.slot}`);
    const record = this.#record;
    if (record === undefined || record.digest === undefined) {
      this.#differs('record', 'has no ledger record');
      return;
    }
    if (this.#ids.length !== record.rows)
      this.#differs('rows', `holds ${number(this.#ids.length)} messages where the ledger says ${number(record.rows)}`);
    if (digest !== record.digest) this.#differs('digest', 'has another digest than the ledger says');
    if (version !== record.version) this.#differs('version', 'was written again since the ledger was');
  }

  #differs(kind: string, what: string): void {
    if (!this.#found.has(kind)) this.#found.set(kind, `The object ${this.#object.path} ${what}.`);
  }
}

function isAfter(last: { timestamp: bigint; id: string }, timestamp: bigint, id: string): boolean {
  return last.timestamp === timestamp ? compareIds(last.id, id) < 0 : last.timestamp < timestamp;
}
