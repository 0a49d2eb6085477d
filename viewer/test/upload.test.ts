import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Problem } from '../src/load/problem'
import { Sha256 } from '../src/load/sha256'
import { group, isBeside } from '../src/load/uploadgroup'
import { type Head, readHead } from '../src/load/uploadhead'
import { type KeptLine, type Line, sums } from '../src/load/uploadline'
import { UploadQueue } from '../src/load/uploadqueue'
import { metadata, nextPiece, smallestPiece, Tus } from '../src/load/uploadtus'

const text = (s: string) => new TextEncoder().encode(s)

describe('SHA-256 (FIPS 180-4)', () => {
  test.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ])('of %j', (s, hex) => expect(new Sha256().update(text(s)).hex()).toBe(hex))

  test('is the same in whatever pieces the bytes come', () => {
    const data = Uint8Array.from({ length: 100_003 }, (_, i) => (i * 31 + (i >> 7)) & 255)
    const want = createHash('sha256').update(data).digest('hex')
    for (const piece of [1, 55, 56, 63, 64, 65, 127, 4096, data.length]) {
      const sum = new Sha256()
      for (let at = 0; at < data.length; at += piece) sum.update(data.subarray(at, at + piece))
      expect(sum.hex(), `pieces of ${piece}`).toBe(want)
    }
  })
})

function element(group: number, el: number, vr: string, value: Uint8Array): Uint8Array {
  const long = ['OB', 'SQ', 'UN'].includes(vr)
  const out = new Uint8Array((long ? 12 : 8) + value.length)
  const v = new DataView(out.buffer)
  v.setUint16(0, group, true)
  v.setUint16(2, el, true)
  out.set(text(vr), 4)
  if (long) v.setUint32(8, value.length, true)
  else v.setUint16(6, value.length, true)
  out.set(value, long ? 12 : 8)
  return out
}

function file(...elements: Uint8Array[]): Uint8Array {
  const all = [new Uint8Array(128), text('DICM'), element(2, 0x10, 'UI', text('1.2.840.10008.1.2.1\0')), ...elements]
  const out = new Uint8Array(all.reduce((n, x) => n + x.length, 0))
  let at = 0
  for (const x of all) {
    out.set(x, at)
    at += x.length
  }
  return out
}

describe('the head of a DICOM file', () => {
  const study = element(0x20, 0x0d, 'UI', text('1.2.3.4\0'))

  test('names study and patient', () => {
    const h = readHead(file(element(8, 5, 'CS', text('ISO_IR 192')), element(8, 0x60, 'CS', text('CT')), element(0x10, 0x10, 'PN', text('Wang^Fang=王^芳')), study))
    expect([h?.study, h?.name, h?.modality]).toEqual(['1.2.3.4', '王芳', 'CT'])
  })

  test('reads a name in GB18030, and one whose label is wrong', () => {
    const gb = Uint8Array.from([0xcd, 0xf5, 0x5e, 0xb7, 0xbc]) // 王^芳
    expect(readHead(file(element(8, 5, 'CS', text('GB18030 ')), element(0x10, 0x10, 'PN', gb), study))?.name).toBe('王芳')
    expect(readHead(file(element(0x10, 0x10, 'PN', gb), study))?.name).toBe('王芳')
  })

  test('does not take a referenced study inside a sequence for its own', () => {
    const inner = element(0x20, 0x0d, 'UI', text('9.9.9.9\0'))
    const item = new Uint8Array([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff, ...inner, 0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0])
    const open = element(8, 0x1140, 'SQ', new Uint8Array())
    new DataView(open.buffer).setUint32(8, 0xffffffff, true)
    expect(readHead(file(new Uint8Array([...open, ...item]), study))?.study).toBe('1.2.3.4')
  })

  test('survives a file that ends anywhere', () => {
    const whole = file(element(8, 5, 'CS', text('ISO_IR 192')), element(0x10, 0x10, 'PN', text('A^B')), study)
    for (let n = 0; n < whole.length; n++) expect(() => readHead(whole.subarray(0, n))).not.toThrow()
  })

  test('is null for anything else', () => {
    expect(readHead(text('<?xml version="1.0"?>'))).toBeNull()
    expect(readHead(new Uint8Array(5000))).toBeNull()
  })
})

const picked = (path: string, size = 10) => ({ path, file: { name: path, size, lastModified: 7 } as File })
const sniffed = (path: string, head: Head | null, start: Uint8Array | string = '', size = 10) => ({ picked: picked(path, size), head, start: typeof start === 'string' ? text(start) : start })
const head = (study: string, directory = false): Head => ({ study, name: '', patient: '', sex: '', modality: 'CT', description: '', accession: '', directory })

describe('grouping', () => {
  test('pictures of a study travel together, recordings alone, programs not at all', () => {
    const { groups, left } = group([
      sniffed('CD/IMG/1', head('1.1')),
      sniffed('CD/AUTORUN.INF', null),
      sniffed('CD/IMG/2', head('1.2')),
      sniffed('CD/IMG/3', head('1.1')),
      sniffed('CD/DICOMDIR', head('', true)),
      sniffed('CD/viewer.exe', null),
      sniffed('a.xml', null),
      sniffed('b.xml', null),
      sniffed('empty.dcm', null, '', 0),
    ])
    expect(groups.map((g) => [g.key, g.files.length])).toEqual([['1.1', 2], ['1.2', 1], ['a.xml', 1], ['b.xml', 1]])
    expect(left).toBe(4)
  })

  const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0])

  test('photographs and PDF stand apart, whatever their name; beside DICOM they are the disc\'s own', () => {
    const loose = group([sniffed('心电图.png', null, Uint8Array.from([0x89, 0x50, 0x4e, 0x47])), sniffed('logo.gif', null, 'GIF89a'), sniffed('a.jpg', null, jpeg), sniffed('r.pdf', null, '%PDF-1.4'), sniffed('a.xml', null, '<?xml')])
    expect([loose.groups.map((g) => g.key), loose.pictures.map((g) => g.key), loose.left]).toEqual([['a.xml'], ['心电图.png', 'a.jpg', 'r.pdf'], 1])
    const disc = group([sniffed('CD/1', head('1.1')), sniffed('CD/logo.jpg', null, jpeg)])
    expect([disc.groups.length, disc.pictures.length, disc.left]).toEqual([1, 0, 1])
  })

  test('the files of one ECG travel together: what its header names, and its annotations', () => {
    const { groups } = group([
      sniffed('ecg/100.dat', null), sniffed('ecg/100.atr', null), sniffed('ecg/100.hea', null, '100 2 360 650000\n100.dat 212 200\n100.dat 212 200\n# 69 M\n'),
      sniffed('ecg/v_a.hea', null, 'v_a 1 250\nv_a.dat 16\n'), sniffed('ecg/v_a.dat', null), sniffed('ecg/v.hea', null, 'v/2 1 250 10\nv_a 5\n~ 5\n'),
      sniffed('other/100.dat', null),
    ])
    expect(groups.map((g) => [g.key, g.files.length])).toEqual([['ecg/100.hea', 3], ['ecg/v.hea', 3], ['other/100.dat', 1]])
  })

  test('a picture is never left out for its name', () => {
    expect(isBeside('CD/IMAGE.EXE', head('1.1'))).toBe(false)
    expect(isBeside('CD/IMAGE.EXE', null)).toBe(true)
  })
})

function join(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(a.length + b.length)
  out.set(a)
  out.set(b, a.length)
  return out
}

/** A hub that speaks tus, over real HTTP, whose line can be cut. */
class Hub {
  readonly uploads = new Map<string, { size: number; bytes: Uint8Array; meta: string }>()
  readonly asked: string[] = []
  cutAfter = Infinity
  origin = ''
  private readonly server = createServer((q, a) => void this.serve(q, a))

  open(): Promise<void> {
    return new Promise((ok) => this.server.listen(0, '127.0.0.1', () => {
      this.origin = `http://127.0.0.1:${this.server.address().port}`
      ok()
    }))
  }

  close(): void {
    this.server.close()
  }

  private async serve(q: Parameters<Parameters<typeof createServer>[0]>[0], a: Parameters<Parameters<typeof createServer>[0]>[1]): Promise<void> {
    this.asked.push(q.method)
    let body = new Uint8Array()
    for await (const piece of q) body = join(body, piece)
    if (q.method === 'POST') {
      const id = String(this.uploads.size + 1)
      this.uploads.set(id, { size: Number(q.headers['upload-length']), bytes: body, meta: q.headers['upload-metadata'] ?? '' })
      return void a.writeHead(201, { Location: `http://elsewhere/api/v1/uploads/${id}`, 'Upload-Offset': String(body.length) }).end()
    }
    const u = this.uploads.get(q.url.split('/').pop()!)
    if (!u) return void a.writeHead(404).end()
    if (q.method === 'HEAD') return void a.writeHead(200, { 'Upload-Offset': String(u.bytes.length) }).end()
    if (q.method === 'GET') return void a.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id: 'x', verdict: { result: 'stored', task: 'T1' } }))
    if (Number(q.headers['upload-offset']) !== u.bytes.length) return void a.writeHead(409).end()
    u.bytes = join(u.bytes, body)
    if (u.bytes.length > this.cutAfter) {
      // The bytes arrived; the answer is lost on the way.
      this.cutAfter = Infinity
      return a.destroy()
    }
    a.writeHead(204, { 'Upload-Offset': String(u.bytes.length) }).end()
  }
}

const hub = new Hub()
beforeAll(() => hub.open())
afterAll(() => hub.close())
beforeEach(() => {
  hub.uploads.clear()
  hub.asked.length = 0
  hub.cutAfter = Infinity
})

const blob = (n: number) => new Blob([Uint8Array.from({ length: n }, (_, i) => i % 251)])
const sending = () => {
  const seen = { url: '', offset: -1 }
  return { seen, progress: { signal: new AbortController().signal, onAddress: (u: string) => { seen.url = u }, onOffset: (n: number) => { seen.offset = n } } }
}
const same = async (b: Blob) => expect([...hub.uploads.values()][0]!.bytes.length === b.size && [...hub.uploads.values()][0]!.bytes.every((x, i) => x === i % 251)).toBe(true)

describe('tus', () => {
  test('a small file is one request with its bytes', async () => {
    const s = sending()
    const url = await new Tus(undefined, hub.origin).send(blob(1000), { filename: '胸部.dcm', order: '', batch: 'b1' }, '', s.progress)
    expect(hub.asked).toEqual(['POST'])
    expect([url, s.seen.offset]).toEqual(['/api/v1/uploads/1', 1000])
    expect(hub.uploads.get('1')!.meta).toBe(metadata({ filename: '胸部.dcm', batch: 'b1' }))
  })

  test('a line cut after the bytes goes on where the hub is, and sends none twice', async () => {
    const b = blob(4 << 20)
    const s = sending()
    const tus = new Tus(undefined, hub.origin)
    hub.cutAfter = 2 << 20
    await expect(tus.send(b, { filename: 'a' }, '', s.progress)).rejects.toMatchObject({ status: 0 })
    expect(s.seen.offset).toBeLessThan(b.size)
    await tus.send(b, { filename: 'a' }, s.seen.url, s.progress)
    expect(hub.uploads.size).toBe(1)
    await same(b)
  })

  test('an upload the hub has forgotten begins anew', async () => {
    const s = sending()
    const url = await new Tus(undefined, hub.origin).send(blob(300), { filename: 'a' }, '/api/v1/uploads/gone', s.progress)
    expect([url, hub.asked]).toEqual(['/api/v1/uploads/1', ['HEAD', 'POST']])
  })

  test('pieces follow the line: smaller when slow, never below the least', () => {
    expect(nextPiece(1 << 20, 500)).toBe(2 << 20)
    expect(nextPiece(1 << 20, 4000)).toBe(1 << 19)
    expect(nextPiece(1 << 20, 60_000)).toBe(smallestPiece)
  })
})

describe('the queue', () => {
  const kept = new Map<string, KeptLine>()
  const parts = (tus: ConstructorParameters<typeof UploadQueue>[0]['tus']) => ({
    tus,
    keep: { all: async () => [...kept.values()], put: async (l: KeptLine) => void kept.set(l.id, structuredClone(l)), remove: async (id: string) => void kept.delete(id) },
    hash: async () => 'ab',
    declare: async () => ({ id: 'b1' }),
    receipt: async () => ({ complete: true, settled: true, awaited: 0, failed: 0, ignored: 0, reasons: [] }),
    picture: async () => ({ result: 'stored' as const, task: 'T2' }),
    waitMs: () => 1,
  })
  const until = (q: UploadQueue, fits: (l: Line) => boolean) => new Promise<Line>((ok) => {
    const stop = q.lines.subscribe((list) => {
      const l = list[0]
      if (l && fits(l)) {
        ok(l)
        setTimeout(() => stop())
      }
    })
  })
  const real = (path: string, n: number) => ({ path, file: new File([blob(n)], path, { lastModified: 7 }) })

  test('goes on by itself after the network was away', async () => {
    const tus = new Tus(undefined, hub.origin)
    let falls = 2
    const q = new UploadQueue(parts({
      send: (...a) => (falls-- > 0 ? Promise.reject(new Problem(0, 'network', '')) : tus.send(...a)),
      verdict: (...a) => tus.verdict(...a),
      remove: (...a) => tus.remove(...a),
    }))
    await q.resume('tech1')
    q.add({ key: '1.1', head: null, files: [real('1.dcm', 500)] }, 'o1', 'CT')
    await until(q, (l) => l.state === 'wait')
    const done = await until(q, (l) => l.state === 'done')
    expect(done.files[0]!.verdict?.task).toBe('T1')
    expect(sums(done)).toMatchObject({ done: 1, sent: 500, failed: 0 })
  })

  test('asks for the folder after a reload and sends only what is missing', async () => {
    const tus = new Tus(undefined, hub.origin)
    kept.clear()
    kept.set('l1', { id: 'l1', login: 'tech1', title: 'CT', order: '', batch: 'b1', at: 0, files: [
      { path: 'CD/1.dcm', size: 500, mtime: 7, sha256: 'ab', url: '', offset: 500, state: 'done', verdict: null, fault: '' },
      { path: 'CD/2.dcm', size: 600, mtime: 7, sha256: 'ab', url: '', offset: 0, state: 'sending', verdict: null, fault: '' },
    ] })
    const q = new UploadQueue(parts(tus))
    await q.resume('tech1')
    expect(q.lines.value[0]!.state).toBe('lost')
    const rest = q.adopt([real('2.dcm', 600), real('3.dcm', 100)])
    expect(rest.map((p) => p.path)).toEqual(['3.dcm'])
    await until(q, (l) => l.state === 'done')
    expect([...hub.uploads.values()].map((u) => u.size)).toEqual([600])
  })

  test('sends a picture in one request, without declaring it', async () => {
    const q = new UploadQueue({ ...parts(new Tus(undefined, hub.origin)), declare: () => Promise.reject(new Error('not declared')) })
    await q.resume('tech1')
    q.add({ key: 'a.jpg', head: null, files: [real('a.jpg', 50)], picture: true }, '', 'a.jpg')
    const done = await until(q, (l) => l.state === 'done')
    expect([done.files[0]!.verdict?.task, hub.asked]).toEqual(['T2', []])
  })

  test('does not keep a place for a file that waits for its record, and says at the end why it is not whole', async () => {
    const sent: string[] = []
    const receipt = { complete: false, settled: true, awaited: 0, failed: 1, ignored: 0, reasons: [{ code: 'x', detail: '无法识别', files: 1, paths: ['4.dat'] }] }
    const q = new UploadQueue({ ...parts({
      send: async (_, meta) => { sent.push(meta['filename']!); return meta['filename']! },
      verdict: async () => ({ id: '', size: 1, offset: 1, state: 'judging', verdict: sent.length < 5 ? null : { result: 'quarantined' as const } }),
      remove: async () => {},
    }), receipt: async () => receipt })
    await q.resume('tech1')
    q.add({ key: 'r.hea', head: null, files: ['1.dat', '2.dat', '3.dat', '4.dat', 'r.hea'].map((p) => real(p, 5)) }, '', 'r.hea')
    const done = await until(q, (l) => l.receipt !== undefined)
    expect([sent.length, done.receipt?.failed]).toEqual([5, 1])
  })

  test("shows no other account's uploads", async () => {
    kept.clear()
    kept.set('l1', { id: 'l1', login: 'tech2', title: 'CT', order: '', batch: 'b1', at: 0, files: [] })
    const q = new UploadQueue(parts(new Tus(undefined, hub.origin)))
    await q.resume('tech1')
    expect(q.lines.value).toEqual([])
  })
})
