/**
 * Fetches the pictures of a stack ahead of the reader, nearest first, a few at
 * a time. Moving through the stack changes the order; showing another stack
 * forgets the old one.
 */
export class Prefetch {
  private queue: readonly string[] = []
  private readonly had = new Set<string>()
  private readonly failed = new Set<string>()
  private running = 0
  private generation = 0

  constructor(
    private readonly load: (id: string) => Promise<unknown>,
    /** How many of the present stack have come, and whether it is finished. */
    private readonly tell: (done: number) => void,
    private readonly atOnce = 4,
  ) {}

  /** Forgets everything and starts with another stack. */
  start(order: readonly string[]): void {
    this.generation++
    this.running = 0
    this.had.clear()
    this.failed.clear()
    this.queue = order
    this.fill()
  }

  /** The same stack in another order: the reader has moved. */
  reorder(order: readonly string[]): void {
    this.queue = order
    this.fill()
  }

  stop(): void {
    this.generation++
    this.queue = []
    this.running = 0
  }

  private fill(): void {
    while (this.running < this.atOnce) {
      const id = this.queue.find((q) => !this.had.has(q) && !this.failed.has(q))
      if (id === undefined) return
      this.one(id)
    }
  }

  private one(id: string): void {
    const mine = this.generation
    this.running++
    this.had.add(id)
    this.load(id)
      .catch(() => {
        // The viewport asks again for what it needs and shows the fault.
        if (mine === this.generation) {
          this.had.delete(id)
          this.failed.add(id)
        }
      })
      .finally(() => {
        if (mine !== this.generation) return
        this.running--
        this.tell(this.had.size - this.running)
        this.fill()
      })
  }
}
