import { type Parser, Refusal } from './given.ts';

/** The location of the archive. */
export type ArchivePlace =
  | {
      readonly kind: 'file';
      /** As given: absolute, or relative to the working directory. */
      readonly folder: string;
    }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without leading and trailing slashes; empty for the whole bucket. */
      readonly prefix: string;
    };

/** The location of pending messages and the ledger. */
export type StagingPlace =
  | {
      readonly kind: 'sqlite';
      /** As given: absolute, or relative to the working directory. */
      readonly path: string;
    }
  | { readonly kind: 'dynamodb'; readonly table: string };

export const archivePlace: Parser<ArchivePlace> = {
  accepted:
    'use `s3://` with a bucket and a prefix, such as `s3://bucket/messages`, or `file:` with a folder, such as `file:archive`',
  read(text) {
    if (/^s3:/.test(text)) return s3Place(text);
    const folder = pathAfter('file:', text);
    return folder === undefined ? undefined : { kind: 'file', folder };
  },
};

export const stagingPlace: Parser<StagingPlace> = {
  accepted:
    'use `dynamodb:` with a table, such as `dynamodb:message-archive`, or `sqlite:` with a file, such as `sqlite:staging.db`',
  read(text) {
    if (/^dynamodb:/.test(text)) return tablePlace(text.slice('dynamodb:'.length));
    const path = pathAfter('sqlite:', text);
    // SQLite does not store `:memory:`, and takes `file:…` for a URI that may mean the same.
    return path === undefined || /^(:|file:)/.test(path) ? undefined : { kind: 'sqlite', path };
  },
};

/** A bucket name that S3 accepts today, and a prefix of characters that need no encoding in a URL, without `.` and `..`. */
function s3Place(text: string): ArchivePlace | undefined {
  const [, bucket, prefix] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined) return undefined;
  const names = (prefix ?? '').replace(/\/$/, '');
  const parts = names.split('/');
  const isPlain = parts.every((part) => /^[\w.=-]+$/.test(part) && !/^\.{1,2}$/.test(part));
  if (names === '' || isPlain) return { kind: 's3', bucket, prefix: names };
  throw new Refusal(
    'use a prefix of letters, digits and `. _ - =`, with single slashes between its parts, none of which is `.` or `..`',
  );
}

/** A table name that DynamoDB accepts. */
function tablePlace(name: string): StagingPlace {
  if (/^[\w.-]{3,255}$/.test(name)) return { kind: 'dynamodb', table: name };
  throw new Refusal('use the name of a table after `dynamodb:`, of 3 to 255 letters, digits and `. _ -`');
}

/**
 * The path after a scheme; undefined for another scheme, an empty path, and `//`, after which people expect a host or the root.
 * @throws Refusal for a path that is valid but a mistake
 */
function pathAfter(scheme: string, text: string): string | undefined {
  const path = text.startsWith(scheme) ? text.slice(scheme.length).trim() : '';
  if (/\p{Cc}/u.test(path)) throw new Refusal('use one path, without line breaks and other control characters');
  if (path.startsWith('~')) throw new Refusal('use the full path: only a shell expands `~`');
  return path === '' || path.startsWith('//') ? undefined : path;
}
