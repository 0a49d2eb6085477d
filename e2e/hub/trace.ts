import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Hub } from './hub'

const run = promisify(execFile)

const leads = ['I', 'II', 'III', 'AVR', 'AVL', 'AVF', 'V1', 'V2', 'V3', 'V4', 'V5', 'V6']

/** Seconds between which every lead stands 1 mV high. */
export const step = { from: 1, to: 1.8 }

/** An HL7 aECG of twelve leads and ten seconds, from its µV at a moment in a lead. */
function twelveLeads(rateHz: number, uv: (seconds: number, lead: string) => number, patient = ''): string {
  const digits = (lead: string) => Array.from({ length: 10 * rateHz }, (_, i) => Math.round(uv(i / rateHz, lead) / 5)).join(' ')
  const who = patient && `<componentOf><timepointEvent><componentOf><subjectAssignment><subject><trialSubject><id extension="${patient}"/><subjectDemographicPerson><name>${patient}</name><administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19600101"/></subjectDemographicPerson></trialSubject></subject></subjectAssignment></componentOf></timepointEvent></componentOf>`
  const time = `<component><sequence><code code="TIME_ABSOLUTE" codeSystem="2.16.840.1.113883.5.4"/><value xsi:type="GLIST_TS"><head value="20261120101500.000"/><increment value="${1 / rateHz}" unit="s"/></value></sequence></component>`
  const signal = leads.map((l) => `<component><sequence><code code="MDC_ECG_LEAD_${l}" codeSystem="2.16.840.1.113883.6.24"/><value xsi:type="SLIST_PQ"><origin value="0" unit="uV"/><scale value="5" unit="uV"/><digits>${digits(l)}</digits></value></sequence></component>`).join('')
  return `<?xml version="1.0" encoding="UTF-8"?><AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="2.25.7"/><effectiveTime><low value="20261120101500.000"/></effectiveTime>${who}<component><series><code code="RHYTHM" codeSystem="2.16.840.1.113883.5.4"/><effectiveTime><low value="20261120101500.000"/></effectiveTime><component><sequenceSet>${time}${signal}</sequenceSet></component></series></component></AnnotatedECG>`
}

/** Ten seconds at 500 Hz whose intervals and height are known to the sample. */
const steppedECG = () => twelveLeads(500, (t) => (t >= step.from && t < step.to ? 1000 : 0))

/** How high a beat stands in each lead, as in a healthy heart; the limb leads agree with each other (Einthoven). */
const heights: Readonly<Record<string, number>> = { I: 0.6, II: 1, III: 0.4, AVR: -0.8, AVL: 0.1, AVF: 0.7, V1: -0.5, V2: -0.3, V3: 0.4, V4: 1.1, V5: 1.2, V6: 0.9 }

/** Ten seconds with P, QRS and T every 0.8 s and the small tremor of a real recording; in the lead `off` there is nothing. */
export function beatingECG(rateHz: number, how: { patient?: string; off?: string } = {}): string {
  const beat = (s: number) => {
    const t = s % 0.8
    return bump(t, 0.2, 0.025, 120) + bump(t, 0.36, 0.012, 1000) - bump(t, 0.39, 0.01, 250) + bump(t, 0.62, 0.05, 260)
  }
  const tremor = (s: number) => 12 * Math.sin(2 * Math.PI * 31 * s) * Math.sin(2 * Math.PI * 7.3 * s)
  return twelveLeads(rateHz, (s, lead) => (lead === how.off ? 0 : heights[lead]! * (beat(s) + tremor(s))), how.patient)
}

/** A wave of a heartbeat: a bell of so many µV around a moment, in seconds. */
const bump = (t: number, at: number, width: number, uv: number) => uv * Math.exp(-(((t - at) / width) ** 2) / 2)

/** Sends an ECG file as an account; returns its task and recording. */
export async function sendECG(hub: Hub, login: string, file: string | Uint8Array): Promise<{ id: string; task: string }> {
  const answer = await fetch(`${hub.address}/api/v1/recordings`, { method: 'POST', headers: { Authorization: `Bearer ${hub.account(login).token}` }, body: file as BodyInit })
  if (answer.status !== 201) throw new Error(`the ECG was not taken: ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as { id: string; task: string }
}

export const sendSteps = (hub: Hub, login: string) => sendECG(hub, login, steppedECG())

/** What a route answers, as bytes. */
export async function bytesOf(hub: Hub, login: string, path: string): Promise<Buffer> {
  const answer = await fetch(hub.address + path, { headers: { Authorization: `Bearer ${hub.account(login).token}` } })
  if (!answer.ok) throw new Error(`GET ${path}: ${answer.status}`)
  return Buffer.from(await answer.arrayBuffer())
}

/** Resolution at which a printed page is measured: 20 pixels are 1 mm. */
const perMm = 20
/** The thick lines of the paper, #e08a7d, with some room for smoothing. */
const thick = (r: number, g: number, b: number) => Math.abs(r - 0xe0) < 18 && Math.abs(g - 0x8a) < 18 && Math.abs(b - 0x7d) < 18

/**
 * Measures the grid of a page as printed, in mm: the distance over ten squares
 * across and over two down. A square is 5 mm.
 */
export async function gridOf(pdf: Buffer): Promise<{ across: number; down: number; page: [number, number] }> {
  const folder = await mkdtemp(join(tmpdir(), 'yuanzhen-print-'))
  try {
    await writeFile(join(folder, 'page.pdf'), pdf)
    await run('pdftoppm', ['-r', String(perMm * 25.4), '-f', '1', '-l', '1', '-aa', 'no', '-aaVector', 'no', join(folder, 'page.pdf'), join(folder, 'page')])
    const name = (await run('sh', ['-c', 'ls page*.ppm'], { cwd: folder })).stdout.trim()
    const ppm = await readFile(join(folder, name))
    const head = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(ppm.subarray(0, 40).toString('latin1'))
    if (!head) throw new Error('pdftoppm made no picture')
    const [width, height] = [Number(head[1]), Number(head[2])]
    const at = (x: number, y: number) => {
      const i = head[0].length + 3 * (y * width + x)
      return thick(ppm[i]!, ppm[i + 1]!, ppm[i + 2]!)
    }
    // A column or row belongs to a thick line when most of it is of its colour.
    const columns = lines(width, (x) => share(height, (y) => at(x, y)))
    const rows = lines(height, (y) => share(width, (x) => at(x, y)))
    return { across: (columns[10]! - columns[0]!) / perMm, down: (rows[2]! - rows[0]!) / perMm, page: [width / perMm, height / perMm] }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function share(n: number, is: (i: number) => boolean): number {
  let hits = 0
  for (let i = 0; i < n; i += 7) if (is(i)) hits++
  return hits / (n / 7)
}

/** Middles of the runs that belong to a line. */
function lines(n: number, shareAt: (i: number) => number): number[] {
  const out: number[] = []
  let from = -1
  for (let i = 0; i <= n; i++) {
    const on = i < n && shareAt(i) > 0.5
    if (on && from < 0) from = i
    if (!on && from >= 0) {
      out.push((from + i - 1) / 2)
      from = -1
    }
  }
  return out
}

/**
 * An EDF+ file of one and a half hours, two leads at 125 Hz, from 08:00 on: a
 * beat every second, and after 09:00:02 none for four.
 */
export function longECG(): Uint8Array {
  const rate = 125
  const seconds = 5400
  const field = (width: number, text: string) => text.padEnd(width)
  const both = (width: number, a: string, b = a) => field(width, a) + field(width, b)
  const head = field(8, '0') + field(80, 'HOL-9 F 02-MAY-1951 Li_Fang') + field(80, 'Startdate 20-NOV-2026 X X Recorder') + field(8, '20.11.26') + field(8, '08.00.00')
    + field(8, '768') + field(44, 'EDF+C') + field(8, String(seconds)) + field(8, '1') + field(4, '2') + both(16, 'ECG V1', 'ECG V5') + both(80, '') + both(8, 'uV') + both(8, '-32768')
    + both(8, '32767') + both(8, '-32768') + both(8, '32767') + both(80, '') + both(8, String(rate)) + both(32, '')
  const out = new Uint8Array(head.length + seconds * 2 * rate * 2)
  out.set(new TextEncoder().encode(head))
  const view = new DataView(out.buffer)
  for (let s = 0; s < seconds; s++) {
    const silent = s >= 3603 && s <= 3605
    for (let k = 0; k < rate; k++) {
      const t = k / rate
      const v = silent ? 0 : bump(t, 0.24, 0.025, 120) + bump(t, 0.4, 0.012, 1000) - bump(t, 0.43, 0.01, 250) + bump(t, 0.68, 0.05, 260)
      for (const lead of [0, 1]) view.setInt16(head.length + 2 * ((2 * s + lead) * rate + k), Math.round(v * (1 - 0.3 * lead)), true)
    }
  }
  return out
}
