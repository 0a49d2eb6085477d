let worker: Worker | null = null
let next = 1
const waiting = new Map<number, (sha256: string) => void>()

/** SHA-256 of a file, made beside the page; '' when it can no longer be read. */
export function hashFile(file: Blob): Promise<string> {
  const w = (worker ??= start())
  return new Promise((resolve) => {
    const id = next++
    waiting.set(id, resolve)
    w.postMessage({ id, file })
  })
}

function start(): Worker {
  const w = new Worker(new URL('./uploadhash.worker.ts', import.meta.url), { type: 'module' })
  w.onmessage = (e: MessageEvent<{ id: number; sha256: string }>) => {
    waiting.get(e.data.id)?.(e.data.sha256)
    waiting.delete(e.data.id)
  }
  w.onerror = () => {
    for (const tell of waiting.values()) tell('')
    waiting.clear()
    worker = null
  }
  return w
}
