import type { KeptLine } from './uploadline'

const name = 'yz.uploads'
const table = 'lines'

/** Where unfinished uploads survive a reload: what is sent, never who it is of. */
export interface Keep {
  all(): Promise<KeptLine[]>
  put(line: KeptLine): Promise<void>
  remove(id: string): Promise<void>
}

function open(): Promise<IDBDatabase> {
  return new Promise((ok, no) => {
    const r = indexedDB.open(name, 1)
    r.onupgradeneeded = () => r.result.createObjectStore(table, { keyPath: 'id' })
    r.onsuccess = () => ok(r.result)
    r.onerror = () => no(r.error)
  })
}

async function within<T>(mode: IDBTransactionMode, act: (s: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await open()
  try {
    return await new Promise<T>((ok, no) => {
      const r = act(db.transaction(table, mode).objectStore(table))
      r.onsuccess = () => ok(r.result)
      r.onerror = () => no(r.error)
    })
  } finally {
    db.close()
  }
}

/** Keeps in IndexedDB; a browser that refuses it (private window) keeps nothing. */
export const keep: Keep = {
  all: () => within<KeptLine[]>('readonly', (s) => s.getAll() as IDBRequest<KeptLine[]>).catch(() => []),
  put: (line) => within('readwrite', (s) => s.put(line)).then(() => {}, () => {}),
  remove: (id) => within('readwrite', (s) => s.delete(id)).then(() => {}, () => {}),
}
