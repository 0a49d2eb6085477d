/**
 * Answers asked for before they are needed: the next case opens from here.
 * Holds a few only; each is used once, so that nothing grows stale.
 */
export class Ahead {
  private readonly held = new Map<string, Promise<unknown>>()

  constructor(private readonly most = 8) {}

  /** Asks now, for a later take. A failure is forgotten. */
  warm<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.held.get(key)
    if (known) return known as Promise<T>
    const asked = make()
    this.held.set(key, asked)
    asked.catch(() => this.held.delete(key))
    for (const old of this.held.keys()) {
      if (this.held.size <= this.most) break
      this.held.delete(old)
    }
    return asked
  }

  /** What was asked for under this key, else asks now. */
  take<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.held.get(key)
    this.held.delete(key)
    return (known as Promise<T> | undefined) ?? make()
  }

  clear(): void {
    this.held.clear()
  }
}

/** The store the reading page shares. */
export const ahead = new Ahead()
