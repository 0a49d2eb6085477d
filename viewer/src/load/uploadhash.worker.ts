import { Sha256 } from './sha256'

const pieceBytes = 2 << 20

// The page's window type stands for the worker's scope: both post messages.
const scope = self as unknown as { onmessage: ((e: MessageEvent<{ id: number; file: Blob }>) => void) | null; postMessage(m: unknown): void }

scope.onmessage = (e) => {
  const { id, file } = e.data
  hash(file).then(
    (sha256) => scope.postMessage({ id, sha256 }),
    // A file that was changed, or a CD that was taken out.
    () => scope.postMessage({ id, sha256: '' }),
  )
}

async function hash(file: Blob): Promise<string> {
  const sum = new Sha256()
  for (let at = 0; at < file.size; at += pieceBytes) {
    sum.update(new Uint8Array(await file.slice(at, at + pieceBytes).arrayBuffer()))
  }
  return sum.hex()
}
