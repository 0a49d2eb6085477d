// The few names of Node that tests use; the pages themselves have none of it.
declare module 'node:http' {
  interface Incoming extends AsyncIterable<Uint8Array> {
    method: string
    url: string
    headers: Record<string, string | undefined>
  }
  interface Outgoing {
    writeHead(status: number, headers?: Record<string, string>): Outgoing
    end(body?: string): void
    destroy(): void
  }
  interface Server {
    listen(port: number, host: string, ready: () => void): void
    address(): { port: number }
    close(): void
  }
  export function createServer(serve: (q: Incoming, a: Outgoing) => void): Server
}
declare module 'node:crypto' {
  export function createHash(name: string): { update(data: Uint8Array): { digest(form: 'hex'): string } }
}
