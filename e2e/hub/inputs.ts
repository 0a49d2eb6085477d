import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Hub } from './hub'
import type { Person } from './people'

const run = promisify(execFile)

/** The folder of real DICOM and ECG files. */
export const materialFolder = process.env.YUANZHEN_TESTDATA ?? fileURLToPath(new URL('../../../shared/data', import.meta.url))

/** Why a story that needs real files is left out; empty: it is not. Fails where they are required. */
export function materialMissing(): string {
  if (existsSync(materialFolder)) return ''
  const sentence = 'no DICOM and ECG files: set YUANZHEN_TESTDATA to their folder'
  if (process.env.YUANZHEN_REQUIRE_TESTDATA === '1') throw new Error(sentence)
  return sentence
}

const files = {
  radiograph: 'dicom/derived/dx-mono1-12bit.dcm',
  ct: [1, 3, 5, 6].map((n) => `dicom/derived/ct-gb18030-${n}.dcm`),
  cine: 'dicom/multiframe/pydicom-deid-data__GREYSCALE_CINE.dcm',
  us: 'dicom/us/pydicom-pydicom-data__OBXXXX1A.dcm',
  scp: 'ecg/scp/ecgtoolkit_Example.scp',
}

/** An ultrasound cine of 13 MB: long enough on its way to be cut off. */
export const cineFile = () => join(materialFolder, files.cine)

/** An SCP-ECG file as a cart's memory card holds it. */
export const scpFile = () => join(materialFolder, files.scp)

/** Copies a radiograph, made just now, with new UIDs under a person's name and an accession number, and hands its path to `use`. */
export async function withRadiograph(who: Person, accession: string, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'yuanzhen-dx-'))
  try {
    const path = join(folder, basename(files.radiograph))
    // The file is in GB18030; arguments of a program are UTF-8. -nb leaves no .bak; -gst, -gse and -gin make new UIDs.
    await run('dcmconv', ['+U8', join(materialFolder, files.radiograph), path])
    const { date, time } = deviceClock(new Date())
    await run('dcmodify', [
      '-nb', '-gst', '-gse', '-gin',
      '-i', `(0008,0050)=${accession}`,
      '-i', `(0010,0010)=${who.pinyin}=${who.name}`,
      '-i', `(0010,0020)=${who.id}`,
      '-i', `(0010,0030)=${who.birth.replaceAll('-', '')}`,
      '-i', `(0010,0040)=${who.sex}`,
      ...['0020', '0021', '0022', '0023'].flatMap((element) => ['-i', `(0008,${element})=${date}`]),
      ...['0030', '0031', '0032', '0033'].flatMap((element) => ['-i', `(0008,${element})=${time}`]),
      path,
    ])
    await use(path)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Date and time as a device in China writes them. */
function deviceClock(at: Date): { date: string; time: string } {
  const local = new Date(at.getTime() + 8 * 3600_000).toISOString()
  return { date: local.slice(0, 10).replaceAll('-', ''), time: local.slice(11, 19).replaceAll(':', '') }
}

/** Sends files as a clinic's modality does, by dcmtk's storescu. */
export async function storescu(hub: Hub, clinic: string, ...paths: string[]): Promise<void> {
  await run('storescu', ['-aet', clinic, '-aec', 'YUANZHEN', '127.0.0.1', String(hub.dicomPort), ...paths])
}

/** Sends the CT series as a clinic's gateway does, by STOW-RS; returns how many slices it has. */
export async function stowCT(hub: Hub, login: string): Promise<number> {
  await stow(hub, login, ...files.ct)
  return files.ct.length
}

/** Sends files of the material folder by STOW-RS. */
export async function stow(hub: Hub, login: string, ...paths: string[]): Promise<void> {
  const boundary = 'slice'
  const parts: Buffer[] = []
  for (const path of paths) {
    parts.push(Buffer.from(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`), await readFile(join(materialFolder, path)), Buffer.from('\r\n'))
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`))
  const answer = await fetch(`${hub.address}/dicom-web/studies`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${hub.account(login).token}`,
      Accept: 'application/dicom+json',
      'Content-Type': `multipart/related; type="application/dicom"; boundary=${boundary}`,
    },
    body: Buffer.concat(parts),
  })
  if (answer.status !== 200) throw new Error(`STOW-RS: ${answer.status} ${await answer.text()}`)
}

/** A CT series, a colour ultrasound and a radiograph, as paths for `stow`. */
export const threeKinds = { CT: files.ct, US: [files.us], DX: [files.radiograph] }

/** The text of a PDF, by poppler's pdftotext. */
export async function pdfText(pdf: Buffer): Promise<string> {
  const child = run('pdftotext', ['-enc', 'UTF-8', '-', '-'], { maxBuffer: 16 << 20 })
  child.child.stdin?.end(pdf)
  return (await child).stdout
}
