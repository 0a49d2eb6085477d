import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize, sep } from 'node:path'

const kinds: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}

/** Somebody else's web site: files of a folder, and texts that stand before them. */
export class Site {
  private constructor(
    private readonly server: Server,
    private readonly texts: Map<string, string>,
    readonly origin: string,
  ) {}

  /** Serves a folder; an unknown path is a page of its application. */
  static async of(folder: string): Promise<Site> {
    const texts = new Map<string, string>()
    const server = createServer((request, response) => {
      const path = decodeURIComponent(new URL(request.url ?? '/', 'http://site').pathname)
      const text = texts.get(path)
      if (text === undefined) return sendFile(response, folder, path)
      response.writeHead(200, { 'Content-Type': kinds[extname(path)] ?? 'text/html; charset=utf-8' })
      response.end(text)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    return new Site(server, texts, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  }

  /** Puts a text at a path. */
  put(path: string, text: string): void {
    this.texts.set(path, text)
  }

  async close(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((closed) => this.server.close(closed))
  }
}

function sendFile(response: ServerResponse, folder: string, path: string): void {
  let file = normalize(join(folder, path))
  if (file !== folder && !file.startsWith(folder + sep)) {
    response.writeHead(403).end()
    return
  }
  if (!existsSync(file) || statSync(file).isDirectory()) {
    if (extname(path) !== '' && !existsSync(file)) {
      response.writeHead(404).end()
      return
    }
    file = join(folder, 'index.html')
  }
  if (!existsSync(file)) {
    response.writeHead(404).end()
    return
  }
  response.writeHead(200, { 'Content-Type': kinds[extname(file)] ?? 'application/octet-stream' })
  createReadStream(file).pipe(response)
}
