import type { Head } from './uploadhead'
import { headerEnding, namedBy, recordsOf } from './uploadrecord'

/** One chosen file with its place below what was chosen. */
export interface Picked {
  file: File
  /** "CD/IMG/0001.dcm", or the name alone. */
  path: string
}

/** Files that belong together: the pictures of a study, or one recording. */
export interface Group {
  /** Study Instance UID, else the path of the one file or of the record's header. */
  key: string
  head: Head | null
  files: Picked[]
  /** A photograph, scan or PDF that somebody said is an ECG. */
  picture?: boolean
}

/** A chosen file with what its first bytes say. */
export interface Sniffed {
  picked: Picked
  head: Head | null
  start: Uint8Array
}

const magics = [[0xff, 0xd8, 0xff], [0x89, 0x50, 0x4e, 0x47], [0x25, 0x50, 0x44, 0x46]] // JPEG, PNG, PDF

/** Whether a file may be the photograph, scan or printed report of an ECG. */
export function isPicture(start: Uint8Array): boolean {
  return magics.some((m) => m.every((b, i) => start[i] === b))
}

// What lies beside the pictures on a CD: programs and their texts.
const beside = /(^|\/)(autorun\.inf|desktop\.ini|thumbs\.db|\.ds_store|readme[^/]*|license[^/]*)$|\.(exe|dll|inf|ini|ico|bat|cmd|msi|jar|class|html?|css|js|chm|lnk|url|ocx|sys|png|gif|bmp|avi|wmv)$/i

/** Whether a file is one of a CD's programs, so that its bytes need not travel. */
export function isBeside(path: string, head: Head | null): boolean {
  return head ? head.directory : beside.test(path) || /(^|\/)dicomdir$/i.test(path)
}

/**
 * Puts files of one study and files of one record together; other files stand
 * alone. Order is kept. Pictures come apart, for somebody has to say whether
 * they are ECGs; beside DICOM images they are a CD's own.
 */
export function group(files: readonly Sniffed[]): { groups: Group[]; pictures: Group[]; left: number } {
  const groups = new Map<string, Group>()
  const pictures: Group[] = []
  const disc = files.some((f) => f.head)
  const records = recordsOf(
    new Map(files.filter((f) => !f.head && f.picked.path.endsWith(headerEnding)).map((f) => [f.picked.path, namedBy(new TextDecoder('iso-8859-1').decode(f.start))])),
    files.filter((f) => !f.head).map((f) => f.picked.path),
  )
  let left = 0
  for (const { picked, head, start } of files) {
    const record = records.get(picked.path)
    if (picked.file.size > 0 && !head && !disc && !record && isPicture(start)) {
      pictures.push({ key: picked.path, head, files: [picked], picture: true })
      continue
    }
    if ((isBeside(picked.path, head) && !record) || picked.file.size === 0 || (!head && disc && isPicture(start))) {
      left++
      continue
    }
    const key = head?.study || record || picked.path
    const known = groups.get(key)
    if (known) known.files.push(picked)
    else groups.set(key, { key, head, files: [picked] })
  }
  return { groups: [...groups.values()], pictures, left }
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
