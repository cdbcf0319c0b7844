/** Which issue is kept, and how GitHub is asked. */
export interface GithubSettings {
  /** Without a slash at its end: `https://api.github.com`, or a server's `https://github.example.com/api/v3`. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repository: string;
  readonly token: string;
  /** Of the issue; made where it is missing. */
  readonly label: string;
  /** For how long one request may take. */
  readonly requestMs?: number;
}
