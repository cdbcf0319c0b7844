import { describe, expect, it } from 'vitest';
import { saidIn, sayable } from '../../src/text/said.ts';
import { keepSecret } from '../../src/text/secrets.ts';

describe('saidIn', () => {
  it.each([
    ['{"error":"page_size must be between 1 and 100"}', 'page_size must be between 1 and 100'],
    ['{"message":"Not allowed."}', 'Not allowed'],
    ['{"detail":[{"loc":["query"],"msg":"x","message":"field required"}]}', 'field required'],
    [
      '{"type":"about:blank","title":"Bad Request","detail":"end_time is before start_time"}',
      'end_time is before start_time',
    ],
    ['{"error":"invalid_request","error_description":"The token has expired"}', 'The token has expired'],
    ['{"error":{"message":"Quota exceeded","code":7}}', 'Quota exceeded'],
    ['{"error":{"type":"x_content_parse","reason":"no [range] query"}}', 'no [range] query'],
    ['{"errors":[{"message":"first"},{"message":"second"}]}', 'first'],
    ['["unknown parameter: page"]', 'unknown parameter: page'],
    ['"quoted"', 'quoted'],
    ['Too many pages', 'Too many pages'],
    ['<!DOCTYPE html><html><head><title>403\n Forbidden</title>', 'an HTML page, "403 Forbidden"'],
    ['<html><body>no title', 'an HTML page'],
    ['<?xml version="1.0"?><Error/>', undefined],
    ['{"error":7,"message":null}', undefined],
    ['{"message":{"message":{"message":{"message":"too deep"}}}}', undefined],
    ['{"cut":"', undefined],
    ['', undefined],
  ])('extracts from %s the message %j', (body, said) => {
    expect(saidIn(body)).toBe(said);
  });

  it('returns one truncated line without a command', () => {
    const said = saidIn(JSON.stringify({ message: `a\n::stop-commands::t\r\n##[add-mask]${'x'.repeat(500)}` }))!;
    expect(said).toMatch(/^a : :stop-commands::t ## \[add-mask\]x+…$/);
    expect(said.length).toBe(201);
  });

  it('masks secrets and their fragments, in any spelling and if truncated', () => {
    const secret = 'q7!Vz/Kp+2Lm9=Wd';
    keepSecret(secret);
    const spellings = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(`u:${secret}`).toString('base64'),
      secret.slice(3),
    ];
    for (const spelling of spellings) {
      const said = saidIn(JSON.stringify({ error: `token ${spelling} is bad` }))!;
      expect(said).toMatch(/^token .*\*\*\*.* is bad$/);
      for (let at = 0; at + 8 <= spelling.length; at++) expect(said).not.toContain(spelling.slice(at, at + 8));
    }
    expect(sayable(`${'x'.repeat(195)}${secret}`)).not.toContain(secret.slice(0, 3));
  });
});
