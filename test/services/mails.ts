import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Bodies as mails have them: byte for byte, whatever their headers promise. */
const bodies: readonly (readonly [headers: string, body: Uint8Array])[] = [
  ['Content-Type: text/plain; charset=us-ascii', Buffer.from('Nothing odd.\r\n\r\nRegards\r\n')],
  ['Content-Type: text/plain; charset=iso-8859-1', Buffer.from('Grüße aus Köln, 5 £ für das Café\r\n', 'latin1')],
  [
    'Content-Type: text/plain; charset=utf-8',
    Buffer.from('Broken: \xc3\x28 \xe2\x82 \xf0\x9f\x98 \xff\xfe\n', 'latin1'),
  ],
  ['Content-Type: text/plain', Buffer.from('Nothing\0 and \0\0nothing\u0001\u001b[31m\u007f\r\n')],
  ['Content-Type: text/plain; charset=utf-8', Buffer.from('One\r\nTwo\rThree\nFour\r\n.\r\nFrom here on\r\n')],
  [
    'Content-Transfer-Encoding: quoted-printable',
    Buffer.from('Gr=C3=BC=C3=9Fe =3D a soft=\r\n break, and =ZZ that is none=\r\n'),
  ],
  [
    'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe_=F0=9F=98=80?=',
    Buffer.from('👩‍👩‍👧‍👦 🇪🇺 e\u0301 \u202eright to left\u2028\ufeff end\n'),
  ],
  ['X-Quotes: "\\" {"alerts": [{"status": "open"}]}', Buffer.from('{"message_id": "\\u0000", "alerts": []}\t\\\\\n')],
];

/** Makes a folder of mails, each with a Message-ID of its own; some are cut or have no header. */
export async function writeMails(folder: string, count: number): Promise<string> {
  await mkdir(folder);
  for (let n = 0; n < count; n++) {
    const [header, body] = bodies[n % bodies.length]!;
    const id = `<${n}.caf\u00e9@example.com>`;
    const headers = `Message-ID: ${id}\r\nFrom: "M\u00fcller, J." <m@example.com>\r\nTo:\r\n a@example.com,\r\n\tb@example.com\r\n${header}\r\n\r\n`;
    const repeated = Buffer.concat(Array.from({ length: 1 + (n % 5) * 20 }, () => body));
    const mail = n % 13 === 12 ? repeated : Buffer.concat([Buffer.from(headers), repeated]);
    await writeFile(join(folder, `${String(n).padStart(3, '0')}.eml`), mail);
  }
  return folder;
}
