import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** One line of demo-accounts.json. */
export interface Account {
  member: string
  role: string
  rights: string[]
  login: string
  password: string
  token: string
  name: string
}

const readyWithinMs = 30_000
const stopWithinMs = 15_000

/** The built hub; `make build` makes it. */
export const program = process.env.HUB_BIN ?? fileURLToPath(new URL('../../bin/hub', import.meta.url))

/** A demo hub of its own: free ports, a folder that goes when it stops. */
export class Hub {
  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly said: string[],
    readonly port: number,
    readonly dicomPort: number,
    readonly accounts: readonly Account[],
  ) {}

  /** Starts a hub; `empty` makes accounts only, otherwise studies follow. `flags` are further ones. */
  static async start(options: { empty: boolean; flags?: readonly string[] }): Promise<Hub> {
    if (!existsSync(program)) throw new Error(`${program} is not built: run make build`)
    const folder = await mkdtemp(join(tmpdir(), 'yuanzhen-e2e-'))
    const args = ['demo', '--data', folder, '--http', '127.0.0.1:0', '--dicom', '127.0.0.1:0']
    if (options.empty) args.push('--empty')
    args.push(...(options.flags ?? []))
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const said: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (d: Buffer) => said.push(d.toString()))
    try {
      const addresses = await ready(child, folder)
      const accounts = JSON.parse(await readFile(join(folder, 'demo-accounts.json'), 'utf8')) as Account[]
      return new Hub(child, folder, said, addresses.http, addresses.dicom, accounts)
    } catch (fault) {
      child.kill('SIGKILL')
      await rm(folder, { recursive: true, force: true })
      throw new Error(`the hub did not start: ${String(fault)}\n${said.join('')}`)
    }
  }

  /** Where tests reach the hub themselves. */
  get address(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** What the hub has written to its log so far. */
  get log(): string {
    return this.said.join('')
  }

  account(login: string): Account {
    const found = this.accounts.find((a) => a.login === login)
    if (!found) throw new Error(`the demo has no account ${login}`)
    return found
  }

  /** Calls the API as an account; refusals are errors that carry the answer. */
  async call<T>(login: string, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(this.address + path, {
      method,
      headers: { Authorization: `Bearer ${this.account(login).token}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const gone = once(this.process, 'exit')
      this.process.kill('SIGTERM')
      const late = setTimeout(() => this.process.kill('SIGKILL'), stopWithinMs)
      await gone
      clearTimeout(late)
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Waits until the hub answers that it is ready; returns its ports. */
async function ready(child: ChildProcess, folder: string): Promise<{ http: number; dicom: number }> {
  const until = Date.now() + readyWithinMs
  for (;;) {
    if (child.exitCode !== null) throw new Error(`exit code ${child.exitCode}`)
    if (Date.now() > until) throw new Error(`not ready within ${readyWithinMs} ms`)
    const at = await readFile(join(folder, 'addresses.json'), 'utf8').then(portsOf, () => null)
    if (at && (await fetch(`http://127.0.0.1:${at.http}/readyz`).then((r) => r.ok, () => false))) return at
    await pause(50)
  }
}

function portsOf(addresses: string): { http: number; dicom: number } | null {
  try {
    const { http, dicom } = JSON.parse(addresses) as { http: string; dicom: string }
    const port = (address: string) => Number(/:(\d+)\/?$/.exec(address)?.[1])
    return { http: port(http), dicom: port(dicom) }
  } catch {
    return null // being written at this moment
  }
}
