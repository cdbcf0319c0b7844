import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cratesNamedIn, wasmPath } from './wasm-names.ts';

/**
 * Writes `wasm-crates.txt`: the Rust crates compiled into parquet-wasm's WebAssembly module, with their licenses. Run it when
 * parquet-wasm changes: `node tools/licenses/wasm-crates.ts`. It needs cargo and crates.io.
 *
 * The package ships no such list, but the module's panic messages contain names and versions of crates. These are pinned, and
 * cargo resolves the module's direct dependencies around them, for wasm32. A crate without a panic message gets the version that
 * cargo resolves today, which may be later.
 */

/** Direct dependencies of parquet-wasm, with the features that pull in further crates, as in its Cargo.toml. */
const dependencies: Readonly<Record<string, readonly string[]>> = {
  arrow: ['ipc', 'ffi'],
  'arrow-schema': [],
  'async-compat': [],
  'async-stream': [],
  'async-trait': [],
  bytes: [],
  futures: [],
  getrandom: [],
  'js-sys': [],
  object_store: [],
  parquet: ['arrow', 'async', 'base64', 'brotli', 'flate2', 'flate2-zlib-rs', 'lz4', 'snap', 'zstd'],
  'range-reader': [],
  reqwest: [],
  serde: [],
  'serde-wasm-bindgen': [],
  thiserror: [],
  url: [],
  'wasm-bindgen': ['serde-serialize'],
  'wasm-bindgen-futures': [],
  'wasm-streams': [],
  'web-sys': [],
  'zstd-sys': [],
};
/** Compiled in, but not on crates.io. */
const others = [
  'arrow-wasm (MIT OR Apache-2.0), https://github.com/kylebarron/arrow-wasm',
  'Rust standard library (MIT OR Apache-2.0), https://github.com/rust-lang/rust',
];
const rule = `\n\n${'-'.repeat(80)}\n\n`;

interface Package {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly license: string | null;
  readonly manifest_path: string;
  readonly targets: readonly { readonly kind: readonly string[] }[];
}

interface Metadata {
  readonly packages: readonly Package[];
  readonly resolve: {
    readonly root: string;
    readonly nodes: readonly {
      readonly id: string;
      readonly deps: readonly {
        readonly pkg: string;
        readonly dep_kinds: readonly { readonly kind: string | null }[];
      }[];
    }[];
  };
}

const folder = mkdtempSync(join(tmpdir(), 'message-archive-crates-'));
try {
  writeFileSync(join(import.meta.dirname, 'wasm-crates.txt'), textOf(compiledIn(resolved(folder))));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function resolved(project: string): Metadata {
  const pins = new Map(cratesNamedIn(wasmPath).map(({ name, version }) => [name, `=${version.replace(/\+.*/, '')}`]));
  // arrow and parquet are released together.
  pins.set('arrow', pins.get('parquet')!);
  const names = [...new Set([...Object.keys(dependencies), ...pins.keys()])].sort();
  const lines = names.map((name) => {
    const features = JSON.stringify(dependencies[name] ?? []);
    return `${name} = { version = "${pins.get(name) ?? '*'}", default-features = false, features = ${features} }`;
  });
  mkdirSync(join(project, 'src'));
  writeFileSync(join(project, 'src', 'lib.rs'), '');
  const head = '[package]\nname = "crates"\nversion = "0.0.0"\nedition = "2024"\n\n[dependencies]\n';
  writeFileSync(join(project, 'Cargo.toml'), `${head}${lines.join('\n')}\n`);
  const metadata = ['metadata', '--format-version', '1', '--filter-platform', 'wasm32-unknown-unknown'];
  return JSON.parse(execFileSync('cargo', metadata, { cwd: project, encoding: 'utf8', maxBuffer: 2 ** 28 }));
}

/** Returns the crates whose code is in the module: no build scripts, no macros. */
function compiledIn({ packages, resolve: { root, nodes } }: Metadata): Package[] {
  const byId = new Map(packages.map((each) => [each.id, each]));
  const depsById = new Map(nodes.map(({ id, deps }) => [id, deps]));
  const found = new Set<string>();
  const visit = (id: string) => {
    if (found.has(id)) return;
    found.add(id);
    for (const { pkg, dep_kinds } of depsById.get(id)!) {
      const isMacro = byId.get(pkg)!.targets.some(({ kind }) => kind.includes('proc-macro'));
      if (!isMacro && dep_kinds.some(({ kind }) => kind === null)) visit(pkg);
    }
  };
  visit(root);
  found.delete(root);
  const nameOf = ({ name, version }: Package) => `${name} ${version}`;
  return [...found].map((id) => byId.get(id)!).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function textOf(crates: readonly Package[]): string {
  const list = crates.map((each) => {
    const { name, version, license } = each;
    const missing = licenseTexts(each).length === 0 ? ', which ships no text of it' : '';
    return `${name} ${version} (${license ?? 'see its text below'})${missing}`;
  });
  const cratesByText = new Map<string, string[]>();
  for (const each of crates)
    for (const text of licenseTexts(each))
      cratesByText.set(text, [...(cratesByText.get(text) ?? []), `${each.name} ${each.version}`]);
  const head = `Rust crates compiled into parquet_wasm_bg.wasm

Made by tools/licenses/wasm-crates.ts. The versions of crates that the module's panic messages name are exact; others are those
that cargo resolves around them.`;
  const texts = [...cratesByText].map(([text, names]) => `${names.join(', ')}\n\n${text}`);
  return `${[head, [...list, ...others].join('\n'), ...texts].join(rule)}\n`;
}

/** Returns the license texts of a crate; only MIT's if the user may choose. */
function licenseTexts({ manifest_path, license }: Package): string[] {
  const at = dirname(manifest_path);
  const files = readdirSync(at, { withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(licen[cs]e|copying|notice|copyright|unlicense)/i.test(entry.name))
    .map(({ name }) => name)
    .sort();
  const mit = files.filter((file) => /mit/i.test(file));
  const isChoice = / OR |\//.test(license ?? '') && mit.length > 0;
  return (isChoice ? mit : files).map((file) =>
    readFileSync(join(at, file), 'utf8')
      .split('\n')
      .map((line) => line.trimEnd())
      .join('\n')
      .trim(),
  );
}
