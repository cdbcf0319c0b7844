import { describe, expect, it } from 'vitest';
import { nextUrl } from '../../../src/io/api/next-url.ts';
import { masked } from '../../../src/text/secrets.ts';

const api = 'https://api.example.com/v1/messages?tenant=1';

describe('nextUrl', () => {
  it.each([
    ['https://api.example.com/v1/messages?page=2', 'https://api.example.com/v1/messages?page=2'],
    ['/v1/messages?page=2', 'https://api.example.com/v1/messages?page=2'],
    ['?page=2', 'https://api.example.com/v1/messages?page=2'],
    ['HTTPS://API.example.com:443/x', 'https://api.example.com/x'],
  ])('takes %s', (next, href) => {
    expect(nextUrl(next, api).href).toBe(href);
  });

  it.each([
    'https://other.example.com/v1/messages?token=hush-hush',
    'http://api.example.com/v1/messages',
    'https://api.example.com:8443/x',
    '//other.example.com/x',
    'https://api.example.com@other.example.com/x',
    '/\\other.example.com/x',
  ])('refuses %s, where the token must not go', (next) => {
    let caught: unknown;
    try {
      nextUrl(next, api);
    } catch (error) {
      caught = error;
    }
    expect(caught).toMatchObject({ code: 'source-refused' });
    expect(String(caught)).not.toContain('hush-hush');
  });

  it.each(['abc', 'eyJhIjoxfQ==', 'javascript:alert(1)', 'v1/messages'])('refuses %s, which is no URL', (next) => {
    expect(() => nextUrl(next, api)).toThrow(expect.objectContaining({ code: 'source-response-invalid' }));
  });

  it('keeps signed parameters out of what is shown', () => {
    nextUrl('?page=2&X-Signature=a%2Fsigned-value', api);
    expect(masked('GET /?page=2&X-Signature=a/signed-value and a%2Fsigned-value')).toBe(
      'GET /?page=2&X-Signature=*** and ***',
    );
  });
});
