import { type Form, Refusal } from './given.ts';

/** Where slots live. */
export type ArchivePlace =
  | {
      readonly kind: 'file';
      /** As written: relative to the working directory, or absolute. */
      readonly folder: string;
    }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without slashes at its ends; empty: the bucket itself. */
      readonly prefix: string;
    };

/** Where open messages wait, and the ledger. */
export type StagingPlace =
  | {
      readonly kind: 'sqlite';
      /** As written: relative to the working directory, or absolute. */
      readonly path: string;
    }
  | { readonly kind: 'dynamodb'; readonly table: string };

export const archivePlace: Form<ArchivePlace> = {
  accepted:
    'write `s3://` with a bucket and a prefix, such as `s3://bucket/messages`, or `file:` and a folder, such as `file:archive`',
  read(text) {
    if (/^s3:/.test(text)) return s3Place(text);
    const folder = pathAfter('file:', text);
    return folder === undefined ? undefined : { kind: 'file', folder };
  },
};

export const stagingPlace: Form<StagingPlace> = {
  accepted:
    'write `dynamodb:` and a table, such as `dynamodb:message-archive`, or `sqlite:` and a file, such as `sqlite:staging.db`',
  read(text) {
    if (/^dynamodb:/.test(text)) return tablePlace(text.slice('dynamodb:'.length));
    const path = pathAfter('sqlite:', text);
    // SQLite keeps `:memory:` nowhere, and takes `file:…` for an address that may say the same.
    return path === undefined || /^(:|file:)/.test(path) ? undefined : { kind: 'sqlite', path };
  },
};

/**
 * A bucket's name as S3 gives them out today, and a prefix of characters that need no care in an address, of which `.` and
 * `..` would be read as ways.
 */
function s3Place(text: string): ArchivePlace | undefined {
  const [, bucket, prefix] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) return undefined;
  const names = (prefix ?? '').replace(/\/$/, '');
  const parts = names.split('/');
  const isPlain = parts.every((part) => /^[\w.=-]+$/.test(part) && !/^\.{1,2}$/.test(part));
  if (names === '' || isPlain) return { kind: 's3', bucket, prefix: names };
  throw new Refusal(
    'write a prefix of letters, digits and `. _ - =`, with single slashes between its parts, none of which is `.` or `..`',
  );
}

/** DynamoDB's rule for names. */
function tablePlace(name: string): StagingPlace {
  if (/^[\w.-]{3,255}$/.test(name)) return { kind: 'dynamodb', table: name };
  throw new Refusal('write the name of a table after `dynamodb:`, 3 to 255 letters, digits and `. _ -`');
}

/**
 * Undefined for another scheme, for none, for an empty path, and for `//`, after which people expect a host or the root.
 * @throws Refusal of a path that the system would take, and nobody can mean
 */
function pathAfter(scheme: string, text: string): string | undefined {
  const path = text.startsWith(scheme) ? text.slice(scheme.length).trim() : '';
  if (/\p{Cc}/u.test(path)) throw new Refusal('write one path, without line breaks and other control characters');
  if (path.startsWith('~')) throw new Refusal('write the path out, since only a shell knows what `~` stands for');
  return path === '' || path.startsWith('//') ? undefined : path;
}
