import { type Form, Refusal } from './given.ts';

/** Where slots live. */
export interface ArchivePlace {
  readonly kind: 'file';
  /** As written: relative to the working directory, or absolute. */
  readonly folder: string;
}

/** Where open messages wait, and the ledger. */
export interface StagingPlace {
  readonly kind: 'sqlite';
  /** As written: relative to the working directory, or absolute. */
  readonly path: string;
}

export const archivePlace: Form<ArchivePlace> = {
  accepted: 'write `file:` and a folder, such as `file:archive` or `file:/data/archive`',
  read(text) {
    if (/^s3:/i.test(text)) throw new Refusal(`this version writes to folders only, ${archivePlace.accepted}`);
    const folder = pathAfter('file:', text);
    return folder === undefined ? undefined : { kind: 'file', folder };
  },
};

export const stagingPlace: Form<StagingPlace> = {
  accepted: 'write `sqlite:` and a file, such as `sqlite:staging.db` or `sqlite:/data/staging.db`',
  read(text) {
    if (/^dynamodb:/i.test(text))
      throw new Refusal(`this version stages in SQLite files only, ${stagingPlace.accepted}`);
    const path = pathAfter('sqlite:', text);
    // SQLite keeps `:memory:` nowhere, and takes `file:…` for an address that may say the same.
    return path === undefined || /^(:|file:)/.test(path) ? undefined : { kind: 'sqlite', path };
  },
};

/** Undefined for another scheme, for none, for an empty path, and for `//`, after which people expect a host or the root. */
function pathAfter(scheme: string, text: string): string | undefined {
  const path = text.startsWith(scheme) ? text.slice(scheme.length).trim() : '';
  return path === '' || path.startsWith('//') ? undefined : path;
}
