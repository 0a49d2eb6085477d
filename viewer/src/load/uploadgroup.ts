import type { Head } from './uploadhead'

/** One chosen file with its place below what was chosen. */
export interface Picked {
  file: File
  /** "CD/IMG/0001.dcm", or the name alone. */
  path: string
}

/** Files that belong together: the pictures of a study, or one recording. */
export interface Group {
  /** Study Instance UID, else the path of the one file. */
  key: string
  head: Head | null
  files: Picked[]
}

// What lies beside the pictures on a CD: programs and their texts.
const beside = /(^|\/)(autorun\.inf|desktop\.ini|thumbs\.db|\.ds_store|readme[^/]*|license[^/]*)$|\.(exe|dll|inf|ini|ico|bat|cmd|msi|jar|class|html?|css|js|chm|lnk|url|ocx|sys|png|gif|bmp|avi|wmv)$/i

/** Whether a file is one of a CD's programs, so that its bytes need not travel. */
export function isBeside(path: string, head: Head | null): boolean {
  return head ? head.directory : beside.test(path) || /(^|\/)dicomdir$/i.test(path)
}

/** Puts files of one study together; other files stand alone. Order is kept. */
export function group(files: readonly { picked: Picked; head: Head | null }[]): { groups: Group[]; left: number } {
  const groups = new Map<string, Group>()
  let left = 0
  for (const { picked, head } of files) {
    if (isBeside(picked.path, head) || picked.file.size === 0) {
      left++
      continue
    }
    const key = head?.study || picked.path
    const known = groups.get(key)
    if (known) known.files.push(picked)
    else groups.set(key, { key, head, files: [picked] })
  }
  return { groups: [...groups.values()], left }
}

/** A dropped folder's entry, as browsers give it. */
interface Entry {
  isFile: boolean
  isDirectory: boolean
  fullPath: string
  file?(ok: (f: File) => void, no: (e: unknown) => void): void
  createReader?(): { readEntries(ok: (list: Entry[]) => void, no: (e: unknown) => void): void }
}

/** Most files of one drop: a CD has thousands, a whole disk is a mistake. */
export const filesMost = 20_000

/** The files of a drop, folders walked through. */
export async function dropped(items: DataTransferItemList): Promise<Picked[]> {
  // Entries must be taken before the first await: afterwards the list is empty.
  const entries: Entry[] = []
  for (const item of items) {
    const e = item.kind === 'file' ? (item.webkitGetAsEntry() as unknown as Entry | null) : null
    if (e) entries.push(e)
  }
  const out: Picked[] = []
  while (entries.length > 0 && out.length < filesMost) {
    const e = entries.shift()!
    if (e.isFile) {
      const file = await new Promise<File>((ok, no) => e.file!(ok, no))
      out.push({ file, path: e.fullPath.replace(/^\//, '') })
    } else if (e.isDirectory) entries.push(...(await children(e)))
  }
  return out
}

/** All entries of a folder: a reader gives a hundred at a time. */
async function children(e: Entry): Promise<Entry[]> {
  const reader = e.createReader!()
  const all: Entry[] = []
  for (;;) {
    const some = await new Promise<Entry[]>((ok, no) => reader.readEntries(ok, no))
    if (some.length === 0) return all
    all.push(...some)
  }
}

/** The files of an input element; a chosen folder gives their paths. */
export function chosen(list: FileList): Picked[] {
  return [...list].slice(0, filesMost).map((file) => ({ file, path: file.webkitRelativePath || file.name }))
}
