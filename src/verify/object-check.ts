import { contentDigest } from '../archive/digest.ts';
import { layoutVersion } from '../archive/layout.ts';
import type { LedgerRecord } from '../archive/ledger.ts';
import { DamagedError, type ObjectFacts, type RowChunk, type WholeObject } from '../archive/object.ts';
import { faultOf, lastReadAt, lastReadAtBy, wasRead } from '../archive/object-faults.ts';
import { compareIds, shaBytes } from '../archive/rows.ts';
import type { Context } from '../context.ts';
import { UserError } from '../errors.ts';
import { counted, number } from '../format.ts';
import type { ListedObject } from '../io/ports.ts';
import { contains } from '../windows/interval.ts';
import type { Slot } from '../windows/slot.ts';
import { readObject } from '../worker/objects.ts';
import type { IdRegister } from './id-register.ts';

const restore = 'Restore it from an earlier version or a backup';
const changed = 'somebody changed it';

/** An object to check. */
export interface CheckedObject extends ListedObject {
  readonly slot: Slot;
  /** The slot's ledger record. */
  readonly record: LedgerRecord | undefined;
}

/** Compares one object with its ledger record. Reports the first difference of each kind. */
export class ObjectCheck {
  readonly #context: Context;
  readonly #path: string;
  readonly #record: LedgerRecord | undefined;
  readonly #register: IdRegister;
  readonly #slot: Slot;
  readonly #found = new Map<string, string>();
  readonly #ids: string[] = [];
  readonly #shas: Uint8Array[] = [];
  #last: { readonly timestamp: bigint; readonly id: string } | undefined;

  constructor(context: Context, { path, slot, record }: CheckedObject, register: IdRegister) {
    this.#context = context;
    this.#path = path;
    this.#slot = slot;
    this.#record = record;
    this.#register = register;
  }

  get rows(): number {
    return this.#ids.length;
  }

  /** True if the ledger has no object for the slot. */
  get isUnrecorded(): boolean {
    return this.#record?.digest === undefined;
  }

  /** @returns one difference each, as sentences that say what to do */
  async run(): Promise<string[]> {
    try {
      await this.#read();
    } catch (error) {
      if (error instanceof DamagedError) this.#add('unreadable', `is damaged or forged (${error.message}). ${restore}`);
      else if (error instanceof UserError)
        this.#found.set('unreadable', `The object ${this.#path} could not be checked: ${error.message}`);
      else throw error;
    }
    return [...this.#found.values()];
  }

  async #read(): Promise<void> {
    const open = await this.#context.archive.open(this.#path);
    if (open === undefined) return this.#add('deleted', `was deleted during the verification. ${restore}`);
    try {
      const { format, shape } = this.#context.settings;
      const request = { format, payloads: true, shape, whole: true };
      const isKnown = this.#record?.version === open.version;
      const latest = isKnown ? lastReadAt(this.#record!) : lastReadAtBy(this.#context.now());
      const take = async (chunk: RowChunk) => this.#check(chunk, latest);
      const { facts, whole } = await readObject(this.#context.threads, open, request, take);
      this.#checkFacts(facts, whole!, open.version);
    } finally {
      await open.close();
    }
  }

  /** @param latest ms since 1970: no row was read later */
  #check(chunk: RowChunk, latest: number): void {
    this.#shas.push(chunk.shas);
    chunk.ids.forEach((id, n) => {
      const timestamp = chunk.timestamps[n]!;
      const row = `row ${number(this.#ids.length + 1)}`;
      if (!contains(this.#slot, timestamp))
        this.#add('outside', `holds a message outside of its slot (${row}): ${changed}. ${restore}`);
      if (this.#last !== undefined && !isAfter(this.#last, timestamp, id))
        this.#add('order', `is not sorted by timestamp and id (${row}): ${changed}. ${restore}`);
      if (!wasRead(chunk.readAts[n]!, latest))
        this.#add('read_at', `holds a message that was read after it was written (${row}): ${changed}. ${restore}`);
      this.#last = { timestamp, id };
      this.#ids.push(id);
    });
    for (const { id, slot: other } of this.#register.add(this.#slot.id, chunk.ids)) {
      const name = JSON.stringify(id);
      this.#add(
        `twice ${id}`,
        other === this.#slot.id
          ? `holds the message ${name} twice: ${changed}. ${restore}`
          : `holds the message ${name}, which slot ${other} holds too: its timestamp changed at the source, or somebody copied it. Compare both`,
      );
    }
  }

  #checkFacts(facts: ObjectFacts, whole: WholeObject, version: string): void {
    const shas = new Uint8Array(this.#ids.length * shaBytes);
    let at = 0;
    for (const part of this.#shas) {
      shas.set(part, at);
      at += part.length;
    }
    const digest = contentDigest(facts.schema, { ids: this.#ids, shas });
    if (this.#ids.length !== facts.rows)
      this.#add(
        'rows',
        `holds ${counted(this.#ids.length, 'message')}, but ${number(facts.rows)} according to its footer: ${changed}. ${restore}`,
      );
    if (digest !== facts.digest) this.#add('digest', `has another digest than its footer says: ${changed}. ${restore}`);
    if (facts.slot !== this.#slot.id) this.#add('slot', `is the object of slot ${facts.slot}: ${changed}. ${restore}`);
    if (facts.layout !== layoutVersion)
      this.#add('layout', `has another layout than this archive: ${changed}. ${restore}`);
    const record = this.#record;
    this.#checkRecord(record, digest, version);
    const fault = faultOf(whole, facts, record, version);
    // A different content implies different bytes.
    if (fault !== undefined && this.#found.size === 0) this.#add('bytes', `${fault}. ${restore}`);
    const isWritten = whole.sha256 === record?.object_sha256;
    if (isWritten && whole.difference !== undefined)
      this.#context.log.warning(
        `The object ${this.#path} is intact, byte for byte, but this version reads its payloads differently (${whole.difference}).`,
      );
    if (record?.digest !== undefined && version !== record.version && !isWritten && this.#found.size === 0)
      this.#add('version', 'was written after its ledger record. Re-run, which checks and records it');
  }

  #checkRecord(record: LedgerRecord | undefined, digest: string, version: string): void {
    if (record?.digest === undefined) return;
    // An interrupted run leaves an object newer than its record, but never one with fewer messages.
    if (version !== record.version && this.#ids.length >= record.rows) return;
    if (this.#ids.length !== record.rows)
      this.#add(
        'rows',
        `holds ${counted(this.#ids.length, 'message')}, but ${number(record.rows)} according to the ledger: ${changed}. ${restore}`,
      );
    if (digest !== record.digest)
      this.#add('digest', `has another digest than the ledger says: ${changed}. ${restore}`);
  }

  #add(kind: string, what: string): void {
    if (!this.#found.has(kind)) this.#found.set(kind, `The object ${this.#path} ${what}.`);
  }
}

function isAfter(last: { timestamp: bigint; id: string }, timestamp: bigint, id: string): boolean {
  return last.timestamp === timestamp ? compareIds(last.id, id) < 0 : last.timestamp < timestamp;
}
