/** The repository and label of the tracking issue, and how to reach GitHub. */
export interface GithubSettings {
  /** Without a trailing slash: `https://api.github.com`, or a server's `https://github.example.com/api/v3`. */
  readonly apiUrl: string;
  readonly owner: string;
  readonly repository: string;
  readonly token: string;
  /** The label, which is created if it is missing. */
  readonly label: string;
  /** The timeout of one request, in ms. */
  readonly requestMs?: number;
}
