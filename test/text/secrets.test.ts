import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { secretsIn } from '../../src/inputs/secrets.ts';
import { keepSecret, keepSecretBriefly, masked, maskedParts } from '../../src/text/secrets.ts';

const secret = 'Zx9/+"k-7Qw~81vT';
keepSecret(secret);

describe('masked', () => {
  it.each([
    ['as it is', secret],
    ['URL-encoded', encodeURIComponent(secret)],
    ['as a JSON string', JSON.stringify(secret)],
    ['inspected bytes', inspect(Buffer.from(secret))],
    ['in hexadecimal', Buffer.from(secret).toString('hex')],
  ])('masks a secret %s', (_, spelling) => {
    expect(masked(`before ${spelling} after`)).toMatch(/^before .*\*\*\*.* after$/);
    expect(masked(spelling).length).toBeLessThan(spelling.length);
  });

  it('masks a secret in Base64 whatever surrounds it', () => {
    const around = fc.string({ maxLength: 9 });
    fc.assert(
      fc.property(around, around, fc.constantFrom('base64', 'base64url'), (before, after, encoding) => {
        const text = Buffer.from(`${before}${secret}${after}`).toString(encoding as BufferEncoding);
        expect(masked(text)).toContain('***');
      }),
    );
  });

  it('leaves other text unchanged', () => {
    expect(masked('The message API answers 400')).toBe('The message API answers 400');
    keepSecret('abc');
    expect(masked('abc')).toBe('abc');
  });
});

it('maskedParts masks a truncated secret and keeps the text around it', () => {
  expect(maskedParts(`token ${secret.slice(0, 10)}… is invalid`)).toBe('token ***… is invalid');
  expect(maskedParts(`…${secret.slice(4)}, ${secret.slice(2, 12)}`)).toBe('…***, ***');
  expect(maskedParts(`7 characters: ${secret.slice(0, 7)}`)).toBe(`7 characters: ${secret.slice(0, 7)}`);
});

it('secretsIn finds every secret of a process, valid or not', () => {
  const environment = {
    'INPUT_API-TOKEN': ' token-1 ',
    'INPUT_ELASTICSEARCH-API-KEY': 'key-2',
    'INPUT_GITHUB-TOKEN': 'token-3',
    AWS_SECRET_ACCESS_KEY: 'key-4',
    AWS_SESSION_TOKEN: 'token-5',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'token-6',
    'INPUT_API-URL': 'https://user:pass-7@api.example.com/?apikey=key-8&page=all',
    'INPUT_API-QUERY': 'status=all&access_token=token-9',
    HTTPS_PROXY: 'http://proxy%20user:pass%3A10@proxy.example.com:3128',
    INPUT_ARCHIVE: 's3://bucket/prefix',
  };
  expect(secretsIn(environment).sort()).toEqual(
    [
      'token-1',
      'key-2',
      'token-3',
      'key-4',
      'token-5',
      'token-6',
      'pass-7',
      Buffer.from('user:pass-7').toString('base64'),
      'key-8',
      'token-9',
      'pass%3A10',
      'pass:10',
      Buffer.from('proxy user:pass:10').toString('base64'),
    ].sort(),
  );
});

it('keepSecretBriefly masks the latest hundred secrets of its kind', () => {
  for (let n = 0; n < 150; n += 1) keepSecretBriefly(`brief/secret-${n}-`);
  expect(masked('brief/secret-149- brief%2Fsecret-60-')).toBe('*** ***');
  expect(masked('brief/secret-3-')).toBe('brief/secret-3-');
  keepSecretBriefly('abc');
  expect(masked('abc')).toBe('abc');
});
