import { connect, createServer, type Server, type Socket } from 'node:net'

/** A village's line to the hub: everything goes through it, and it can be cut. */
export class Line {
  private readonly ends = new Set<Socket>()
  private down = false
  private limit = Infinity
  private sent = 0

  private constructor(private readonly server: Server, readonly port: number) {}

  static async to(hubPort: number): Promise<Line> {
    const server = createServer()
    await new Promise<void>((ok) => server.listen(0, '127.0.0.1', ok))
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the line has no port')
    const line = new Line(server, address.port)
    server.on('connection', (near) => line.join(near, hubPort))
    return line
  }

  /** Bytes browsers have sent since this was last asked. */
  takeSent(): number {
    const n = this.sent
    this.sent = 0
    return n
  }

  /** Cuts the line now, in the middle of whatever is on it. */
  cut(): void {
    this.down = true
    this.limit = Infinity
    for (const end of this.ends) end.destroy()
  }

  /** Cuts the line after so many more bytes from browsers. */
  cutAfter(bytes: number): void {
    this.limit = this.sent + bytes
  }

  get isCut(): boolean {
    return this.down
  }

  mend(): void {
    this.down = false
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((ok) => this.server.close(ok))
  }

  private join(near: Socket, hubPort: number): void {
    if (this.down) return void near.destroy()
    const far = connect(hubPort, '127.0.0.1')
    for (const [end, other] of [[near, far], [far, near]] as const) {
      this.ends.add(end)
      // A cut line shows as errors at its ends; closing is all there is to do.
      end.on('error', () => {})
      end.on('close', () => {
        this.ends.delete(end)
        other.destroy()
      })
    }
    near.on('data', (bytes) => {
      this.sent += bytes.length
      if (this.sent >= this.limit) return this.cut()
      if (!far.write(bytes)) {
        near.pause()
        far.once('drain', () => near.resume())
      }
    })
    far.pipe(near)
  }
}
