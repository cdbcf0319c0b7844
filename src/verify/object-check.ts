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

const restore = 'restore it from an earlier version or a backup';
const changed = `somebody changed it; ${restore}`;
const again = 'run again, which checks and records it';
const moved = 'compare both, since its timestamp changed at the source, or somebody copied it';

/** Reads one object against its ledger record. Only the first difference of each kind is told. */
export class ObjectCheck {
  readonly #context: Context;
  readonly #object: ListedObject;
  readonly #record: LedgerRecord | undefined;
  readonly #register: IdRegister;
  readonly #slot: Slot;
  readonly #found = new Map<string, string>();
  readonly #ids: string[] = [];
  readonly #shas: Uint8Array[] = [];
  #last: { readonly timestamp: bigint; readonly id: string } | undefined;

  constructor(
    context: Context,
    object: ListedObject,
    slot: Slot,
    record: LedgerRecord | undefined,
    register: IdRegister,
  ) {
    this.#context = context;
    this.#object = object;
    this.#slot = slot;
    this.#record = record;
    this.#register = register;
  }

  get rows(): number {
    return this.#ids.length;
  }

  /** Whether the ledger, whatever else it says of the slot, knows of no object there. */
  get isUnrecorded(): boolean {
    return this.#record?.digest === undefined;
  }

  /** @returns one sentence for each difference, with what to do */
  async run(): Promise<string[]> {
    try {
      await this.#read();
    } catch (error) {
      if (error instanceof DamagedError)
        this.#differs('unreadable', `is damaged or forged (${error.message}): ${restore}`);
      else if (!(error instanceof UserError)) throw error;
      else this.#found.set('unreadable', `The object ${this.#object.path} cannot be checked: ${error.message}`);
    }
    return [...this.#found.values()];
  }

  async #read(): Promise<void> {
    const open = await this.#context.archive.open(this.#object.path);
    if (open === undefined) return this.#differs('gone', `was deleted while it was verified: ${restore}`);
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

  /** @param latest ms since 1970, after which no row can have been read */
  #check(chunk: RowChunk, latest: number): void {
    this.#shas.push(chunk.shas);
    chunk.ids.forEach((id, n) => {
      const timestamp = chunk.timestamps[n]!;
      const row = `row ${number(this.#ids.length + 1)}`;
      if (!contains(this.#slot, timestamp))
        this.#differs('outside', `holds a message that lies outside of its slot (${row}): ${changed}`);
      if (this.#last !== undefined && !isAfter(this.#last, timestamp, id))
        this.#differs('order', `is not sorted by timestamp and id (${row}): ${changed}`);
      if (!wasRead(chunk.readAts[n]!, latest))
        this.#differs('read_at', `holds a message that was read after it was written (${row}): ${changed}`);
      this.#last = { timestamp, id };
      this.#ids.push(id);
    });
    for (const { id, slot: other } of this.#register.add(this.#slot.id, chunk.ids)) {
      const place = other === this.#slot.id ? `twice: ${changed}` : `in slot ${other} too: ${moved}`;
      this.#differs(`twice ${id}`, `holds the message ${JSON.stringify(id)}, which stands ${place}`);
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
      this.#differs(
        'rows',
        `holds ${counted(this.#ids.length, 'message')} where its footer says ${number(facts.rows)}: ${changed}`,
      );
    if (digest !== facts.digest) this.#differs('digest', `has another digest than its footer says: ${changed}`);
    if (facts.slot !== this.#slot.id) this.#differs('slot', `is the object of slot ${facts.slot}: ${changed}`);
    if (facts.layout !== layoutVersion) this.#differs('layout', `has another layout than this archive: ${changed}`);
    const record = this.#record;
    this.#checkRecord(record, digest, version);
    const fault = faultOf(whole, facts, record, version);
    // Where the content is another, the bytes are too.
    if (fault !== undefined && this.#found.size === 0) this.#differs('bytes', `${fault}: ${restore}`);
    const isWritten = whole.sha256 === record?.object_sha256;
    if (isWritten && whole.difference !== undefined)
      this.#context.log.warning(
        `The object ${this.#object.path} is what a run wrote, byte for byte, but this version reads its payloads otherwise (${whole.difference}); they are intact.`,
      );
    if (record?.digest !== undefined && version !== record.version && !isWritten && this.#found.size === 0)
      this.#differs('version', `was written again since the ledger was: ${again}`);
  }

  #checkRecord(record: LedgerRecord | undefined, digest: string, version: string): void {
    if (record?.digest === undefined) return;
    // A run that was cut short leaves an object that its record is behind of; none makes one that holds less.
    if (version !== record.version && this.#ids.length >= record.rows) return;
    if (this.#ids.length !== record.rows)
      this.#differs(
        'rows',
        `holds ${counted(this.#ids.length, 'message')} where the ledger says ${number(record.rows)}: ${changed}`,
      );
    if (digest !== record.digest) this.#differs('digest', `has another digest than the ledger says: ${changed}`);
  }

  #differs(kind: string, what: string): void {
    if (!this.#found.has(kind)) this.#found.set(kind, `The object ${this.#object.path} ${what}.`);
  }
}

function isAfter(last: { timestamp: bigint; id: string }, timestamp: bigint, id: string): boolean {
  return last.timestamp === timestamp ? compareIds(last.id, id) < 0 : last.timestamp < timestamp;
}
